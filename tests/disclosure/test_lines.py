from decimal import Decimal

import pytest

from aliquot.disclosure import lines
from aliquot.lab.content import Hold, ReportResult
from aliquot.terms.quantities import Absent, Coded, Quantity, Text
from aliquot.terms.states import Analysis
from tests.disclosure import sample


def line(result: ReportResult) -> lines.Line:
    return lines.line(result, sample.with_status("final", results=(result,), specimens=(sample.SERUM,)))


def test_zero_absence_emptiness_and_not_done_are_read_as_four_different_things() -> None:
    values = (Quantity(Decimal("0"), "umol/L"), Absent("unknown"), Text(""), Absent("not-performed"))
    read = [(shown.kind, shown.value) for shown in (line(sample.result("X", value)) for value in values)]
    assert read == [
        ("number", "0"),
        ("absence", "résultat inconnu"),
        ("absence", "texte vide"),
        ("absence", "non réalisé"),
    ]


def test_a_coded_value_shows_its_words_or_else_its_code() -> None:
    assert line(sample.result("X", Coded("urn:s", "A1", "Positif"))).value == "Positif"
    assert line(sample.result("X", Coded("urn:s", "A1", ""))).value == "A1"


def test_a_number_has_its_comparator_its_digits_its_unit_and_its_range_as_applied() -> None:
    shown = line(
        sample.result("X", sample.number("72.50", "umol/L", "<"), "H", reference=sample.between("45.0", "84.00"))
    )
    assert (shown.value, shown.unit, shown.reference, shown.flag) == ("< 72,50", "µmol/L", "45,0 – 84,00", "haut")


@pytest.mark.parametrize(("low", "high", "read"), [("1.0", "", "≥ 1,0"), ("", "5", "≤ 5"), ("", "", "à jeun")])
def test_a_range_with_one_bound_or_words_only(low: str, high: str, read: str) -> None:
    text = "" if low or high else "à jeun"
    assert line(sample.result("X", Text("x"), reference=sample.between(low, high, text))).reference == read


@pytest.mark.parametrize("state", [Analysis.CANCELLED, Analysis.WITHDRAWN])
def test_a_result_that_is_gone_shows_its_reason_and_never_its_value(state: Analysis) -> None:
    gone = sample.result(
        "X", sample.number("66.6", "g/L"), "HH", state=state, reason="autre patient", comment="vu à 66,6"
    )
    shown = line(gone)
    assert "66" not in repr(shown)
    assert shown.notes == ("Motif\u00a0: autre patient",)
    assert (shown.flag, shown.critical) == ("", False)


def test_a_preliminary_result_is_marked_and_a_validated_one_is_not() -> None:
    value = sample.number("1", "g/L")
    assert line(sample.result("X", value, state="tech-validated")).marks == ("provisoire",)
    assert line(sample.result("X", value, state="med-validated")).marks == ()


def test_an_exception_to_quality_control_is_said_without_the_internal_detail() -> None:
    held = (Hold("QC_REJECTED", "1-3s", "p-bio", "secret reason"),)
    shown = line(sample.result("X", sample.number("1", "g/L"), holds=held))
    assert shown.notes == ("Résultat rendu par dérogation au contrôle de qualité interne.",)
    assert "1-3s" not in repr(shown)
    assert "secret" not in repr(shown)
