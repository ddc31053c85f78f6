"""What the next version of a report would say: drafted from what was validated, and from nothing else. Pure."""

from dataclasses import dataclass
from datetime import date, datetime

from aliquot.lab import differences, setting, statuses
from aliquot.lab.content import Observation, Report, ReportPatient, ReportResult
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.lab.setting import Setting
from aliquot.lab.statuses import Item
from aliquot.terms import ids, states
from aliquot.terms.errors import Refused

_SHOWN = frozenset(
    {
        states.Analysis.MED_VALIDATED,
        states.Analysis.RELEASED,
        states.Analysis.CANCELLED,
        states.Analysis.WITHDRAWN,
    }
)
_ISSUED_AS_FINAL = frozenset(
    {states.Report.FINAL, states.Report.CORRECTED, states.Report.AMENDED, states.Report.APPENDED}
)


@dataclass(frozen=True)
class Material:
    """What a report is made of. `before` is the version issued last, if there is one."""

    dossier: Dossier
    patient: ReportPatient
    before: Kept[Report] | None
    comment: str


@dataclass(frozen=True)
class Line:
    """One order as the report shows it: its line, or the name under which it is pending, or both under review."""

    state: states.Analysis
    result: ReportResult | None
    pending: str


def draft(made_of: Material, where: Setting, history: tuple[int, bytes], *, at: datetime) -> Report:
    """The next version of a report, unsigned: what would be issued now. Nothing unvalidated is in it.

    Raises:
        Refused: nothing is validated, nothing changed, or what was added is not complete.
    """
    lines = _lines(made_of, where)
    results = tuple(line.result for line in lines if line.result is not None)
    before = made_of.before
    report = Report(
        report=before.content.report if before else ids.new(ids.org_of(made_of.dossier.requisition.id), at).hex(),
        version=before.version + 1 if before else 1,
        status=_status(made_of, lines),
        replaces=before.version if before else 0,
        laboratory=where.laboratory,
        patient=made_of.patient,
        requisition=made_of.dossier.requisition.content,
        specimens=tuple(each.content for each in made_of.dossier.specimens),
        results=results,
        pending=tuple(line.pending for line in lines if line.pending),
        changes=differences.changes(before.content.results, results) if before else (),
        comment=made_of.comment,
        signatures=(),
        issued_at=at,
        history_size=history[0],
        history_root=history[1].hex(),
        sex=made_of.patient.demography.sex,
        collected_on=_collected_on(made_of, where),
    )
    if before and _same(before.content, report):
        raise Refused("report: nothing changed")
    return report


def _lines(made_of: Material, where: Setting) -> list[Line]:
    before = {line.observation: line for line in made_of.before.content.results} if made_of.before else {}
    found: list[Line] = []
    for order in made_of.dossier.orders:
        state = made_of.dossier.state(order)
        if state is None:
            continue
        test, result = setting.test(where, order.content.test), made_of.dossier.current(order)
        if result is not None and state in _SHOWN:
            found.append(Line(state, _line(made_of.dossier, result, test.section), ""))
            continue
        # A released result that is under review is shown as it was issued until its next version is.
        earlier = before.get(result.id.hex()) if result is not None else None
        issued = states.Analysis.RELEASED if earlier else state
        found.append(Line(issued, earlier, setting.name(where, test)))
    return found


def _line(found: Dossier, result: Kept[Observation], section: str) -> ReportResult:
    """The line of a result as it is when the report is issued: what is validated is released by that."""
    released = result.state == states.Analysis.MED_VALIDATED
    return ReportResult(
        observation=result.id.hex(),
        version=result.version + 1 if released else result.version,
        state=states.Analysis.RELEASED if released else result.state,
        section=section,
        accession=found.specimen(result.parents[2]).content.accession,
        content=result.content,
    )


def _status(made_of: Material, lines: list[Line]) -> str:
    before = made_of.before
    earlier = {line.observation: line for line in before.content.results} if before else {}
    rest = statuses.Change.SAME
    if before is not None:
        said = (before.content.patient, before.content.comment)
        rest = differences.of_rest(said, (made_of.patient, made_of.comment))
    final = before is not None and before.state in _ISSUED_AS_FINAL
    items = tuple(_item(line, earlier) for line in lines)
    status = statuses.report(statuses.Draft(items, attested=True, issued_as_final=final, rest=rest))
    if status is states.Report.REGISTERED:
        raise Refused("report: nothing is validated yet")
    return status


def _item(line: Line, earlier: dict[str, ReportResult]) -> Item:
    if line.result is None:
        return Item(line.state, has_value=False)
    change = differences.of_line(earlier.get(line.result.observation), line.result)
    return Item(line.state, has_value=line.state is not states.Analysis.CANCELLED, change=change)


def _same(before: Report, after: Report) -> bool:
    def said(report: Report) -> tuple[object, ...]:
        return report.status, report.patient, report.results, report.comment, report.pending

    return said(before) == said(after)


def _collected_on(made_of: Material, where: Setting) -> date | None:
    taken = [each.content.collected_at for each in made_of.dossier.specimens if each.content.collected_at]
    return setting.day(where, min(taken, default=None))
