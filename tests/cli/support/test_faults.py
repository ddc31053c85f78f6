"""Types that the program knows and lines that it has; whatever else was said is not repeated."""

import pytest

from aliquot.cli.support import faults
from aliquot.terms.errors import Refused


def test_an_error_of_ours_is_told_by_type_and_place() -> None:
    try:
        raise Refused("Dupont")
    except Refused as error:
        told = faults.of(error)
    assert (told.error, told.place) == ("Refused", "elsewhere")


@pytest.mark.parametrize("said", ["Denial", "CustodyGone", "OperationalError", "KeyError", "IntegrityError"])
def test_types_that_the_program_knows_are_told(said: str) -> None:
    assert faults.name(said) == said


@pytest.mark.parametrize("said", ["Dupont", "KeyError: Dupont", "", "error", "keyerror"])
def test_other_types_are_not(said: str) -> None:
    assert faults.name(said) == "Another"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("doctor.py:12", "doctor.py:12"),
        ("dupont.py:12", "elsewhere"),
        ("/home/dupont/doctor.py:1", "elsewhere"),
        ("doctor.py:251113523800", "elsewhere"),
        ("doctor.py:", "elsewhere"),
        ("", "elsewhere"),
    ],
)
def test_places_are_lines_of_modules_that_there_are(said: str, told: str) -> None:
    assert faults.place(said) == told
