import msgspec
import pytest

from aliquot.disclosure import lines, sheet
from aliquot.lab.content import Hold, Report, ReportResult
from aliquot.terms.quantities import Absent
from aliquot.terms.states import Analysis
from tests.disclosure import sample


def line(result: ReportResult) -> lines.Line:
    return lines.line(result, sample.with_status("final", results=(result,), specimens=(sample.SERUM,)))


def every_line(report: Report) -> dict[str, lines.Line]:
    return {line.name: line for section in sheet.compose(report).sections for line in section.lines}


@pytest.mark.parametrize("state", [Analysis.REQUESTED, Analysis.READY, Analysis.MEASURED])
def test_a_result_that_nobody_validated_shows_nothing_of_itself(state: Analysis) -> None:
    early = sample.result("X", sample.number("66.6", "g/L"), "HH", state=state, comment="vu à 66,6")
    shown = line(early)
    assert "66" not in repr(shown)
    assert (shown.value, shown.flag, shown.critical, shown.notes) == ("résultat pas encore connu", "", False, ())


def test_results_of_a_specimen_accepted_with_reserve_carry_the_warning() -> None:
    bad = msgspec.structs.replace(sample.SERUM, reason="RH")
    report = sample.with_status("final", specimens=(bad, sample.BLOOD))
    laid_out = sheet.compose(report)
    assert laid_out.tubes[0].remark == "Accepté avec réserve\u00a0: hémolyse"
    assert "accepté malgré un défaut" in laid_out.reserve
    assert every_line(report)["Sodium"].marks == ("sous réserve",)
    assert every_line(report)["Plaquettes"].marks == ()


def test_a_specimen_with_a_defect_and_no_result_was_rejected() -> None:
    bad = msgspec.structs.replace(sample.SERUM, reason="QS")
    gone = sample.result("X", Absent("not-performed"), state="cancelled")
    laid_out = sheet.compose(sample.with_status("final", specimens=(bad,), results=(gone,)))
    assert laid_out.tubes[0].remark == "Refusé\u00a0: volume insuffisant"
    assert laid_out.reserve == ""


def test_a_critical_hold_marks_a_result_whatever_its_flag() -> None:
    held = sample.result("X", sample.number("1", "g/L"), "H", holds=(Hold("CRITICAL", "rule"),))
    assert line(held).critical
