"""Reports: a version is drafted from what was validated, issued once, and never changed by one byte afterwards.

What was wrong is opened again, validated again, and issued as the next version, which says what changed and why.
"""

from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from aliquot.access import rows
from aliquot.access.acts import CorrectResult, ReadReport, ReleaseReport
from aliquot.access.grant import Draft, Grant, Record
from aliquot.custody.denial import Denial
from aliquot.lab import content, differences, dossier, progress, records, repetition, setting, signing, statuses
from aliquot.lab.content import Observation, Report, ReportPatient, ReportResult
from aliquot.lab.dossier import Dossier
from aliquot.lab.records import Kept
from aliquot.lab.setting import Setting
from aliquot.lab.signing import Signer
from aliquot.lab.statuses import Item
from aliquot.terms import identifiers, identity, ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Trust
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.terms.quantities import Value

_IDENTITY = (Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS)
_NATIONAL = frozenset({identifiers.NIR_SYSTEM, identifiers.NIA_SYSTEM})
_SHOWN = frozenset({states.Analysis.RELEASED, states.Analysis.CANCELLED, states.Analysis.WITHDRAWN})
_ISSUED_AS_FINAL = frozenset(
    {states.Report.FINAL, states.Report.CORRECTED, states.Report.AMENDED, states.Report.APPENDED}
)


class Correction(msgspec.Struct, frozen=True):
    """A released result in the version that was seen, why it is opened again, and the right value if it is known."""

    observation: Id
    version: int
    reason: str
    value: Value | None = None


class Issued(msgspec.Struct, frozen=True):
    """Everything that was issued about one requisition, oldest first."""

    reports: tuple[Report, ...]
    documents: tuple[content.Document, ...]


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


def read_material(grant: Grant[ReleaseReport]) -> Material:
    """Everything that a report of the act's requisition may say.

    Raises:
        Refused: the patient's identity is in doubt.
        Broken: rows of this patient are missing.
    """
    who = rows.of_subject(grant.act.subject, _IDENTITY)
    opened = dossier.read_whole(grant, *who)
    found = dossier.of(opened)
    versions = records.of(opened, Kind.REPORT, Report)
    notes = records.of(opened, Kind.COMMENT, identity.Note)
    return Material(
        found,
        _patient(grant.act.subject, opened),
        versions[-1] if versions else None,
        next((each.content.text for each in notes if each.parents == (found.requisition.id,)), ""),
    )


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


def release(
    grant: Grant[ReleaseReport], where: Setting, history: tuple[int, bytes], signer: Signer, *, at: datetime
) -> Report | None:
    """Issue the next report version (R3 to R7): it is signed and sealed, its results are released (A8).

    The requisition closes when nothing is outstanding. The caller renders the answer and attaches it in the same act;
    None says that this act was done before, and that there is nothing to render.

    Raises:
        Refused: as `draft`; or the identity is in doubt.
        Denial: `conflict`, something was changed in the meantime.
    """
    if repetition.is_done(grant):
        return None
    made_of = read_material(grant)
    unsigned = draft(made_of, where, history, at=at)
    report = msgspec.structs.replace(unsigned, signatures=(signing.sign(signer, "medical", grant.id, at),))
    _write_results(grant, made_of.dossier, report)
    _write_report(grant, made_of, report)
    _write_work(grant, made_of.dossier)
    progress.after(grant, made_of.dossier.specimens)
    return report


def attach(grant: Grant[ReleaseReport], report: Report, pdf: bytes, fhir: bytes) -> Id:
    """Keep how the version was rendered, in the act that issues it.

    Raises:
        Refused: when the `with` ends, if both together are over 1 MiB in base64.
    """
    identifier = ids.new(ids.org_of(grant.id), report.issued_at)
    said = content.Document(report.report, report.version, pdf, fhir)
    parents = (grant.act.work, ids.parse(report.report))
    harm = max((each.harm for each in grant.drafts if each.kind is Kind.REPORT), default=Harm.RESTRICTED)
    grant.write(Draft(Kind.DOCUMENT, identifier, 1, "known", parents, said, harm=harm))
    return identifier


def correct(grant: Grant[CorrectResult], correction: Correction, signer: Signer, *, at: datetime) -> Id:
    """Open the next version of a released result (A10): the rules look at it, and it is validated and issued anew.

    The released version and its report stay as they are and stay current until the next is issued.

    Raises:
        Refused: no reason, or the result is not released.
        Denial: `conflict`.
        Broken: rows of this patient are missing.
    """
    if repetition.is_done(grant):
        return correction.observation
    if not correction.reason.strip():
        raise Refused("correct.reason: a reason is needed")
    found = dossier.of(dossier.read_whole(grant))
    released = found.observation(correction.observation)
    if released.version != correction.version:
        raise Denial("conflict", "this was changed in the meantime; read it again")
    statuses.may(statuses.ANALYSIS, states.Analysis(released.state), states.Analysis.MEASURED, signer.role)
    if released.state != states.Analysis.RELEASED:
        raise Refused("A10: only a released result is corrected")
    said = _opened_again(released.content, correction, signer)
    said = msgspec.structs.replace(said, signatures=(signing.sign(signer, "correction", grant.id, at),))
    grant.write(_next(released, states.Analysis.MEASURED, said))
    if found.requisition.state == progress.CLOSED:
        kept = found.requisition
        grant.write(
            Draft(Kind.REQUISITION, kept.id, kept.version + 1, progress.OPEN, kept.parents, kept.content, kept.harm)
        )
    tube = found.specimen(released.parents[2])
    progress.after(grant, (tube,))
    progress.rules(grant, tube.id, at)
    return released.id


def read(grant: Grant[ReadReport]) -> Issued:
    """Every version that was issued about the act's requisition, and how it was rendered."""
    work = rows.of_work((Id(grant.act.work),), (Kind.REPORT, Kind.DOCUMENT))
    opened = grant.read(work, history=True)
    return Issued(
        tuple(each.content for each in records.of(opened, Kind.REPORT, Report)),
        tuple(each.content for each in records.of(opened, Kind.DOCUMENT, content.Document)),
    )


def _patient(subject: Id, opened: list[Record]) -> ReportPatient:
    """Who the report is about; the national number stands on it only where the identity is qualified (RNIV)."""
    demography = records.one(opened, Kind.DEMOGRAPHY, identity.Demography).content
    traits = next((each.content for each in records.of(opened, Kind.TRAITS, identity.Traits)), None)
    if traits is not None and (traits.doubtful or traits.fictitious):
        raise Refused("report: the patient's identity is in doubt")
    numbers = [
        each for kept in records.of(opened, Kind.IDENTIFIERS, identity.Identifiers) for each in kept.content.identifiers
    ]
    qualified = traits is not None and traits.trust is Trust.QUALIFIED
    return ReportPatient(
        patient=subject.hex(),
        demography=demography,
        birth_family=traits.birth_family if traits else "",
        file_number=next((each.value for each in numbers if each.system == identifiers.FILE_NUMBER_SYSTEM), ""),
        national_number=next((each.value for each in numbers if qualified and each.system in _NATIONAL), ""),
    )


def _lines(made_of: Material, where: Setting) -> list[Line]:
    before = {line.observation: line for line in made_of.before.content.results} if made_of.before else {}
    found: list[Line] = []
    for order in made_of.dossier.orders:
        state = made_of.dossier.state(order)
        if state is None:
            continue
        test, result = setting.test(where, order.content.test), made_of.dossier.current(order)
        if result is not None and (state in _SHOWN or state is states.Analysis.MED_VALIDATED):
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
    items = tuple(
        Item(
            state=line.state,
            has_value=line.result is not None and line.state is not states.Analysis.CANCELLED,
            change=differences.of_line(earlier.get(line.result.observation), line.result)
            if line.result is not None
            else statuses.Change.SAME,
        )
        for line in lines
    )
    status = statuses.report(
        statuses.Draft(
            items,
            attested=True,
            issued_as_final=before is not None and before.state in _ISSUED_AS_FINAL,
            rest=differences.of_rest(
                (before.content.patient, before.content.comment), (made_of.patient, made_of.comment)
            )
            if before
            else statuses.Change.SAME,
        )
    )
    if status is states.Report.REGISTERED:
        raise Refused("report: nothing is validated yet")
    return status


def _same(before: Report, after: Report) -> bool:
    def said(report: Report) -> tuple[object, ...]:
        return report.status, report.patient, report.results, report.comment, report.pending

    return said(before) == said(after)


def _collected_on(made_of: Material, where: Setting) -> date | None:
    taken = [each.content.collected_at for each in made_of.dossier.specimens if each.content.collected_at]
    return setting.day(where, min(taken, default=None))


def _write_results(grant: Grant[ReleaseReport], found: Dossier, report: Report) -> None:
    for line in report.results:
        result = found.observation(ids.parse(line.observation))
        if result.state == states.Analysis.MED_VALIDATED:
            grant.write(_next(result, states.Analysis.RELEASED, result.content))


def _write_report(grant: Grant[ReleaseReport], made_of: Material, report: Report) -> None:
    identifiers_shown = {line.observation for line in report.results}
    harm = max(
        (each.harm for each in made_of.dossier.observations if each.id.hex() in identifiers_shown),
        default=Harm.NORMAL,
    )
    parents = (made_of.dossier.requisition.id,)
    identifier = ids.parse(report.report)
    grant.write(Draft(Kind.REPORT, identifier, report.version, report.status, parents, report, harm=harm))


def _write_work(grant: Grant[ReleaseReport], found: Dossier) -> None:
    """Orders are completed (O5) and the requisition closed as far as this act's own writes lead."""
    released = {each.id: each.state for each in grant.drafts}
    over: list[bool] = []
    for order in found.orders:
        state = found.state(order)
        result = found.current(order)
        if state is None:
            continue
        if result is not None:
            state = states.Analysis(released.get(result.id, result.state))
        over.append(state in _SHOWN)
        after = statuses.order(states.Order(order.state), [state])
        if after != order.state:
            grant.write(Draft(Kind.ORDER, order.id, order.version + 1, after, order.parents, order.content, order.harm))
    kept = found.requisition
    if all(over) and kept.state == progress.OPEN:
        grant.write(
            Draft(Kind.REQUISITION, kept.id, kept.version + 1, progress.CLOSED, kept.parents, kept.content, kept.harm)
        )


def _opened_again(said: Observation, correction: Correction, signer: Signer) -> Observation:
    """A result that the rules have not looked at, with the right value where it is known."""
    opened = msgspec.structs.replace(
        said, reference=None, flag="", holds=(), rules="", comment="", reason=correction.reason
    )
    if correction.value is None:
        return opened
    return msgspec.structs.replace(opened, value=correction.value, typed_by=signer.person, instrument_flags=())


def _next(kept: Kept[Observation], state: states.Analysis, said: Observation) -> Draft:
    return Draft(Kind.OBSERVATION, kept.id, kept.version + 1, state, kept.parents, said, harm=kept.harm)
