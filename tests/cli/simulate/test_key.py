"""The answer key: each old code is answered, in LOINC and UCUM that are well formed, as the demonstration has it."""

import tomllib
from decimal import Decimal
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from aliquot.cli.simulate import key, writing
from aliquot.cli.simulate.key import Code, Key
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.rates import Mess
from aliquot.terms.quantities import Quantity
from tests.cli.simulate import laboratory

KEY = key.key()
DEMO = {
    test["code"]: test
    for test in tomllib.loads(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8"))[
        "tests"
    ]
}


@pytest.mark.parametrize("code", KEY.codes, ids=lambda code: f"{code.code} {code.since}")
def test_a_code_that_the_demonstration_has_means_what_it_has(code: Code) -> None:
    if code.test:
        test = DEMO[code.test]
        assert code.catalogue_ucum == test.get("ucum", "")
        assert code.factor != 1 or code.loinc == test["loinc"]


@pytest.mark.parametrize("loinc", sorted({code.loinc for code in KEY.codes}))
def test_a_loinc_code_has_the_right_check_digit(loinc: str) -> None:
    body, check = loinc.split("-")
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    assert (10 - sum(number // 10 + number % 10 for number in doubled) % 10) % 10 == int(check)


def test_every_way_of_the_catalogue_to_change_is_among_the_codes() -> None:
    kinds = {kind for code in KEY.codes for kind in code.kinds}
    assert kinds == {Mess.RENAMED_CODE, Mess.SECOND_CODE, Mess.REUSED_CODE, Mess.MOVED_UNIT}
    reused = {code.code: {each.loinc for each in KEY.codes if each.code == code.code} for code in KEY.codes}
    assert {name: len(loincs) for name, loincs in reused.items() if Mess.REUSED_CODE in kinds_of(name)} == {"PT": 2}
    assert "GLUC" in [code.code for code in KEY.codes if Mess.MOVED_UNIT in code.kinds]
    assert "GLY" in [code.code for code in KEY.codes if Mess.RENAMED_CODE in code.kinds]
    assert "HDLC" in [code.code for code in KEY.codes if Mess.SECOND_CODE in code.kinds]


def kinds_of(name: str) -> set[str]:
    """What happened to a code."""
    return {kind for code in KEY.codes if code.code == name for kind in code.kinds}


def test_a_spelling_of_a_unit_has_one_meaning_for_each_code_and_two_where_that_is_the_trap() -> None:
    assert {unit: ucums for unit, ucums in KEY.units.items() if len(ucums) > 1} == {"UI/l": ("U/L", "[IU]/L")}
    assert {ucum for ucums in KEY.units.values() for ucum in ucums} == {
        code.ucum for code in KEY.codes if any(code.units)
    }


def test_every_value_is_in_a_unit_of_its_code(tmp_path: Path) -> None:
    writing.write("database", tmp_path / "old", Life(600, results_per_patient=20))
    for row in laboratory.results(tmp_path / "old"):
        if isinstance(row.value, Quantity):
            assert row.value.ucum in {code.ucum for code in KEY.codes if code.code == row.code}


def test_a_value_divided_by_the_factor_is_plausible_in_the_catalogues_unit(tmp_path: Path) -> None:
    writing.write("database", tmp_path / "old", Life(600, results_per_patient=20))
    for row in laboratory.results(tmp_path / "old"):
        if row.test and isinstance(row.value, Quantity):
            (code,) = {
                each
                for each in KEY.codes
                if (each.code, each.loinc, each.ucum) == (row.code, row.loinc, row.value.ucum)
            }
            low, high = (Decimal(str(DEMO[row.test][bound])) for bound in ("plausible_low", "plausible_high"))
            assert low * Decimal("0.7") <= row.value.number / Decimal(str(code.factor)) <= high


def test_spellings_that_several_people_share_are_answered_with_all_of_them() -> None:
    assert KEY.users["LEDOSEUR"] == ("ALD",)
    assert max(len(meant) for meant in KEY.prescribers.values()) > 1


def test_the_key_is_beside_the_source(tmp_path: Path) -> None:
    writing.write("dump", tmp_path / "old", Life(3))
    assert msgspec.json.decode((tmp_path / "old.truth" / "key.json").read_bytes(), type=Key) == KEY
