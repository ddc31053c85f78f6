from decimal import Decimal

import msgspec
import pytest

from aliquot.terms import units
from aliquot.terms.quantities import Quantity
from aliquot.terms.units import UnknownUnit
from tests.lab import vectors


class Written(vectors.Case):
    written: str
    ucum: str


class Conversion(vectors.Case):
    number: str
    before: str = msgspec.field(name="from")
    to: str
    expect: str = ""


class Vectors(vectors.Case):
    ucum: list[Written]
    convert: list[Conversion]
    refused: list[Conversion]


VECTORS = vectors.read("units.json", Vectors)


@pytest.mark.parametrize("case", VECTORS.ucum, ids=lambda case: case.written)
def test_what_an_analyser_writes_is_one_ucum_unit(case: Written) -> None:
    assert units.ucum(case.written) == case.ucum


@pytest.mark.parametrize("written", ["", "  ", "furlong", "MMOL/L", "mmol"])
def test_an_unknown_unit_is_refused_and_never_guessed(written: str) -> None:
    with pytest.raises(UnknownUnit):
        units.ucum(written)


@pytest.mark.parametrize("case", VECTORS.convert, ids=lambda case: f"{case.number} {case.before}")
def test_a_conversion_is_exact_and_keeps_the_digits(case: Conversion) -> None:
    found = units.convert(Quantity(number=Decimal(case.number), ucum=case.before, comparator="<"), case.to)
    assert (str(found.number), found.ucum, found.comparator) == (case.expect, case.to, "<")


@pytest.mark.parametrize("case", VECTORS.refused, ids=lambda case: f"{case.before} to {case.to}")
def test_what_depends_on_the_analyte_or_is_no_number_is_not_converted(case: Conversion) -> None:
    with pytest.raises(UnknownUnit):
        units.convert(Quantity(number=Decimal(case.number), ucum=case.before), case.to)


def test_every_synonym_leads_to_a_unit_of_the_table_and_none_hides_one() -> None:
    tables = units._TABLES
    known = {unit for kind in tables.powers.values() for unit in kind}
    assert set(tables.synonyms.values()) <= known
    assert not set(tables.synonyms) & known
    assert sum(len(kind) for kind in tables.powers.values()) == len(known)
