"""What doctor says of the weekly keys: whether they are all there, and whether they are renewed."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec

from aliquot.cli.ailments import Check
from aliquot.custody.answers import Epoch
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answered, Ask
from aliquot.terms.installation import Installation

_NAME = "weekly keys"
_NOT_OURS = 0o077
_OVERDUE = timedelta(days=8)
_STANDS_STILL = timedelta(hours=1)
_SEE_LOG = "see what stops the custodian: `journalctl -u aliquot-custody`, and whether a disk is full"
_EPOCH = msgspec.json.Decoder(Epoch)


def epochs(described: Installation) -> Iterator[Check]:
    """The epoch file is in both its places, and the custodian renews the keys in it every week."""
    found = list(_places(described))
    yield from found or [Check("epoch file", "ok", "the weekly keys are in both places, and nobody else reads them")]
    yield from _renewal(described)


def _places(described: Installation) -> Iterator[Check]:
    for place in described.custody.epochs:
        if not place.exists():
            remedy = "restart the custodian, which mends it from its twin; if both are gone, restore the newest copy"
            yield Check("epoch file", "fault", f"the weekly keys are not at {place}", remedy)
        elif place.stat().st_mode & _NOT_OURS:
            yield Check("epoch file", "fault", f"other users may read or change {place}", f"chmod 600 {place}")


def _renewal(described: Installation) -> Iterator[Check]:
    try:
        client = Client(described.custody.socket, "cli")
        body = client.ask(Ask(b"", "epoch", b"{}"), Answered).body
        client.close()
    except (CustodyGone, Denial):
        # The check of the custodian has said so already.
        return
    yield judged(_EPOCH.decode(body))


def judged(epoch: Epoch) -> Check:
    """What the custodian's answer means; by trusted time, which stands still while the machine is off."""
    since = f"epoch {epoch.number}, since {epoch.began_at:%Y-%m-%d}"
    if not epoch.finished and epoch.now - epoch.looked_at > _STANDS_STILL:
        words = f"{since}: the move of patients' keys has stood still since {epoch.looked_at:%Y-%m-%d %H:%M} UTC"
        return Check(_NAME, "warning", words, _SEE_LOG)
    if epoch.now - epoch.began_at > _OVERDUE:
        return Check(
            _NAME, "warning", f"{since}: the next one is overdue, and nothing is forgotten meanwhile", _SEE_LOG
        )
    if not epoch.finished:
        return Check(_NAME, "ok", f"{since}: patients' keys are being moved into it")
    before = f"; epochs before {epoch.oldest} are destroyed" if epoch.oldest > 1 else ""
    return Check(_NAME, "ok", f"{since}: every patient's key is in it{before}")
