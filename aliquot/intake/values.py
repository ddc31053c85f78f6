"""What one OBX says its result is, before anyone asks whether the laboratory measures such a thing.

Source: HL7 v2 chapter 7 (OBX-2, OBX-5) and chapter 2A (NM, SN, CE, CWE).
"""

import re
from decimal import Decimal
from typing import Final, get_args

import msgspec

from aliquot.terms.errors import Unclear
from aliquot.terms.quantities import Absent, Comparator, Text
from aliquot.wire.hl7v2.messages import Element, Segment


class Coding(msgspec.Struct, frozen=True, gc=False):
    """One code with its text and the name of its system, as written: `LN`, `SCT`, `L`. Each part may be empty."""

    code: str
    text: str
    system: str


class Measured(msgspec.Struct, frozen=True, gc=False):
    """A number as the machine gave it, not yet counted in anything: what its unit means is for the mapping to say."""

    number: Decimal
    comparator: Comparator = ""


class Chosen(msgspec.Struct, frozen=True, gc=False):
    """A coded answer with every code that the machine gives for it, and the words that were meant (CWE.9)."""

    codings: tuple[Coding, ...]
    original: str = ""


Said = Measured | Chosen | Text | Absent
"""What one observation says."""

_NUMBER: Final = re.compile(
    r"(?P<comparator><=|>=|<|>|\u2264|\u2265)?\s*(?P<number>[+-]?(?:\d{1,24}(?:\.\d{0,24})?|\.\d{1,24}))", re.ASCII
)
_COMPARATORS: Final[dict[str, Comparator]] = {
    **{each: each for each in get_args(Comparator)},
    "=": "",
    "\u2264": "<=",
    "\u2265": ">=",
}
_SEPARATORS: Final = frozenset({"-", "+", "/", ".", ":"})
_WORDS: Final = frozenset({"ST", "TX", "FT", "DT", "TM", "DTM", "TS"})
_CODED: Final = frozenset({"CE", "CWE", "CNE"})
_CODINGS: Final = (1, 4, 10)
_ORIGINAL: Final = 9


def read(obx: Segment, place: str) -> Said:
    """What OBX-5 says. Empty and "delete it" are an absence, never zero (M7).

    A ratio, a range or `1+` in SN stays words: it is no number, and half of it would be a wrong one.

    Raises:
        Unclear: a type of value that is not read here, or a value that is not of its type.
    """
    kind, value = obx[2].text, obx[5]
    if not value:
        return Absent("unknown")
    if kind in _WORDS:
        return Text(value.verbatim)
    if kind not in _CODED and kind not in ("NM", "SN"):
        raise Unclear(f"{place}-2", "a type of value that is not read")
    if len(value) > 1:
        raise Unclear(f"{place}-5", "several values")
    if kind == "NM":
        return _nm(value, f"{place}-5")
    return _sn(value[1], f"{place}-5") if kind == "SN" else _chosen(value[1], f"{place}-5")


def number(written: str) -> Measured | None:
    """The number that a text consists of, with its comparator; none if it is anything more or less than that.

    A decimal comma is not read: `1,234` is one number in Paris and another in Boston.
    """
    found = _NUMBER.fullmatch(written.strip())
    if found is None:
        return None
    return Measured(Decimal(found["number"]), _COMPARATORS[found["comparator"] or ""])


def codings(element: Element) -> tuple[Coding, ...]:
    """The codes of a CE or CWE, the sender's first one first; those that were left empty are not there."""
    parts = [part.strip() for part in element.parts]
    parts += [""] * (max(_CODINGS) + 2 - len(parts))
    # A first look spares most messages two thirds of their codings: few senders give more than one.
    return tuple(Coding(*parts[at - 1 : at + 2]) for at in _CODINGS if parts[at - 1] or parts[at])


def _nm(value: Element, place: str) -> Measured:
    found = number(value.verbatim)
    if found is None:
        raise Unclear(place, "not a number")
    return found


def _sn(value: Element, place: str) -> Measured | Text:
    comparator, first, separator, second = (value[at].verbatim.strip() for at in range(1, 5))
    if comparator not in _COMPARATORS:
        raise Unclear(place, "not a comparator")
    one, other = number(first), number(second)
    if one is None or one.comparator:
        raise Unclear(place, "not a number")
    if not separator and not second:
        return Measured(one.number, _COMPARATORS[comparator])
    if separator not in _SEPARATORS or (second and other is None):
        raise Unclear(place, "not a ratio or a range")
    return Text(f"{comparator}{first}{separator}{second}")


def _chosen(value: Element, place: str) -> Chosen:
    found = Chosen(codings(value), value[_ORIGINAL].verbatim.strip())
    if not found.codings and not found.original:
        raise Unclear(place, "neither a code nor words")
    return found
