"""Dossiers come in: those results that are not here yet, each requisition one act."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aliquot.access import rows
from aliquot.access.acts import LoadHistory
from aliquot.access.grant import Grant
from aliquot.lab import pasts
from aliquot.lab.pasts import Past
from aliquot.legacy import asking, drafts, entrance
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin
from aliquot.legacy.lines import Reader
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Odd, Table
from aliquot.legacy.sorting import Dossier
from aliquot.terms.ids import Id

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
        names = asking.results(self._leave, coming)
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
        heads = tuple(asking.key(dossier, dossier.lines[0]) for dossier in new)
        works = asking.names(self._leave, "requisition", heads)
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
        return drafts.past(
            dossier, self._reader, self._map, self._leave.where, lambda line: names[asking.key(dossier, line)]
        )

    def _whose(self, new: Sequence[Dossier], merged: Mapping[str, Id]) -> tuple[Id, ...]:
        numbers = tuple(dict.fromkeys(dossier.patient for dossier in new))
        own = dict(zip(numbers, asking.names(self._leave, "patient", numbers), strict=True))
        return tuple(merged.get(dossier.patient) or own[dossier.patient] for dossier in new)


def _left(dossier: Dossier, names: Mapping[str, Id], here: frozenset[Id]) -> Iterator[Dossier]:
    """The dossier with the results that are not here yet; none, if all of them are."""
    left = [
        (row, line)
        for row, line in zip(dossier.rows, dossier.lines, strict=True)
        if names[asking.key(dossier, line)] not in here
    ]
    if left:
        found, lines = zip(*left, strict=True)
        yield replace(dossier, rows=found, lines=lines)
