"""A dossier as a biologist reads it: who, why, what was found, and what was found before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aliquot.access import rows
from aliquot.access.acts import OpenDossier, OpenRestricted
from aliquot.access.grant import Grant, Record
from aliquot.lab import dossier, records
from aliquot.lab.catalogue import Catalogue
from aliquot.lab.content import Observation
from aliquot.lab.dossier import Dossier
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.identity import Demography, Note
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.web import findings, trends
from aliquot.web.findings import Finding
from aliquot.web.trends import Past, Trend

_KINDS = (*dossier.KINDS, Kind.DEMOGRAPHY, Kind.CLINICAL_NOTE, Kind.COMMENT)
_SHOWN = 3
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """One requisition with the patient's earlier results. `missing` counts rows that are gone from the record."""

    dossier: Dossier
    demography: Demography
    notes: Sequence[str]
    comment: str
    earlier: dict[str, list[Observation]]
    withheld: int
    missing: int


@dataclass(frozen=True)
class Line:
    """One examination with its past, the newest first, and the drawing of both."""

    one: Finding
    before: Sequence[Past]
    trend: Trend | None


def read(grant: Grant[OpenDossier] | Grant[OpenRestricted]) -> Case:
    """The case of the act's requisition, as far as the act may see it.

    Raises:
        Broken: a row is not what was kept.
    """
    stored = rows.of_subject(grant.act.subject, _KINDS)
    opened = grant.read(stored, whole=True)
    work = Id(grant.act.work)
    mine = [each for each in opened if each.id == work or each.parents[:1] == (work,)]
    asked = sum(one.row.kind == Kind.ORDER and one.row.parents[0] == work for one in rows.latest(stored))
    comments = records.of(mine, Kind.COMMENT, Note)
    found = dossier.of(mine)
    return Case(
        dossier=found,
        demography=records.one(opened, Kind.DEMOGRAPHY, Demography).content,
        notes=[each.content.text for each in records.of(mine, Kind.CLINICAL_NOTE, Note)],
        comment=next((each.content.text for each in comments if each.parents == (work,)), ""),
        earlier=_earlier(opened, work),
        withheld=asked - len(found.orders),
        missing=grant.missing,
    )


def lines(case: Case, tests: Catalogue, role: Role) -> list[Line]:
    """Each examination of the case with what was found before."""
    now = {each.id.hex(): each.content for each in case.dossier.observations}
    return [
        _line(one, case.earlier.get(one.test, []), now.get(one.id) if one.value else None, tests)
        for one in findings.of_dossier(case.dossier, tests, role)
    ]


def _earlier(opened: Sequence[Record], work: Id) -> dict[str, list[Observation]]:
    """What was released under other requisitions, by test, the oldest first."""
    found: dict[str, list[Observation]] = {}
    for each in records.of(opened, Kind.OBSERVATION, Observation):
        if each.parents[0] != work and each.state == states.Analysis.RELEASED:
            found.setdefault(each.content.test, []).append(each.content)
    for of_test in found.values():
        of_test.sort(key=_at)
    return found


def _at(said: Observation) -> datetime:
    return said.collected_at or said.measured_at or _LONG_AGO


def _line(one: Finding, before: list[Observation], now: Observation | None, tests: Catalogue) -> Line:
    newest_first = list(reversed(before))[:_SHOWN]
    return Line(one, [_past(each, tests) for each in newest_first], trends.trend(before, now))


def _past(said: Observation, tests: Catalogue) -> Past:
    text, unit = findings.value(findings.known(tests, said.test), said.value)
    flag = findings.flag(said.flag)
    return Past(said.collected_at or said.measured_at, text, unit, str(flag.text) if flag and flag.shape else "")
