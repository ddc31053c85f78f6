import msgspec
import pytest

from aliquot.disclosure import sheet
from aliquot.lab.content import Report
from tests.disclosure import sample


def critical(report: Report) -> set[str]:
    return {line.name for section in sheet.compose(report).sections for line in section.lines if line.critical}


def test_a_critical_result_stands_at_the_top_and_is_marked_in_its_place() -> None:
    assert sheet.compose(sample.FINAL).critical == ("Potassium\u00a0: 6,8 mmol/L (CRITIQUE haut)",)
    assert critical(sample.FINAL) == {"Potassium"}


def test_names_of_who_reviewed_and_who_released_are_there_once() -> None:
    signers = [(s.meaning, s.name, s.role) for s in sheet.compose(sample.FINAL).signers]
    assert signers == [
        ("Validation technique", "Inès Béranger", "technicien de laboratoire"),
        ("Validation biologique", "Dr Hélène Œuvray", "biologiste médical"),
    ]


def test_a_correction_says_what_changed_and_what_it_replaces() -> None:
    laid_out = sheet.compose(sample.corrected())
    assert laid_out.changes == (
        sheet.Change(
            "Potassium", "6.8\u00a0mmol/L (CRITICAL high)", "4.8\u00a0mmol/L", "Tube of another patient was measured"
        ),
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
