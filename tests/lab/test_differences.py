from decimal import Decimal

import msgspec
import pytest

from aliquot.lab import differences
from aliquot.lab.content import ReportResult
from aliquot.lab.statuses import Change
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value
from tests.disclosure import sample
from tests.disclosure.sample import number

LINE = sample.result("Potassium", number("5.30", "mmol/L"), "H", reference=sample.between("3.5", "5.1"))


def line(**changes: object) -> ReportResult:
    """The line with something different in its content."""
    return msgspec.structs.replace(LINE, content=msgspec.structs.replace(LINE.content, **changes))


def test_a_line_that_was_not_there_was_added() -> None:
    assert differences.of_line(None, LINE) is Change.ADDED


@pytest.mark.parametrize(
    "after",
    [
        line(value=number("5.3", "mmol/L", "<")),
        line(value=number("5.30", "mol/L")),
        line(flag=""),
        line(specimen_type="PLAS"),
        msgspec.structs.replace(LINE, accession="other"),
        msgspec.structs.replace(LINE, state="cancelled"),
    ],
)
def test_what_was_issued_differently_was_wrong(after: ReportResult) -> None:
    assert differences.of_line(LINE, after) is Change.WRONG


@pytest.mark.parametrize(
    "after",
    [
        msgspec.structs.replace(LINE, version=4),
        line(comment="Seen."),
        line(reference=sample.between("3.4", "5.1")),
        line(method="other"),
    ],
)
def test_other_words_about_the_same_result_are_no_error(after: ReportResult) -> None:
    assert differences.of_line(LINE, after) is Change.OTHER
    (change,) = differences.changes([LINE], [after])
    assert (change.before, change.after) == ("5.30 mmol/L H", "5.30 mmol/L H")


def test_who_signed_and_what_judged_it_are_no_difference_to_a_reader() -> None:
    after = line(signatures=(), run="r2", rules="rules-4")
    assert differences.of_line(LINE, after) is Change.SAME
    assert differences.changes([LINE], [after]) == ()


def test_a_change_says_from_what_to_what_and_why() -> None:
    after = line(value=number("4.10", "mmol/L"), flag="N", reason="diluted wrongly")
    (change,) = differences.changes([LINE], [after, sample.result("Sodium", number("139", "mmol/L"))])
    assert (change.name, change.before, change.after) == ("Potassium", "5.30 mmol/L H", "4.10 mmol/L N")
    assert change.reason == "diluted wrongly"


def test_a_patient_or_a_comment_that_changed_is_no_error_of_a_result() -> None:
    other = msgspec.structs.replace(sample.PATIENT, birth_family="Autre")
    assert differences.of_rest((sample.PATIENT, ""), (sample.PATIENT, "")) is Change.SAME
    assert differences.of_rest((sample.PATIENT, ""), (other, "")) is Change.OTHER
    assert differences.of_rest((sample.PATIENT, ""), (sample.PATIENT, "Seen.")) is Change.OTHER


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Quantity(Decimal("0"), "mmol/L"), "0 mmol/L"),
        (Quantity(Decimal("72.50"), "", ">="), ">=72.50"),
        (Quantity(Decimal("1E+3"), "U/L"), "1000 U/L"),
        (Coded("s", "neg", "negative"), "negative"),
        (Coded("s", "neg", ""), "neg"),
        (Text("seen"), "seen"),
        (Absent("not-performed"), "[not-performed]"),
    ],
)
def test_every_value_has_words_and_no_two_the_same(value: Value, said: str) -> None:
    assert differences.words(value) == said
