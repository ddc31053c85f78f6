"""What a load asks of custody: the ids of rows, and whom incoming people are the same as.

All that is asked about one portion is asked under one grant: an entry in the history each, and each is durable.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aliquot.access import migrating, rows
from aliquot.access.acts import RunMigration
from aliquot.access.grant import Grant
from aliquot.custody.migration_protocol import Incoming, Verdict
from aliquot.legacy import drafts
from aliquot.legacy.lines import Line
from aliquot.legacy.map import Map
from aliquot.legacy.sorting import Dossier, Found
from aliquot.legacy.source import Cell
from aliquot.terms import canonical
from aliquot.terms.ids import Id

Cells = tuple[Cell, ...]
PARKED: Final[Mapping[str, str]] = {
    "doubtful": "may-be-known-here",
    "erased": "erased-here",
    "another": "number-taken",
}
"""Why somebody waits, or stays, by what custody says of them (`Verdict.says`)."""
AT_ONCE = 1000
"""The most names in one question."""


def key(dossier: Dossier, line: Line) -> str:
    """What a row of results says, in a word of fixed length: the same row has the same, wherever it stands.

    What a map reads behind it is not of the row: under a map that reads more there, it is still the same.
    """
    said = canonical.encode([dossier.patient, dossier.number, *line.cells[: line.own]])
    return hashlib.sha256(said).hexdigest()


def results(grant: Grant[RunMigration], dossiers: Iterable[Dossier]) -> dict[Cells, Id]:
    """The id of each result, by the cells of its row: they say whose it is, and in which dossier."""
    keys = {line.cells: (key(dossier, line), dossier.patient) for dossier in dossiers for line in dossier.lines}
    of, patients = zip(*keys.values(), strict=True) if keys else ((), ())
    return dict(zip(keys, names(grant, "result", of, patients), strict=True))


def registrations(grant: Grant[RunMigration], mandate: bytes, numbers: Sequence[str], tried: int = 0) -> tuple[Id, ...]:
    """The act that registers each of these people, the same at every load under this mandate; one that was lost is
    tried again as the next one. Under another mandate it is another act, for what an act means does not change."""
    return names(grant, f"registration {tried} {mandate.hex()}", numbers)


@dataclass(frozen=True)
class Elsewhere:
    """Results that stand here and came in under another mandate over the same source.

    `unsure` are those whose mandate was never reconciled: nobody has signed that they came over as they were.
    """

    results: frozenset[Id]
    unsure: frozenset[Id]


def elsewhere(grant: Grant[RunMigration], results: Sequence[Id]) -> Elsewhere:
    """Which of these results came in under another mandate, and stand here."""
    told = [migrating.elsewhere(grant, results[start : start + AT_ONCE]) for start in range(0, len(results), AT_ONCE)]
    here = rows.present([Id(one) for some in told for one in some.results])
    return Elsewhere(here, here.intersection(Id(one) for some in told for one in some.unsure))


def works(grant: Grant[RunMigration], dossiers: Sequence[Dossier]) -> tuple[Id, ...]:
    """The requisition that each dossier becomes: named after the first of its rows that come over."""
    heads = tuple(key(dossier, dossier.lines[0]) for dossier in dossiers)
    return names(grant, "requisition", heads, tuple(dossier.patient for dossier in dossiers))


def whose(grant: Grant[RunMigration], dossiers: Sequence[Dossier], merged: Mapping[str, Id]) -> tuple[Id, ...]:
    """The patient of each dossier: who was known here before (`merged`, by old number), or whom the row made."""
    numbers = tuple(dict.fromkeys(dossier.patient for dossier in dossiers))
    own = dict(zip(numbers, names(grant, "patient", numbers), strict=True))
    return tuple(merged.get(dossier.patient) or own[dossier.patient] for dossier in dossiers)


def names(grant: Grant[RunMigration], what: str, keys: Sequence[str], whose: Sequence[str] = ()) -> tuple[Id, ...]:
    """The ids of rows of the source, the same under every mandate over it; beside the ids of those `whose` they are.

    Raises:
        Denial: `migration-state`, `migration-over`.
    """
    return tuple(
        name
        for start in range(0, len(keys), AT_ONCE)
        for name in migrating.names(grant, what, keys[start : start + AT_ONCE], whose[start : start + AT_ONCE])
    )


def verdicts(grant: Grant[RunMigration], drawn: Map, some: Sequence[Found]) -> tuple[Verdict, ...]:
    """For each person of the source: new, the same as somebody who is known here, or doubtful.

    Raises:
        Denial: `mandate`, its count is used up; `migration-state`, `migration-over`.
    """
    incoming = [
        Incoming(found.person.number, found.person.demography, drafts.identifiers(found.person, drawn))
        for found in some
    ]
    return migrating.match(grant, incoming)
