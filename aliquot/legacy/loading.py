"""The load: people and their results come in through the door that everyone uses, under the mandate's own leave.

Nothing is doubled: people and results have ids that custody derives from what the source says, and what is there
already is left alone, under whichever mandate over this source it came. A load may be killed anywhere and begun again.
"""

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing

from aliquot.access import rows
from aliquot.access.acts import RegisterPatient
from aliquot.access.grant import Grant
from aliquot.lab import patients
from aliquot.legacy import asking, dossiers, drafts, entrance, joining, portions, progress, rehearsal
from aliquot.legacy import map as maps
from aliquot.legacy.belt import Belt
from aliquot.legacy.dossiers import Dossiers, Left
from aliquot.legacy.entrance import Leave, Wanted
from aliquot.legacy.fates import ELSEWHERE, Account, Bin, Sums
from aliquot.legacy.joining import Joined
from aliquot.legacy.lines import Reader
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Odd, Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.sorting import Dossier, Found, Sorter
from aliquot.terms.ids import Id
from aliquot.terms.mandates import Scope, Table

_CONFLICT = "conflict"
"""Somebody is saving this: a load that was killed, until the worker has found out what became of it."""
_BEING_SAVED = "being-saved"
_NOT_ODD = frozenset({_CONFLICT, ELSEWHERE})
_PAUSE_S = 5.0
_TRIES = 24
"""Twice as long as an act may be unended before the worker settles it (`access.settlement`)."""

RESULTS_AT_ONCE = 2500
"""In about 400 acts. With 1,500 a load took a quarter longer; each lane holds one such portion."""

Settled = Callable[[Progress], None]
"""Called after each batch, when everything up to its mark is durable."""


class Load:
    """One run of a load; its account fills while it runs."""

    def __init__(self, leave: Leave, drawn: Map, scope: Scope, reached: Progress, settled: Settled) -> None:
        """Raises Refused: the map does not fit the mandate or the catalogue."""
        maps.check(drawn, scope, leave.where.catalogue)
        self._leave = leave
        self._map = drawn
        self._scope = scope
        self._progress = reached
        self._settled = settled
        self.account = Account()
        self._sorter = Sorter(drawn, leave.where.catalogue, self.account, leave.clock().date())
        self._merged: dict[str, Id] = {}
        self._waiting: list[tuple[str, int]] = []
        self._unsettled: list[tuple[Found, Id]] = []

    def run(self, reading: Reading) -> Sums:
        """Bring everything that the mandate names and the map knows; the answer accounts for every row.

        Raises:
            Denial: custody lets nothing more in: the mandate is used up or over, or loading was not signed.
            Refused: the source cannot be read any further.
        """
        joined = Joined(reading, self._map, self._scope, self.account)
        for table in rehearsal.of_people(self._map, self._scope):
            for some in portions.of_people(self._sorter.people(table, joined.rows(table))):
                self._bring_people(table, some)
                self._settled(self._progress)
            self._wait_for_people(table)
            joining.dropped(self.account, reading, table)
        self._progress.wait(self._waiting)
        for table in rehearsal.of_results(self._map, self._scope):
            self._bring_results(table, self._sorter.results(table, joined.rows(table)))
            joining.dropped(self.account, reading, table)
        joined.settle()
        return rehearsal.closed(self.account)

    def _bring_results(self, table: Table, found: Iterable[Dossier]) -> None:
        known = self._progress.table(table.name)
        reader = Reader(self._map, table, self._leave.where.catalogue)
        bringing = Dossiers(self._leave, self._map, reader, self._merged, known.mark)
        book = _Book(self.account, table.name, known)
        coming = portions.of_results(found, RESULTS_AT_ONCE)
        with (
            closing(Belt(bringing.bring, self._leave.actor.line)) as belt,
            closing(belt.run(coming, _about)) as brought,
        ):
            for some, left in brought:
                book.enter(some, left)
                self._settled(self._progress)
        for _ in range(_TRIES):
            if not book.waiting:
                break
            time.sleep(_PAUSE_S)
            book.again(bringing.bring(book.waiting))
            self._settled(self._progress)
        book.close()

    def _bring_people(self, table: Table, some: Sequence[Found]) -> None:
        """Those whom nobody knows are registered; who is here already is merged; who may be somebody waits."""
        new: list[tuple[Found, Id]] = []
        with entrance.here(self._leave).running() as grant:
            verdicts = asking.verdicts(grant, self._map, some)
        own = [Id(verdict.row) for verdict in verdicts if verdict.patient == verdict.row]
        # Custody counts who was begun; a load that was killed may not have kept them.
        begun = frozenset(own) - rows.known(own)
        for found, verdict in zip(some, verdicts, strict=True):
            if verdict.says == "nobody" or verdict.row in begun:
                new.append((found, Id(verdict.row)))
            elif verdict.says in asking.PARKED:
                self._park(table, found, asking.PARKED[verdict.says])
            elif verdict.before:
                self.account.fate(table.name, Bin.MERGED, found.row, ELSEWHERE)
            elif verdict.patient == verdict.row:
                self.account.fate(table.name, Bin.IMPORTED, found.row)
            else:
                self._merged[found.person.number] = Id(verdict.patient)
                self.account.fate(table.name, Bin.MERGED, found.row, "known-here")
        if new:
            self._register(table, new)

    def _register(self, table: Table, new: Sequence[tuple[Found, Id]], tried: int = 0) -> None:
        """Each person's registration is one act at every load; one that was lost is done again, as the next one."""
        at, leave = self._leave.clock(), entrance.here(self._leave)

        def register(grant: Grant[RegisterPatient], found: Found) -> None:
            patients.register(grant, drafts.registration(found.person, self._map, at), at=at)

        with leave.running() as naming:
            ids = asking.registrations(naming, leave.mandate, [found.person.number for found, _ in new], tried)
        wanted = [Wanted(RegisterPatient(one[1]), one[0], id_) for one, id_ in zip(new, ids, strict=True)]
        lost: list[tuple[Found, Id]] = []
        for one, denial in zip(new, entrance.each(leave, wanted, register), strict=True):
            if denial is None:
                self.account.fate(table.name, Bin.IMPORTED, one[0].row)
            elif denial.code == "act-over" and tried < _TRIES:
                lost.append(one)
            elif denial.code == "act-unsettled":
                self._unsettled.append(one)
            else:
                self._park(table, one[0], denial.code)
        if lost:
            self._register(table, lost, tried + 1)

    def _wait_for_people(self, table: Table) -> None:
        """Those whom a killed load was registering, once the worker has found out what became of them."""
        for _ in range(_TRIES):
            if not self._unsettled:
                return
            time.sleep(_PAUSE_S)
            again, self._unsettled = self._unsettled, []
            self._register(table, again)
            self._settled(self._progress)
        for found, _ in self._unsettled:
            self._park(table, found, _BEING_SAVED)
        self._unsettled = []

    def _park(self, table: Table, found: Found, reason: str) -> None:
        self._sorter.park(found.person.number)
        self._waiting.append((table.name, found.row))
        self.account.fate(table.name, Bin.PARKED, found.row, reason)


class _Book:
    """The fates of the dossiers of one table, and how far it is settled."""

    def __init__(self, account: Account, table: str, known: progress.Table) -> None:
        known.odd = [one for one in known.odd if one.row <= known.mark]
        self._account, self._table, self._known = account, table, known
        self._odd = {one.row: one for one in known.odd}
        self.waiting: list[Dossier] = []
        self._apart = sys.maxsize

    def enter(self, some: Sequence[Dossier], left: Sequence[Left]) -> None:
        """A portion was brought; these were not let in."""
        self._write(some, left)
        # What waits is looked at again by the next load, too; and what another mandate brought, of which is no list.
        first = min((self._apart, *(dossier.rows[0] for dossier in self.waiting)))
        self._known.mark = min(some[-1].rows[-1], first - 1)

    def again(self, left: Sequence[Left]) -> None:
        """Those that wait were brought again; these were not let in."""
        tried, self.waiting = self.waiting, []
        self._write(tried, left)

    def close(self) -> None:
        """What nobody has settled by now stays in the source until the next load."""
        for dossier in self.waiting:
            for row in dossier.rows:
                self._account.fate(self._table, Bin.PARKED, row, _BEING_SAVED)

    def _write(self, some: Sequence[Dossier], left: Sequence[Left]) -> None:
        self.waiting += [one.dossier for one in left if one.why == _CONFLICT]
        apart = {row for one in left if one.why == ELSEWHERE for row in one.dossier.rows}
        self._apart = min((self._apart, *apart))
        odd = [Odd(row, one.why) for one in left if one.why not in _NOT_ODD for row in one.dossier.rows]
        self._known.odd += odd
        self._odd |= {one.row: one for one in odd}
        waits = {row for dossier in self.waiting for row in dossier.rows}
        for bin_, row, reason in dossiers.fates(some, self._odd, apart):
            if row not in waits:
                self._account.fate(self._table, bin_, row, reason)


def _about(some: Sequence[Dossier]) -> frozenset[tuple[str, str]]:
    """Rows of one dossier may be the same row twice: they are never on their way at the same time."""
    return frozenset((dossier.patient, dossier.number) for dossier in some)
