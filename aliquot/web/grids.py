"""A masked message as a grid of addresses: what stands where, which place is unclear, and what may be corrected."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.intake import repairing
from aliquot.terms.letters import Masked

_LONGEST = 20
"""Fields looked at where a segment ends early: a unit that is missing can be given."""
_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[([0-9]+)\])?(?:-([0-9]+))?(?:[.][0-9]+)*")


@dataclass(frozen=True)
class Field:
    """One field: `text` is a code in clear or a shape. `unclear` says that a reason names it."""

    address: str
    text: str
    unclear: bool
    repairable: bool

    @property
    def names_test(self) -> bool:
        """Whether it says which test a result is of."""
        return self.repairable and self.address.startswith("OBX[") and self.address.endswith("-3")


@dataclass(frozen=True)
class Line:
    """One segment with those of its fields that say something, or that a reason names."""

    address: str
    unclear: bool
    fields: Sequence[Field]


@dataclass(frozen=True)
class Reason:
    """One cause and its place, as the message carries them."""

    cause: str
    place: str

    @property
    def address(self) -> str:
        """The place as the grid writes it: `OBX-5.1` and `OBX[1]-5` are the same field, `OBX` is the first segment."""
        found = _PLACE.fullmatch(self.place)
        if found is None:
            return ""
        segment = f"{found[1]}[{found[2] or 1}]"
        return f"{segment}-{found[3]}" if found[3] else segment


def reasons(message: Masked) -> list[Reason]:
    """Why it waits: causes and places in the same order."""
    causes, places = message.reason.split(" "), message.place.split(" ")
    return [Reason(cause, place) for cause, place in zip(causes, places, strict=True)]


def lines(message: Masked) -> list[Line]:
    """The message, segment by segment."""
    unclear = {reason.address for reason in reasons(message)}
    met: Counter[str] = Counter()
    found = []
    for name, *fields in message.segments:
        met[name] += 1
        found.append(_line(f"{name}[{met[name]}]", fields, unclear))
    return found


def changes(message: Masked, typed: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Which repairable fields were typed anew, with what."""
    offered = {field.address: field for line in lines(message) for field in line.fields if field.repairable}
    return tuple(
        (address, typed[address].strip())
        for address, field in offered.items()
        if address in typed and typed[address].strip() != field.text
    )


def _line(segment: str, fields: Sequence[str], unclear: set[str]) -> Line:
    padded = [*fields, *[""] * (_LONGEST - len(fields))]
    shown = [_field(f"{segment}-{number}", text, unclear) for number, text in enumerate(padded, 1)]
    return Line(
        segment, segment in unclear, [field for field in shown if field.text or field.unclear or field.repairable]
    )


def _field(address: str, text: str, unclear: set[str]) -> Field:
    return Field(address, text, address in unclear, repairing.open_(address, text))
