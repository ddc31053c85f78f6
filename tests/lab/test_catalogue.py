from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from aliquot.lab import catalogue
from aliquot.lab.catalogue import Catalogue, NotMapped
from aliquot.lab.reference import Flag
from aliquot.terms import canonical, units
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Harm

SMALL = """
version = 3

[[tests]]
code = "NA"
loinc = "2951-2"
names = { en = "Sodium", fr = "Sodium" }
section = "biochemistry"
specimen_type = "SER"
tube = "yellow"
method = "ion-selective electrode"
ucum = "mmol/L"
decimals = 0
amr_low = 80
amr_high = 180
references = [{ low = 136, high = 145.0, min_years = 18 }, { low = 133, high = 146, max_years = 18 }]
delta = { kind = "absolute", absolute = 8, max_days = 30 }

[[tests]]
code = "HIV"
loinc = "56888-1"
names = { en = "HIV", fr = "VIH" }
section = "serology"
specimen_type = "SER"
tube = "yellow"
method = "chemiluminescence"
harm = 2
answers = [
  { system = "s", code = "neg", names = { en = "negative", fr = "négatif" }, flag = "N", written = ["NEG", "Négatif"] },
  { system = "s", code = "pos", names = { en = "positive", fr = "positif" }, flag = "A", written = ["POS"] },
]

[[panels]]
code = "P"
names = { en = "Panel", fr = "Bilan" }
tests = ["NA", "HIV"]

[[devices]]
device = "ANALYSER-1"
allowed_flags = ["N"]

[[mappings]]
device = "ANALYSER-1"
code = "NA2"
system = "L"
test = "NA"
ucum = "mmol/L"
written = ["MEQ"]

[[mappings]]
device = "ANALYSER-1"
code = "HIVC"
system = "L"
test = "HIV"

[[consistency]]
rule = "not-above"
tests = ["NA", "HIV"]
"""


@pytest.fixture(scope="module")
def small() -> Catalogue:
    return catalogue.parse(SMALL)


def test_a_catalogue_keeps_what_its_author_wrote(small: Catalogue) -> None:
    sodium, hiv = small.tests
    assert (small.version, sodium.loinc, sodium.amr_low, hiv.harm) == (3, "2951-2", Decimal(80), Harm.RESTRICTED)
    assert str(sodium.references[0].high) == "145.0"
    assert hiv.answers[1].flag is Flag.ABNORMAL


def test_a_catalogue_survives_its_sealed_form(small: Catalogue) -> None:
    assert msgspec.json.decode(canonical.encode(small), type=Catalogue) == small


def test_tests_panels_and_devices_are_found_by_their_code(small: Catalogue) -> None:
    assert catalogue.test(small, "HIV").loinc == "56888-1"
    assert catalogue.panel(small, "P").tests == ("NA", "HIV")
    assert catalogue.device(small, "ANALYSER-1").allowed_flags == ("N",)
    for look in (catalogue.test, catalogue.panel, catalogue.device):
        with pytest.raises(Refused):
            look(small, "NONE")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("version = 3", "version = 3\nvesion = 4"),
        ("version = 3", "version = "),
        ("version = 3", ""),
        ("decimals = 0", "decimal = 0"),
        ('section = "serology"', 'section = "astrology"'),
        ('code = "HIV"', 'code = "NA"'),
        ('code = "P"', 'code = "NA"'),
        ('tests = ["NA", "HIV"]\n\n[[devices]]', 'tests = ["NA", "LI"]\n\n[[devices]]'),
        ('tests = ["NA", "HIV"]\n\n[[devices]]', 'tests = ["NA", "NA"]\n\n[[devices]]'),
        ("max_years = 18", "max_years = 19"),
        ("min_years = 18", "min_years = 18, max_years = 18"),
        ("high = 145.0", "high = 135"),
        ("amr_low = 80", "amr_low = 181"),
        ('ucum = "mmol/L"\ndecimals', 'ucum = "mmol/l"\ndecimals'),
        ('ucum = "mmol/L"\ndecimals', 'ucum = ""\ndecimals'),
        ("harm = 2", 'ucum = "mmol/L"'),
        ("absolute = 8, ", ""),
        ("absolute = 8, ", "absolute = 0, "),
        ('code = "pos"', 'code = "neg"'),
        ('[[devices]]\ndevice = "ANALYSER-1"', '[[devices]]\ndevice = "ANALYSER-2"'),
        ('code = "HIVC"', 'code = "NA2"'),
        ('test = "HIV"', 'test = "LI"'),
        ('ucum = "mmol/L"\nwritten', 'ucum = "g/L"\nwritten'),
        ('ucum = "mmol/L"\nwritten', "written"),
        ('rule = "not-above"\ntests = ["NA", "HIV"]', 'rule = "not-above"\ntests = ["NA", "LI"]'),
    ],
)
def test_a_catalogue_with_one_mistake_is_refused(before: str, after: str) -> None:
    assert SMALL.count(before) == 1
    with pytest.raises(Refused):
        catalogue.parse(SMALL.replace(before, after))


def test_a_result_is_mapped_exactly_or_waits(small: Catalogue) -> None:
    assert catalogue.map_result(small, "ANALYSER-1", "NA2", "L").test == "NA"
    for device, code, system in [("ANALYSER-2", "NA2", "L"), ("ANALYSER-1", "NA", "L"), ("ANALYSER-1", "NA2", "LN")]:
        with pytest.raises(NotMapped):
            catalogue.map_result(small, device, code, system)


def test_the_unit_is_the_written_one_unless_the_device_says_otherwise(small: Catalogue) -> None:
    sodium, hiv = small.mappings
    assert catalogue.unit(sodium, "") == "mmol/L"
    assert catalogue.unit(sodium, "MEQ") == "mmol/L"
    assert catalogue.unit(sodium, "umol/l") == "umol/L"
    for mapping, written in [(sodium, "meq"), (hiv, "")]:
        with pytest.raises(units.UnknownUnit):
            catalogue.unit(mapping, written)


def test_an_answer_is_one_of_the_list_whatever_its_capitals(small: Catalogue) -> None:
    hiv = catalogue.test(small, "HIV")
    assert [catalogue.answer(hiv, written).code for written in ("neg", " NÉGATIF ", "Pos")] == ["neg", "neg", "pos"]
    assert catalogue.answer(hiv, "NEG").text == "NEG"
    for written in ("", "positive?", "0"):
        with pytest.raises(Refused):
            catalogue.answer(hiv, written)


def test_the_demonstration_catalogue_is_whole() -> None:
    demo = catalogue.parse((Path(catalogue.__file__).parents[1] / "cli/demo/catalogue.toml").read_text("utf-8"))
    assert (len(demo.tests), len(demo.panels)) == (25, 4)
    assert {mapping.test for mapping in demo.mappings} == {test.code for test in demo.tests}
    assert len({test.loinc for test in demo.tests}) == 25
    assert [test.code for test in demo.tests if test.harm is Harm.RESTRICTED] == ["HIV"]
    assert all(_loinc_digit(test.loinc) for test in demo.tests)


def _loinc_digit(loinc: str) -> bool:
    """Whether the check digit is right: LOINC numbers end with one of Luhn's."""
    body, check = loinc.split("-")
    doubled = [sum(divmod(int(digit) * 2, 10)) if at % 2 == 0 else int(digit) for at, digit in enumerate(body[::-1])]
    return (10 - sum(doubled) % 10) % 10 == int(check)
