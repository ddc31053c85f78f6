"""A patient's earlier results, as they were released: what a biologist compares with, and what the rules do."""

from collections.abc import Collection

from aliquot.access import rows
from aliquot.access.acts import Act, OpenDossier, OpenRestricted
from aliquot.access.grant import Grant
from aliquot.access.rows import Stored
from aliquot.lab import records
from aliquot.lab.content import Observation
from aliquot.lab.records import Kept
from aliquot.terms import states
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

_WEEK = slice(4, 6)


def shown(grant: Grant[OpenDossier | OpenRestricted]) -> tuple[Kept[Observation], ...]:
    """The earlier results of the patient's other requisitions; what the act may not see is left out.

    The released ones come first, then those of an old system of which nobody knows whether they were validated.

    Raises:
        Broken: one of them is not what was kept.
    """
    known = (*released(grant, ()), *_unknown(grant))
    others = [one for one in known if one.row.parents[0] != grant.act.work]
    found = records.of(grant.read(others, history=True), Kind.OBSERVATION, Observation) if others else []
    return tuple(found)


def released(grant: Grant[Act], but: Collection[Id], since_week: int = 0) -> list[Stored]:
    """Of every result of the patient the version that was released last; withdrawn ones count no more.

    What is under review counts as it was released. `but` are left out, and what was filed before a week of `ids.week`.
    """
    versions: dict[bytes, list[Stored]] = {}
    for one in rows.of_subject(grant.act.subject, (Kind.OBSERVATION,)):
        if one.row.id not in but and int.from_bytes(one.row.id[_WEEK], "big") >= since_week:
            versions.setdefault(one.row.id, []).append(one)
    found: list[Stored] = []
    for of_one in versions.values():
        issued = [one for one in of_one if one.row.state == states.Analysis.RELEASED]
        if issued and of_one[-1].row.state != states.Analysis.WITHDRAWN:
            found.append(issued[-1])
    return found


def _unknown(grant: Grant[OpenDossier | OpenRestricted]) -> list[Stored]:
    stored = rows.of_subject(grant.act.subject, (Kind.OBSERVATION,))
    return [one for one in rows.latest(stored) if one.row.state == states.Analysis.UNKNOWN]
