"""Dossiers come in: those results that are not here yet, each requisition one act."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aliquot.access import migrating, rows
from aliquot.access.acts import LoadHistory, RunMigration
from aliquot.access.grant import Grant
from aliquot.lab import pasts
from aliquot.lab.pasts import Past
from aliquot.legacy import drafts, entrance
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin
from aliquot.legacy.lines import Line, Reader
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Odd, Table
from aliquot.legacy.sorting import Dossier
from aliquot.terms import canonical
from aliquot.terms.ids import Id

AT_ONCE = 1000
"""The most names in one question to custody."""

Fate = tuple[Bin, int, str]


class Dossiers:
    """Brings the dossiers of one table in."""

    def __init__(self, leave: Leave, drawn: Map, reader: Reader) -> None:
        self._leave = leave
        self._map = drawn
        self._reader = reader

    def bring(self, some: Sequence[Dossier], merged: Mapping[str, Id], known: Table) -> None:
        """Make these dossiers durable; `known` then says so, and what was odd.

        `merged` says of whom other patients were known before.
        """
        coming = [dossier for dossier in some if dossier.rows[-1] > known.mark]
        if not coming:
            return
        names = self._named(coming)
        here = rows.present(tuple(set(names.values())))
        new = [left for dossier in coming for left in _left(dossier, names, here)]
        if new:
            self._load(new, self._whose(new, merged), names, known)
        known.mark = coming[-1].rows[-1]

    def fates(self, some: Sequence[Dossier], known: Table) -> Iterator[Fate]:
        """What became of each row of dossiers that were brought, now or in an earlier run."""
        odd = {one.row: one for one in known.odd}
        for dossier in some:
            for row in dossier.rows:
                yield (Bin(odd[row].bin), row, odd[row].reason) if row in odd else (Bin.IMPORTED, row, "")

    def _load(self, new: Sequence[Dossier], whose: Sequence[Id], names: Mapping[str, Id], known: Table) -> None:
        heads = tuple(key(dossier, dossier.lines[0]) for dossier in new)
        with self._leave.running() as grant:
            works = _names(grant, "requisition", heads)
        where, at = self._leave.where, self._leave.clock()
        wanted = [
            (LoadHistory(patient, work), self._past(dossier, names))
            for dossier, patient, work in zip(new, whose, works, strict=True)
        ]

        def load(grant: Grant[LoadHistory], past: Past) -> None:
            pasts.load(grant, past, where, at=at)

        for dossier, denial in zip(new, entrance.each(self._leave, wanted, load), strict=True):
            if denial is not None:
                known.odd += [Odd(row, Bin.PARKED, denial.code) for row in dossier.rows]

    def _past(self, dossier: Dossier, names: Mapping[str, Id]) -> Past:
        return drafts.past(dossier, self._reader, self._map, self._leave.where, lambda line: names[key(dossier, line)])

    def _named(self, coming: Sequence[Dossier]) -> dict[str, Id]:
        """The id of each result, by what its row says."""
        keys = tuple(dict.fromkeys(key(dossier, line) for dossier in coming for line in dossier.lines))
        with self._leave.running() as grant:
            return dict(zip(keys, _names(grant, "result", keys), strict=True))

    def _whose(self, new: Sequence[Dossier], merged: Mapping[str, Id]) -> tuple[Id, ...]:
        numbers = tuple(dict.fromkeys(dossier.patient for dossier in new))
        with self._leave.running() as grant:
            own = dict(zip(numbers, _names(grant, "patient", numbers), strict=True))
        return tuple(merged.get(dossier.patient) or own[dossier.patient] for dossier in new)


def key(dossier: Dossier, line: Line) -> str:
    """What a row of results says, in a word of fixed length: the same row has the same, wherever it stands."""
    said = canonical.encode([dossier.patient, dossier.number, *line.cells])
    return hashlib.sha256(said).hexdigest()


def _names(grant: Grant[RunMigration], what: str, keys: Sequence[str]) -> tuple[Id, ...]:
    return tuple(
        name
        for start in range(0, len(keys), AT_ONCE)
        for name in migrating.names(grant, what, keys[start : start + AT_ONCE])
    )


def _left(dossier: Dossier, names: Mapping[str, Id], here: frozenset[Id]) -> Iterator[Dossier]:
    """The dossier with the results that are not here yet; none, if all of them are."""
    left = [
        (row, line)
        for row, line in zip(dossier.rows, dossier.lines, strict=True)
        if names[key(dossier, line)] not in here
    ]
    if left:
        found, lines = zip(*left, strict=True)
        yield replace(dossier, rows=found, lines=lines)
