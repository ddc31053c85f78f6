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
from aliquot.terms.ids import Id, org_of
from aliquot.terms.kinds import Harm, Kind


class PastResult(msgspec.Struct, frozen=True):
    """One result as the old system said it, by our test code."""

    test: str
    observation: content.Observation


class Past(msgspec.Struct, frozen=True):
    """One closed requisition: what was asked for, the tubes, and what was found."""

    site: str
    requisition: content.Requisition
    tubes: tuple[content.Specimen, ...]
    results: tuple[PastResult, ...]


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
    for result in past.results:
        _write(grant, result, setting.test(where, result.test).harm, tubes[result.test], at=at)
    return requisition


def _tube(grant: Grant[LoadHistory], tube: content.Specimen, at: datetime) -> Id:
    identity = _new(grant, at)
    grant.write(Draft(Kind.SPECIMEN, identity, 1, states.Specimen.ACCEPTED, (grant.act.work,), tube))
    return identity


def _write(grant: Grant[LoadHistory], result: PastResult, harm: Harm, tube: Id, *, at: datetime) -> None:
    order, work = _new(grant, at), grant.act.work
    asked = content.OrderItem(test=result.test, panel="", priority="routine")
    grant.write(Draft(Kind.ORDER, order, 1, states.Order.COMPLETED, (work,), asked, harm))
    parents = (work, order, tube)
    said = result.observation
    grant.write(Draft(Kind.OBSERVATION, _new(grant, at), 1, states.Analysis.RELEASED, parents, said, harm))


def _new(grant: Grant[LoadHistory], at: datetime) -> Id:
    return ids.new(org_of(grant.act.subject), at)
