"""A quarantined message with the changes an integrator asked for: codes and structure, never identity or values."""

import hashlib
import re
from typing import Final

from aliquot.intake.batch import Arrival
from aliquot.intake.quarantine import Waiting
from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import messages
from aliquot.wire.hl7v2.messages import Message

# What an integrator may see in clear and correct. A tube's number is filled in where the sender left it out, and never
# replaced: a message that names a tube is not made to name another.
_REPAIRABLE: Final = {
    "MSH": frozenset({9, 11, 12, 18}),
    "OBR": frozenset({2, 3, 4}),
    "OBX": frozenset({2, 3, 6, 8, 11}),
    "SPM": frozenset({2}),
}
_NUMBERS: Final = frozenset({("OBR", 2), ("OBR", 3), ("SPM", 2)})
_ADDRESS: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[([1-9][0-9]{0,3})\])?-([1-9][0-9]?)")


def check(address: str) -> None:
    """Whether a field may be changed.

    Raises:
        Unclear: the address is none (`OBX[2]-3`), or of a field that is not structure.
    """
    _parsed(address)


def open_(address: str, written: str) -> bool:
    """Whether a field may be changed where this is written in it: a tube's number only where there is none."""
    try:
        name, _, field = _parsed(address)
    except Unclear:
        return False
    return not written or (name, field) not in _NUMBERS


def repaired(taken: Waiting) -> Arrival:
    """The message as it is to be tried again.

    Its digest names the message and its version: a second try is another act than the first, and the same each time.

    Raises:
        Unclear: a change names a segment or field that the message does not have, would end its field, or cannot be
            written in the message's character set.
    """
    body = taken.kept.message
    for address, value in taken.repair.changes if taken.repair else ():
        body = _changed(body, address, value)
    digest = hashlib.sha256(taken.id + taken.version.to_bytes(4, "big")).digest()
    kept = taken.kept
    return Arrival(kept.letter, kept.device, kept.site, body, digest, kept.received_at)


def _changed(body: bytes, address: str, value: str) -> bytes:
    name, occurrence, field = _parsed(address)
    message = messages.parse(body)
    found = [at for at, segment in enumerate(message.segments) if segment.name == name]
    if len(found) < occurrence:
        raise Unclear(address, "the message has no such segment")
    if (name, field) in _NUMBERS and message.segments[found[occurrence - 1]][field]:
        raise Unclear(address, "the message names a tube already")
    # Whoever may write a field's end may write the next field too, and so a result.
    if message.encoding.field in value or not value.isprintable():
        raise Unclear(address, "a code has no field separator and no line end")
    try:
        return _written(message, found[occurrence - 1], field, value)
    except UnicodeEncodeError:
        raise Unclear(address, "a character outside the message's character set") from None


def _written(message: Message, at: int, field: int, value: str) -> bytes:
    encoding = message.header.encoding
    lines = []
    for index, segment in enumerate(message.segments):
        cells = list(segment.fields)
        if index == at:
            cells += [""] * (field + 1 - len(cells))
            cells[field] = value
        head, rest = (cells[0], cells[2:]) if segment.name == "MSH" else (cells[0], cells[1:])
        lines.append(encoding.field.join([head, *rest]))
    return "\r".join(lines).encode(encoding.codec) + b"\r"


def _parsed(address: str) -> tuple[str, int, int]:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise Unclear("repair", "not the address of a field, such as OBX[2]-3")
    name, occurrence, field = found[1], int(found[2] or 1), int(found[3])
    if field not in _REPAIRABLE.get(name, ()):
        raise Unclear(f"{name}-{field}", "not a field of codes or structure")
    return name, occurrence, field
