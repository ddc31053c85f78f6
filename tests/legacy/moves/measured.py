"""The catalogue of laboratories whose folders nobody here wrote, and what their codes became (`loinc.toml`)."""

import tomllib
from functools import cache
from typing import Any

import msgspec

from aliquot.lab.catalogue import Answer, Catalogue, Names, Test
from aliquot.lab.reference import Flag
from aliquot.legacy.map import Rule
from tests.legacy.moves.written import FOLDER
from tests.legacy.old import CATALOGUE

_SCT = "http://snomed.info/sct"
_ANSWERS = {
    "positive": ("10828004", Flag.ABNORMAL),
    "negative": ("260385009", Flag.NORMAL),
    "equivocal": ("42425007", Flag.ABNORMAL),
}


@cache
def catalogue() -> Catalogue:
    """The demonstration's catalogue, with the tests of these folders."""
    told = _told()
    ours = {test.loinc for test in CATALOGUE.tests}
    numbers = [_test(code, ucum=ucum) for code, ucum in told["in_units"].items() if code not in ours]
    listed = [_test(code, answers=_answers()) for code in told["with_answers"]]
    return msgspec.structs.replace(CATALOGUE, tests=(*CATALOGUE.tests, *numbers, *listed))


def rules() -> tuple[Rule, ...]:
    """A code of LOINC is the test of ours that has it; what is measured at a bedside stays behind."""
    tests = [Rule(test.loinc, test.code) for test in catalogue().tests]
    return (*tests, *(Rule(code, "") for code in _told()["left_behind"]))


def answers() -> dict[str, dict[str, str]]:
    """What the codes and words of these folders mean, for every test with answers."""
    meant = {word: _ANSWERS[answer][0] for word, answer in _told()["answers"].items()}
    return dict.fromkeys(_told()["with_answers"], meant)


def _answers() -> tuple[Answer, ...]:
    return tuple(Answer(_SCT, code, Names(name, name), flag) for name, (code, flag) in _ANSWERS.items())


def _test(code: str, ucum: str = "", answers: tuple[Answer, ...] = ()) -> Test:
    names = Names(f"LOINC {code}", f"LOINC {code}")
    return Test(code, code, names, "biochemistry", "SER", "", "", ucum=ucum, answers=answers)


@cache
def _told() -> dict[str, Any]:  # as TOML holds it
    return tomllib.loads((FOLDER / "loinc.toml").read_text("utf-8"))
