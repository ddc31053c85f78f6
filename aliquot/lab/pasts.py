"""A past that is brought in under a mandate: closed requisitions with results that were released elsewhere.

Nothing is judged again: range and flag are those that came with the result, and there is no report of ours for it.
"""

from datetime import datetime

import msgspec

from aliquot.access.acts import LoadHistory
from aliquot.access.grant import Draft, Grant
from aliquot.lab import content, progress, repetition, routing, setting
from aliquot.lab.setting import Setting
from aliquot.terms import ids, states
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind


class PastResult(msgspec.Struct, frozen=True):
    """One result as the old system said it, by our test code.

    `id` is that of a row of the source, so that it never comes twice; without one the result gets a new id.
    """

    test: str
    observation: content.Observation
    state: states.Analysis = states.Analysis.RELEASED
    id: Id | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where a requisition came from: the mandate, the old numbers, and the old words of each of its results."""

    mandate: str
    patient: str
    dossier: str
    words: tuple[content.Original, ...]


class Past(msgspec.Struct, frozen=True):
    """One closed requisition: what was asked for, the tubes, and what was found."""

    site: str
    requisition: content.Requisition
    tubes: tuple[content.Specimen, ...]
    results: tuple[PastResult, ...]
    origin: Origin | None = None


def load(grant: Grant[LoadHistory], past: Past, where: Setting, *, at: datetime) -> Id:
    """Write one closed requisition with its released results; the answer is its id.

    Raises:
        Refused: a test is not in the catalogue.
    """
    requisition = Id(grant.act.work)
    if repetition.is_done(grant):
        return requisition
    grant.route(routing.past(requisition, grant.act.subject, past.site, past.requisition.priority, at))
    grant.write(Draft(Kind.REQUISITION, requisition, 1, progress.CLOSED, (), past.requisition, site=past.site))
    tubes = {code: tube for each in past.tubes for tube in (_tube(grant, each, at),) for code in each.tests}
    harms = [setting.test(where, result.test).harm for result in past.results]
    written = [
        _write(grant, result, harm, tubes[result.test], at=at) for result, harm in zip(past.results, harms, strict=True)
    ]
    if past.origin is not None:
        _keep_words(grant, past.origin, written, max(harms), at)
    return requisition


def _tube(grant: Grant[LoadHistory], tube: content.Specimen, at: datetime) -> Id:
    identity = _new(grant, at)
    grant.write(Draft(Kind.SPECIMEN, identity, 1, states.Specimen.ACCEPTED, (grant.act.work,), tube))
    return identity


def _write(grant: Grant[LoadHistory], result: PastResult, harm: Harm, tube: Id, *, at: datetime) -> Id:
    order, work = _new(grant, at), grant.act.work
    asked = content.OrderItem(test=result.test, panel="", priority="routine")
    grant.write(Draft(Kind.ORDER, order, 1, states.Order.COMPLETED, (work,), asked, harm))
    parents = (work, order, tube)
    identity = result.id or _new(grant, at)
    grant.write(Draft(Kind.OBSERVATION, identity, 1, result.state, parents, result.observation, harm))
    return identity


def _keep_words(grant: Grant[LoadHistory], origin: Origin, results: list[Id], harm: Harm, at: datetime) -> None:
    """The old words stay in one record of the worst class among them: a comment may say anything."""
    said = content.Import(
        origin.mandate, origin.patient, origin.dossier, tuple(each.hex() for each in results), origin.words
    )
    grant.write(Draft(Kind.IMPORT, _new(grant, at), 1, "known", (grant.act.work,), said, harm))


def _new(grant: Grant[LoadHistory], at: datetime) -> Id:
    return ids.beside(Id(grant.act.work), at)
