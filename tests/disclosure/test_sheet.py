from decimal import Decimal

import msgspec
import pytest

from aliquot.disclosure import sheet
from aliquot.lab.content import Hold, Report, ReportResult
from aliquot.terms.quantities import Absent, Coded, Quantity, Text
from aliquot.terms.states import Analysis
from tests.disclosure import sample


def lines(report: Report) -> dict[str, sheet.Line]:
    return {line.name: line for section in sheet.compose(report).sections for line in section.lines}


def line(result: ReportResult) -> sheet.Line:
    report = sample.with_status("final", results=(result,), specimens=(sample.SERUM,))
    return lines(report)[result.content.name]


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


@pytest.mark.parametrize("state", [Analysis.REQUESTED, Analysis.READY, Analysis.MEASURED])
def test_a_result_that_nobody_validated_shows_nothing_of_itself(state: Analysis) -> None:
    early = sample.result("X", sample.number("66.6", "g/L"), "HH", state=state, comment="vu à 66,6")
    shown = line(early)
    assert "66" not in repr(shown)
    assert (shown.value, shown.flag, shown.critical, shown.notes) == ("résultat pas encore connu", "", False, ())


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


def test_results_of_a_specimen_accepted_with_reserve_carry_the_warning() -> None:
    bad = msgspec.structs.replace(sample.SERUM, reason="RH")
    report = sample.with_status("final", specimens=(bad, sample.BLOOD))
    laid_out = sheet.compose(report)
    assert laid_out.tubes[0].remark == "Accepté avec réserve\u00a0: hémolyse"
    assert "accepté malgré un défaut" in laid_out.reserve
    assert lines(report)["Sodium"].marks == ("sous réserve",)
    assert lines(report)["Plaquettes"].marks == ()


def test_a_specimen_with_a_defect_and_no_result_was_rejected() -> None:
    bad = msgspec.structs.replace(sample.SERUM, reason="QS")
    gone = sample.result("X", Absent("not-performed"), state="cancelled")
    laid_out = sheet.compose(sample.with_status("final", specimens=(bad,), results=(gone,)))
    assert laid_out.tubes[0].remark == "Refusé\u00a0: volume insuffisant"
    assert laid_out.reserve == ""


def test_an_exception_to_quality_control_is_said_without_the_internal_detail() -> None:
    held = (Hold("QC_REJECTED", "1-3s", "p-bio", "secret reason"),)
    shown = line(sample.result("X", sample.number("1", "g/L"), holds=held))
    assert shown.notes == ("Résultat rendu par dérogation au contrôle de qualité interne.",)
    assert "1-3s" not in repr(shown)
    assert "secret" not in repr(shown)


def test_a_critical_result_stands_at_the_top_and_is_marked_in_its_place() -> None:
    assert sheet.compose(sample.FINAL).critical == ("Potassium\u00a0: 6,8 mmol/L (CRITIQUE haut)",)
    assert lines(sample.FINAL)["Potassium"].critical


def test_a_critical_hold_marks_a_result_whatever_its_flag() -> None:
    held = sample.result("X", sample.number("1", "g/L"), "H", holds=(Hold("CRITICAL", "rule"),))
    assert line(held).critical


def test_names_of_who_reviewed_and_who_released_are_there_once() -> None:
    signers = [(s.meaning, s.name, s.role) for s in sheet.compose(sample.FINAL).signers]
    assert signers == [
        ("Validation technique", "Inès Béranger", "technicien de laboratoire"),
        ("Validation biologique", "Dr Hélène Œuvray", "biologiste médical"),
    ]


def test_a_correction_says_what_changed_and_what_it_replaces() -> None:
    laid_out = sheet.compose(sample.corrected())
    assert laid_out.changes == (
        sheet.Change("Potassium", "6.8 mmol/L (HH)", "4.8 mmol/L", "Tube of another patient was measured"),
    )
    assert "replaces version 1" in laid_out.banner
    assert sheet.Field("Version", "2 (replaces version 1)") in laid_out.report


def test_a_withdrawn_report_has_no_content_of_any_examination() -> None:
    withdrawn = sample.with_status("entered-in-error", pending=("Hémoculture",), changes=sample.corrected().changes)
    words = repr(msgspec.structs.replace(sheet.compose(withdrawn), words={}))
    for planted in ("Potassium", "6,8", "Hémoculture", "Sérum", "serum", sample.SERUM.accession):
        assert planted not in words
    assert "retiré" in words


@pytest.mark.parametrize(("status", "mark"), [("partial", "PARTIEL"), ("preliminary", "PROVISOIRE"), ("final", "")])
def test_what_is_not_final_has_a_watermark_and_a_banner(status: str, mark: str) -> None:
    laid_out = sheet.compose(sample.with_status(status))
    assert laid_out.watermark == mark
    assert bool(laid_out.banner) is bool(mark)


def test_a_time_that_nobody_recorded_is_said_to_be_missing() -> None:
    tube = msgspec.structs.replace(sample.SERUM, collected_at=None)
    assert sheet.compose(sample.with_status("final", specimens=(tube,))).tubes[0].collected == "non renseigné"


def test_a_long_name_is_cut_in_the_header_only_and_says_so() -> None:
    demography = msgspec.structs.replace(sample.PATIENT.demography, family="Long" * 40)
    patient = msgspec.structs.replace(sample.PATIENT, demography=demography)
    laid_out = sheet.compose(sample.with_status("final", patient=patient))
    assert "…" in laid_out.identity
    assert laid_out.patient[0].text.startswith("LONG" * 40)


def test_a_request_without_a_prescriber_is_the_patients_own() -> None:
    asked = msgspec.structs.replace(sample.REQUISITION, prescriber="", prescriber_id="")
    fields = sheet.compose(sample.with_status("final", requisition=asked)).request
    assert fields[0].text == "À la demande du patient"
