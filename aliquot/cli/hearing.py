"""What can be wrong between analysers and worker: letters of nobody's device, and numbers that do not go on."""

from collections.abc import Iterator, Sequence

from aliquot.cli.ailments import Check
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone
from aliquot.custody.doctor_protocol import AskLetters, LettersTold
from aliquot.intake.letterbox import Sender, Tray
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id
from aliquot.terms.installation import Installation

_NAME = "letters"
_SEE = "the privacy officer acknowledges it at the privacy desk; before that, find out who touched the letterbox"
_RUNG = {
    "letter-missing": "numbers of letters are missing: messages that were acknowledged are gone",
    "letter-renumbered": "the letterbox was made anew: what waited in the old one is gone",
    "letter-forged": "letters came that the listener did not sign",
    "letter-unknown-listener": "letters came from a listener that is not enrolled",
    "letter-damaged": "letters came that do not open",
}
"""Alarms about letters. `letter-unknown-device` is not among them: `_strangers` says what of it lasts."""


def letters(described: Installation) -> Iterator[Check]:
    """Every letter is of a device that is enrolled, and their numbers go on where they ended."""
    if not described.listen.letterbox.exists():
        return
    try:
        tray = Tray(described.listen.letterbox)
        senders, (listener, following, lowest) = tray.senders(), tray.numbers()
        tray.close()
        told = _ask(described, listener, senders)
    except (Refused, Broken, CustodyGone):
        # What is wrong with the letterbox or the custodian is said where they are looked at.
        return
    faults = [*_strangers(described, senders, told), *numbers(following, lowest, told), *rung(told)]
    yield from faults or [Check(_NAME, "ok", "every letter is of an enrolled device, and none is missing")]


def numbers(following: int, lowest: int | None, told: LettersTold) -> Iterator[Check]:
    """What the letterbox's own count (the number it gives next, the lowest that is in it) says beside custody's."""
    if following < told.next:
        words = f"the letterbox gives number {following} next, and {told.next - 1} was taken already: it was made anew"
        yield Check(_NAME, "fault", f"{words}, and what waited in the old one is gone", _SEE)
    elif lowest is not None and lowest > told.next:
        yield Check(
            _NAME, "fault", f"letters {told.next} to {lowest - 1} were taken away before anybody read them", _SEE
        )


def rung(told: LettersTold) -> Iterator[Check]:
    """Alarms that nobody has seen."""
    for one in told.rung:
        if one.kind in _RUNG:
            words = f"{_RUNG[one.kind]} ({one.count} alarm(s), since {one.since:%Y-%m-%d %H:%M} UTC)"
            yield Check(_NAME, "fault", words, _SEE)


def _ask(described: Installation, listener: Id, senders: Sequence[Sender]) -> LettersTold:
    client = Client(described.custody.socket, "cli")
    try:
        return client.ask(AskLetters(listener, tuple(one.peer for one in senders)), LettersTold)
    finally:
        client.close()


def _strangers(described: Installation, senders: Sequence[Sender], told: LettersTold) -> Iterator[Check]:
    addresses = {peer.device: peer.address for peer in described.listen.peers}
    for one in senders:
        if one.peer in told.strangers:
            yield Check(
                _NAME,
                "fault",
                f"{one.count} letter(s) of {one.peer} ({addresses.get(one.peer, 'no longer among the peers')}) wait"
                f" since {one.since:%Y-%m-%d %H:%M} UTC: no device of this name is enrolled",
                f"the administrator types at /staff/ask/device the name {one.peer} and its site; then they are filed",
            )
