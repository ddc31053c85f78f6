"""What doctor says of work that was lost: how much of it two officers have not acknowledged."""

from collections.abc import Iterator

import msgspec

from aliquot.cli.ailments import Check
from aliquot.custody.answers import Losses
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answered, Ask
from aliquot.terms.installation import Installation

_LOSSES = msgspec.json.Decoder(Losses)


def lost(described: Installation) -> Iterator[Check]:
    """Lost acts that wait, in all laboratories."""
    try:
        client = Client(described.custody.socket, "cli")
        body = client.ask(Ask(b"", "losses", b"{}"), Answered).body
        client.close()
    except (CustodyGone, Denial):
        # The check of the custodian has said so already.
        return
    yield judged(_LOSSES.decode(body))


def judged(losses: Losses) -> Check:
    """What the custodian's answer means."""
    if losses.since is None:
        return Check("lost work", "ok", "no lost act waits to be acknowledged")
    words = f"{losses.count} lost acts wait to be acknowledged, the first since {losses.since:%Y-%m-%d %H:%M} UTC"
    return Check("lost work", "warning", words, "two officers read the list at the privacy desk and acknowledge it")
