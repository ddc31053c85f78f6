"""What a measured number is counted in: one UCUM unit for the many ways in which analysers write it.

Conversions here shift the decimal point and do nothing else, so every one is exact and none depends on the analyte.
"""

import tomllib
from decimal import Decimal
from importlib import resources

import msgspec

from aliquot.terms.errors import Unclear
from aliquot.terms.quantities import Quantity


class UnknownUnit(Unclear):
    """No unit, a unit that the tables do not have, or no exact way from one to the other: the result is held."""


class _Tables(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    powers: dict[str, dict[str, int]]
    synonyms: dict[str, str]


_TABLES = msgspec.convert(
    tomllib.loads(resources.files(__package__).joinpath("units.toml").read_text("utf-8")), _Tables
)
_KINDS = {unit: kind for kind, units in _TABLES.powers.items() for unit in units}


def ucum(written: str) -> str:
    """The UCUM unit for what an analyser wrote. Capitals count: `G/L` is cells, `g/L` is grams.

    Raises:
        UnknownUnit: empty, or in neither table.
    """
    compact = written.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    unit = _TABLES.synonyms.get(compact, compact)
    _kind(unit)
    return unit


def convert(quantity: Quantity, to: str) -> Quantity:
    """The same quantity in another unit of its kind, with the digits that were measured: 72.50 g/L is 7.250 g/dL.

    Raises:
        UnknownUnit: a unit is unknown, the kinds differ, or the number is not finite.
    """
    kind = _kind(quantity.ucum)
    if _kind(to) != kind:
        raise UnknownUnit("unit", "no exact conversion between these kinds of quantity")
    powers = _TABLES.powers[kind]
    number = _shifted(quantity.number, powers[quantity.ucum] - powers[to])
    return Quantity(number=number, ucum=to, comparator=quantity.comparator)


def _kind(unit: str) -> str:
    if unit not in _KINDS:
        raise UnknownUnit("unit", "not in the table of units")
    return _KINDS[unit]


def _shifted(number: Decimal, places: int) -> Decimal:
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise UnknownUnit("number", "not finite")
    shifted = exponent + places
    # A positive exponent would print as 7E+1; the zeros before the decimal point are written out instead.
    return Decimal((sign, digits + (0,) * max(shifted, 0), min(shifted, 0)))
