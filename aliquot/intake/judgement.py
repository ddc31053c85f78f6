"""What a listener may refuse: it reads a message's header and nothing further in.

An unknown test, tube or patient is never a reason to refuse here; such a message is stored and waits in quarantine.
"""

import os
from datetime import datetime
from typing import Final

import msgspec

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import acks, encodings, headers
from aliquot.wire.hl7v2.acks import Code
from aliquot.wire.hl7v2.headers import Header, Objection

TAKEN: Final = frozenset(("ORU^R01", "OUL^R22"))
"""The messages that are taken: unsolicited results, by order and by specimen."""

_ANSWERS: Final = frozenset(("ACK", "MCF"))
_BLANK: Final = b"\x00\t\n\x0b\x0c\r "
_TRY_AGAIN: Final = Objection("MSH", "207")
_UNREADABLE: Final = Objection("MSH", "100")


class Verdict(msgspec.Struct, frozen=True):
    """What becomes of a message: without an objection it is stored. `answered` says whether the sender is told."""

    header: Header
    code: Code
    objection: Objection | None
    answered: bool


OVERSIZE: Final = Verdict(headers.UNREADABLE, Code.AR, _TRY_AGAIN, answered=True)
"""Too large to be taken, now or later, and too large to be read: answered to nobody by name."""


def judge(message: bytes) -> Verdict:
    """What becomes of one message, by its header. An acknowledgment is neither stored nor answered."""
    try:
        # Blanks go first: `headers.read` takes the square of their number in steps.
        header = headers.read(message.lstrip(_BLANK))
    except Unclear:
        return _verdict(headers.UNREADABLE, _UNREADABLE)
    verdict = _verdict(header, headers.objection(header, TAKEN))
    return msgspec.structs.replace(verdict, answered=verdict.answered and header.type not in _ANSWERS)


def postponed(verdict: Verdict) -> Verdict:
    """What becomes of a message that could not be stored: an error, after which its sender tries again.

    It is told even to a sender that waived answers, for otherwise nobody would know.
    """
    return msgspec.structs.replace(_verdict(verdict.header, _TRY_AGAIN), answered=True)


def answer(verdict: Verdict, at: datetime) -> bytes:
    """The acknowledgment of a message."""
    own = os.urandom(8).hex()
    try:
        return acks.build(verdict.header, verdict.code, own, at, verdict.objection)
    except Unclear:
        # The sender's separators cannot write the parties or the error; the standard's can, and its id is what matters.
        return acks.build(_plain(verdict.header), verdict.code, own, at, verdict.objection)


def _verdict(header: Header, objection: Objection | None) -> Verdict:
    return Verdict(header, acks.code(header, objection), objection, acks.wanted(header, objection))


def _plain(header: Header) -> Header:
    return Header(encodings.STANDARD, control_id=header.control_id, version=header.version)
