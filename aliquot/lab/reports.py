"""Reports: a version is issued once, and never changed by one byte afterwards.

What was wrong is opened again (`corrections`), validated again, and issued as the next version.
"""

from datetime import datetime

import msgspec

from aliquot.access import rows
from aliquot.access.acts import ReadReport, ReleaseReport
from aliquot.access.grant import Draft, Grant, Record
from aliquot.lab import content, dossier, editions, progress, records, repetition, signing, statuses
from aliquot.lab.content import Observation, Report, ReportPatient
from aliquot.lab.dossier import Dossier
from aliquot.lab.editions import Material
from aliquot.lab.records import Kept
from aliquot.lab.setting import Setting
from aliquot.lab.signing import Signer
from aliquot.terms import identifiers, identity, ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Trust
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind

_IDENTITY = (Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS)
_NATIONAL = frozenset({identifiers.NIR_SYSTEM, identifiers.NIA_SYSTEM})
_SHOWN = frozenset({states.Analysis.RELEASED, states.Analysis.CANCELLED, states.Analysis.WITHDRAWN})


class Issued(msgspec.Struct, frozen=True):
    """Everything that was issued about one requisition, oldest first."""

    reports: tuple[Report, ...]
    documents: tuple[content.Document, ...]


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


def release(
    grant: Grant[ReleaseReport], where: Setting, history: tuple[int, bytes], signer: Signer, *, at: datetime
) -> Report | None:
    """Issue the next report version (R3 to R7): it is signed and sealed, its results are released (A8).

    The requisition closes when nothing is outstanding. The caller renders the answer and attaches it in the same act;
    None says that this act was done before, and that there is nothing to render.

    Raises:
        Refused: as `editions.draft`; or the identity is in doubt.
        Denial: `conflict`, something was changed in the meantime.
    """
    if repetition.is_done(grant):
        return None
    made_of = read_material(grant)
    unsigned = editions.draft(made_of, where, history, at=at)
    report = msgspec.structs.replace(unsigned, signatures=(signing.sign(signer, "medical", grant.id, at),))
    _write_results(grant, made_of.dossier, report)
    _write_report(grant, made_of, report)
    _write_work(grant, made_of.dossier)
    progress.after(grant, made_of.dossier.specimens)
    return report


def attach(grant: Grant[ReleaseReport], report: Report, pdf: bytes, fhir: bytes) -> Id:
    """Keep how the version was rendered, in the act that issues it."""
    identifier = ids.new(ids.org_of(grant.id), report.issued_at)
    said = content.Document(report.report, report.version, pdf, fhir)
    parents = (grant.act.work, ids.parse(report.report))
    harm = max((each.harm for each in grant.drafts if each.kind is Kind.REPORT), default=Harm.RESTRICTED)
    grant.write(Draft(Kind.DOCUMENT, identifier, 1, "known", parents, said, harm=harm))
    return identifier


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


def _next(kept: Kept[Observation], state: states.Analysis, said: Observation) -> Draft:
    return Draft(Kind.OBSERVATION, kept.id, kept.version + 1, state, kept.parents, said, harm=kept.harm)
