"""Dossiers come in: those results that are not here yet, each requisition one act."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from aliquot.access import rows
from aliquot.access.acts import LoadHistory
from aliquot.access.grant import Grant
from aliquot.lab import pasts
from aliquot.lab.pasts import Past
from aliquot.legacy import asking, drafts, entrance
from aliquot.legacy.asking import Cells
from aliquot.legacy.entrance import Leave, Wanted
from aliquot.legacy.fates import ELSEWHERE, Bin
from aliquot.legacy.lines import Line, Reader
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Odd
from aliquot.legacy.sorting import Dossier
from aliquot.terms.ids import Id

Fate = tuple[Bin, int, str]


@dataclass(frozen=True)
class Left:
    """A dossier, or some of its results, that custody did not let in or another mandate has brought; and why."""

    dossier: Dossier
    why: str


class Dossiers:
    """Brings the dossiers of one table in."""

    def __init__(self, leave: Leave, drawn: Map, reader: Reader, merged: Mapping[str, Id], mark: int) -> None:
        """`merged` says of whom other patients were known before; up to the row `mark` everything is here."""
        self._leave = leave
        self._map = drawn
        self._reader = reader
        self._merged = merged
        self._mark = mark

    def bring(self, some: Sequence[Dossier]) -> list[Left]:
        """Make these dossiers durable; the answer is what was not let in, and what is here under another mandate.

        Several threads may be at it, with others.
        """
        coming = [dossier for dossier in some if dossier.rows[-1] > self._mark]
        if not coming:
            return []
        leave = entrance.here(self._leave)
        with leave.running() as grant:
            names = asking.results(grant, coming)
            here = rows.present(tuple(set(names.values())))
            others = asking.elsewhere(grant, tuple(here)).results
            new = [left for dossier in coming for left in part(dossier, lambda line: names[line.cells] not in here)]
            works = asking.works(grant, new)
            whose = asking.whose(grant, new, self._merged)
        wanted = [
            Wanted(LoadHistory(patient, work), self._past(dossier, names))
            for dossier, patient, work in zip(new, whose, works, strict=True)
        ]
        apart = [left for dossier in coming for left in part(dossier, lambda line: names[line.cells] in others)]
        brought = self._load(leave, new, wanted) if new else []
        return [*brought, *(Left(dossier, ELSEWHERE) for dossier in apart)]

    def _load(self, leave: Leave, new: Sequence[Dossier], wanted: Sequence[Wanted[LoadHistory, Past]]) -> list[Left]:
        where, at = leave.where, leave.clock()

        def load(grant: Grant[LoadHistory], past: Past) -> None:
            pasts.load(grant, past, where, at=at)

        denied = zip(new, entrance.each(leave, wanted, load), strict=True)
        return [Left(dossier, why.code) for dossier, why in denied if why is not None]

    def _past(self, dossier: Dossier, names: Mapping[Cells, Id]) -> Past:
        return drafts.past(dossier, self._reader, self._map, self._leave.where, lambda line: names[line.cells])


def fates(some: Sequence[Dossier], odd: Mapping[int, Odd], elsewhere: Set[int]) -> Iterator[Fate]:
    """What became of each row of dossiers that were brought, now or in an earlier run, or under another mandate."""
    for dossier in some:
        for row in dossier.rows:
            if row in elsewhere:
                yield Bin.DUPLICATE, row, ELSEWHERE
            else:
                yield (Bin.PARKED, row, odd[row].reason) if row in odd else (Bin.IMPORTED, row, "")


def part(dossier: Dossier, of: Callable[[Line], bool]) -> Iterator[Dossier]:
    """The dossier with only these of its results; none, if it has none of them."""
    left = [(row, line) for row, line in zip(dossier.rows, dossier.lines, strict=True) if of(line)]
    if left:
        found, lines = zip(*left, strict=True)
        yield replace(dossier, rows=found, lines=lines)
