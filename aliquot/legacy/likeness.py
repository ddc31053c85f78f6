"""Which of our tests an old code may be: by its name, the kind of its unit, and where its values lie.

A likeness decides nothing. It fills in the draft of a map, with what speaks for it in words.
"""

import re
import unicodedata
from decimal import Decimal

import msgspec

from aliquot.lab.catalogue import Catalogue, Test
from aliquot.legacy.oldtests import OldTest, Unit
from aliquot.terms import units
from aliquot.terms.quantities import Quantity

ENOUGH = 60
"""Below this many percent no test is proposed."""

_SAME_NAME, _PART_OF_NAME, _SAME_BEGINNING = 60, 40, 30
_SAME_UNIT, _SAME_KIND, _NO_UNIT = 20, 15, 10
_WITHIN, _OUTSIDE = 15, -40
_BEGINNING = 4


class Likeness(msgspec.Struct, frozen=True):
    """One of our tests, how like it is in percent, and what speaks for it."""

    test: str
    sure: int
    reason: str


def of(old: OldTest, unit: Unit, catalogue: Catalogue) -> Likeness | None:
    """The test that an old code with this unit is most like; none, if two are as like or nothing is like enough."""
    found = sorted((_weighed(old, unit, test) for test in catalogue.tests), key=lambda each: -each.sure)
    best, *others = found
    if best.sure < ENOUGH or (others and others[0].sure == best.sure):
        return None
    return best


def ucum(written: str, near: str = "") -> str:
    """The UCUM unit of an old unit as far as the tables know it; else nothing.

    `UI` is units of an enzyme or international units: where `near` is given, what converts to it is meant.
    """
    litres = written.replace("/l", "/L")
    spellings = (written, litres, litres.replace("UI", "U"), litres.replace("UI", "[IU]"))
    known = [unit for unit in map(_read, dict.fromkeys(spellings)) if unit]
    fitting = [unit for unit in known if near and _converts(unit, near)]
    return next(iter(fitting or known), "")


def _read(written: str) -> str:
    try:
        return units.ucum(written)
    except units.UnknownUnit:
        return ""


def _converts(unit: str, to: str) -> bool:
    try:
        units.convert(Quantity(Decimal(1), unit), to)
    except units.UnknownUnit:
        return False
    return True


def _weighed(old: OldTest, unit: Unit, test: Test) -> Likeness:
    said = [_named(old, test), _counted(unit, test), _lies(unit, test)]
    sure = max(0, min(99, sum(weight for weight, _ in said)))
    return Likeness(test.code, sure, ", ".join(reason for _, reason in said if reason))


def _named(old: OldTest, test: Test) -> tuple[int, str]:
    ours = {_folded(test.code), _folded(test.names.en), _folded(test.names.fr)}
    theirs = {_folded(old.code), *(_folded(name.what) for name in old.names)}
    if ours & theirs:
        return _SAME_NAME, "the same name"
    words = set().union(*(each.split() for each in ours)) & set().union(*(each.split() for each in theirs))
    if any(len(word) >= _BEGINNING for word in words):
        return _PART_OF_NAME, "a word of the name"
    beginnings = {each[:_BEGINNING] for each in ours if len(each) >= _BEGINNING}
    if any(each[:_BEGINNING] in beginnings for each in theirs):
        return _SAME_BEGINNING, "the beginning of the name"
    return 0, ""


def _counted(unit: Unit, test: Test) -> tuple[int, str]:
    if not unit.unit:
        return (_NO_UNIT, "no unit") if not test.ucum or unit.numbers else (0, "")
    known = ucum(unit.unit, test.ucum)
    if known and known == test.ucum:
        return _SAME_UNIT, "the same unit"
    if known and test.ucum and _converts(known, test.ucum):
        return _SAME_KIND, "a unit of the same kind"
    return 0, ""


def _lies(unit: Unit, test: Test) -> tuple[int, str]:
    median = _median(unit, ucum(unit.unit, test.ucum) if unit.unit else test.ucum, test)
    if median is None or test.plausible_low is None or test.plausible_high is None:
        return 0, ""
    if test.plausible_low <= median <= test.plausible_high:
        return _WITHIN, "values where they are expected"
    return _OUTSIDE, "values where they are not expected"


def _median(unit: Unit, known: str, test: Test) -> Decimal | None:
    """The median of the old values in the test's own unit; nothing where no conversion is exact."""
    if not unit.median or not known or not test.ucum:
        return None
    try:
        return units.convert(Quantity(Decimal(unit.median.replace(",", ".")), known), test.ucum).number
    except (units.UnknownUnit, ArithmeticError):
        return None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[A-Z0-9]+", plain.upper()))
