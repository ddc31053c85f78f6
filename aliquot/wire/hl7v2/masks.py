"""A message as the integrator may see it: structure and codes in clear, identity and values as shapes.

Allowed is only what is listed; whatever is not known (every Z segment) is a shape: letters a or A, digits 9.
"""

from typing import Final

import msgspec

from aliquot.wire.hl7v2 import messages
from aliquot.wire.hl7v2.encodings import Encoding
from aliquot.wire.hl7v2.messages import Message, Segment

# Fields that say how a message is built, who speaks, or which test is meant, and nothing about a patient. Times,
# order and tube numbers, reference ranges and control ids are not among them.
_SHOWN: Final = {
    "MSH": frozenset({1, 2, 3, 4, 5, 6, 9, 11, 12, 15, 16, 17, 18, 19, 20, 21}),
    "EVN": frozenset({1}),
    "MSA": frozenset({1}),
    "ERR": frozenset({2, 3, 4}),
    "SFT": frozenset({1, 2, 3, 4}),
    "ORC": frozenset({1, 5}),
    "OBR": frozenset({1, 4, 11, 24, 25}),
    "OBX": frozenset({1, 2, 3, 6, 8, 11}),
    "SPM": frozenset({1, 4}),
    "NTE": frozenset({1}),
}
_NOTHING: Final[frozenset[int]] = frozenset()
_KEPT: Final = " .,:/"


class Masked(msgspec.Struct, frozen=True):
    """One segment of the masked view; `fields[n]` is field n as it may be shown, separators in place."""

    name: str
    fields: tuple[str, ...]


def segments(message: Message) -> tuple[Masked, ...]:
    """The whole message, segment by segment."""
    return tuple(_masked(segment) for segment in message.segments)


def shape(text: str, kept: str = _KEPT) -> str:
    """What a value looks like: its letters, digits and length, and none of its content. Signs, too, can be a result."""
    return "".join(_shape(character, kept) for character in text)


def _masked(segment: Segment) -> Masked:
    shown = _SHOWN.get(segment.name, _NOTHING)
    kept = _KEPT + _separators(segment.encoding)
    fields = (
        written if number == 0 or number in shown or written == messages.NULL else shape(written, kept)
        for number, written in enumerate(segment.fields)
    )
    return Masked(segment.name, tuple(fields))


def _separators(encoding: Encoding) -> str:
    return encoding.component + encoding.repetition + encoding.escape + encoding.subcomponent


def _shape(character: str, kept: str) -> str:
    if character in kept:
        return character
    if character.isdigit():
        return "9"
    if character.isalpha():
        return "A" if character.isupper() else "a"
    return "*"
