"""The load: people and their results come in through the door that everyone uses, under the mandate's own leave.

Nothing is doubled: people and results have ids that custody derives from what the source says, and what is there
already is left alone. A load may be killed anywhere and begun again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

from django.db import connections

from aliquot.access.acts import RegisterPatient
from aliquot.access.grant import Grant
from aliquot.lab import patients
from aliquot.legacy import asking, dossiers, drafts, entrance, rehearsal
from aliquot.legacy import map as maps
from aliquot.legacy.belt import Belt
from aliquot.legacy.dossiers import Dossiers
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Account, Bin, Sums
from aliquot.legacy.lines import Reader
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.sorting import Dossier, Found, Sorter
from aliquot.terms.ids import Id
from aliquot.terms.mandates import Scope, Table

PEOPLE_AT_ONCE = 500
RESULTS_AT_ONCE = 1500

T = TypeVar("T")
Settled = Callable[[Progress], None]
"""Called after each batch, when everything up to its mark is durable."""


class Load:
    """One run of a load; its account fills while it runs."""

    def __init__(self, leave: Leave, drawn: Map, scope: Scope, progress: Progress, settled: Settled) -> None:
        """Raises Refused: the map does not fit the mandate or the catalogue."""
        maps.check(drawn, scope, leave.where.catalogue)
        self._leave = leave
        self._map = drawn
        self._scope = scope
        self._progress = progress
        self._settled = settled
        self.account = Account()
        self._sorter = Sorter(drawn, leave.where.catalogue, self.account, leave.clock().date())
        self._merged: dict[str, Id] = {}

    def run(self, reading: Reading) -> Sums:
        """Bring everything that the mandate names and the map knows; the answer accounts for every row.

        Raises:
            Denial: custody lets nothing more in: the mandate is used up or over, or loading was not signed.
            Refused: the source cannot be read any further.
        """
        for table in rehearsal.of_people(self._map, self._scope):
            for some in portions(self._sorter.people(table, reading.rows(table.name)), PEOPLE_AT_ONCE, one_of):
                self._bring_people(table, some)
                self._settled(self._progress)
            rehearsal.dropped(self.account, reading, table)
        for table in rehearsal.of_results(self._map, self._scope):
            self._bring_results(table, self._sorter.results(table, reading.rows(table.name)))
            rehearsal.dropped(self.account, reading, table)
        return rehearsal.closed(self.account)

    def _bring_results(self, table: Table, found: Iterable[Dossier]) -> None:
        known = self._progress.table(table.name)
        reader = Reader(self._map, table, self._leave.where.catalogue)
        bringing = Dossiers(self._leave, self._map, reader, self._merged, known.mark)
        odd = {one.row: one for one in known.odd}
        coming = portions(found, RESULTS_AT_ONCE, lines_of)
        with closing(Belt(bringing.bring, self._part)) as belt, closing(belt.run(coming, _about)) as brought:
            for some, found_odd in brought:
                known.odd += found_odd
                known.mark = max(known.mark, some[-1].rows[-1])
                odd |= {one.row: one for one in found_odd}
                for fate in dossiers.fates(some, odd):
                    self.account.fate(table.name, *fate)
                self._settled(self._progress)

    def _bring_people(self, table: Table, some: Sequence[Found]) -> None:
        """Those whom nobody knows are registered; who is here already is merged; who may be somebody waits."""
        new: list[tuple[Found, Id]] = []
        for found, verdict in zip(some, asking.verdicts(entrance.here(self._leave), self._map, some), strict=True):
            if verdict.says == "nobody":
                new.append((found, Id(verdict.row)))
            elif verdict.says == "doubtful":
                self._park(table, found, "may-be-known-here")
            elif verdict.patient == verdict.row:
                self.account.fate(table.name, Bin.IMPORTED, found.row)
            else:
                self._merged[found.person.number] = Id(verdict.patient)
                self.account.fate(table.name, Bin.MERGED, found.row, "known-here")
        first, like_them = _apart(new)
        self._register(table, first)
        if like_them:
            # Custody compares with who is kept; those who are like somebody of this batch are asked about again.
            self._bring_people(table, [found for found, _ in like_them])

    def _register(self, table: Table, new: Sequence[tuple[Found, Id]]) -> None:
        at = self._leave.clock()

        def register(grant: Grant[RegisterPatient], found: Found) -> None:
            patients.register(grant, drafts.registration(found.person, self._map, at), at=at)

        denied = entrance.each(
            entrance.here(self._leave), [(RegisterPatient(patient), found) for found, patient in new], register
        )
        for (found, _), denial in zip(new, denied, strict=True):
            if denial is None:
                self.account.fate(table.name, Bin.IMPORTED, found.row)
            else:
                self._park(table, found, denial.code)

    def _part(self) -> None:
        """Close what this thread had of its own."""
        self._leave.actor.line.hang_up()
        connections.close_all()

    def _park(self, table: Table, found: Found, reason: str) -> None:
        self._sorter.park(found.person.number)
        self.account.fate(table.name, Bin.PARKED, found.row, reason)


def portions(items: Iterable[T], most: int, weight: Callable[[T], int]) -> Iterator[list[T]]:
    """Items in lists of about the same weight, in their order."""
    some: list[T] = []
    heavy = 0
    for item in items:
        some.append(item)
        heavy += weight(item)
        if heavy >= most:
            yield some
            some, heavy = [], 0
    if some:
        yield some


def _about(some: Sequence[Dossier]) -> frozenset[tuple[str, str]]:
    """Rows of one dossier may be the same row twice: they are never on their way at the same time."""
    return frozenset((dossier.patient, dossier.number) for dossier in some)


def one_of(_: Found) -> int:
    """A person weighs one."""
    return 1


def lines_of(dossier: Dossier) -> int:
    """A dossier weighs its results."""
    return len(dossier.lines)


def _apart(new: Sequence[tuple[Found, Id]]) -> tuple[list[tuple[Found, Id]], list[tuple[Found, Id]]]:
    """Those who are like nobody else of the batch before them, and the others: one number, or one day of birth."""
    first: list[tuple[Found, Id]] = []
    like_them: list[tuple[Found, Id]] = []
    seen: set[object] = set()
    for one in new:
        person = one[0].person
        marks = {person.demography.born_on, person.nir or person.demography.born_on}
        (like_them if marks & seen else first).append(one)
        seen |= marks
    return first, like_them
