"""What came over and is not opened again, compared with what the source says: custody says yes or no.

So are people, whoever brought them, and results that another mandate over the same source has brought.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from aliquot.access import migrating, rows
from aliquot.access.rows import Stored
from aliquot.custody import migration_protocol
from aliquot.lab import patients
from aliquot.lab.patients import Registration
from aliquot.legacy import asking
from aliquot.legacy.comparing import PERSON
from aliquot.legacy.entrance import Leave
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

_OF_PEOPLE: Final[Mapping[Kind, str]] = {
    Kind.DEMOGRAPHY: PERSON,
    Kind.TRAITS: "traits",
    Kind.IDENTIFIERS: "identifiers",
    Kind.CONTACT: "contact",
    Kind.NOTE: "note",
}
"""What is kept of a person, as a discrepancy names it."""


class Beside(NamedTuple):
    """A record as it is stored, and what the source says in its place."""

    stored: Stored
    said: msgspec.Struct


def agreeing(leave: Leave, some: Sequence[Beside]) -> list[bool]:
    """Which of these records say what the source says: custody compares, and opens none of them.

    Raises:
        Denial: the migration does not stand, or nothing is loaded yet.
    """
    asked = [migration_protocol.Beside(one.subject, one.row, canonical.encode(said)) for one, said in some]
    told: list[bool] = []
    for start in range(0, len(asked), asking.AT_ONCE):
        with leave.running() as grant:
            told += migrating.compare(grant, asked[start : start + asking.AT_ONCE])
    return told


def people(leave: Leave, some: Sequence[tuple[Id, Registration]], but: Kind | None = None) -> list[str]:
    """Of each of these people, whom the mandate registered, the first kind of record that says something else here than
    their row, or nothing. One kind may be left out.

    Raises:
        Denial: as `agreeing`.
    """
    kinds = [kind for kind in _OF_PEOPLE if kind is not but]
    stored = rows.latest(rows.of_subjects([patient for patient, _ in some], kinds))
    here = {(one.subject, Kind(one.row.kind)): one for one in stored}
    there = {(patient, kind): said for patient, person in some for kind, said in patients.contents(person)}
    places = [(patient, kind) for patient, _ in some for kind in kinds]
    both = [place for place in places if place in here and place in there]
    agree = dict(zip(both, agreeing(leave, [Beside(here[one], there[one]) for one in both]), strict=True))
    wrong = [one for one in places if not agree.get(one, one not in here and one not in there)]
    first = {patient: _OF_PEOPLE[kind] for patient, kind in reversed(wrong)}
    return [first.get(patient, "") for patient, _ in some]


def results(results: Sequence[Id]) -> tuple[dict[Id, Stored], dict[Id, Id]]:
    """The results that stand here under these ids, and of every result of their requisitions the requisition."""
    here = {Id(one.row.id): one for one in rows.latest(rows.of_resources(results))}
    works = {Id(one.row.parents[0]) for one in here.values()}
    beside = rows.of_work(sorted(works), (Kind.OBSERVATION,))
    return here, {Id(one.row.id): Id(one.row.parents[0]) for one in beside}
