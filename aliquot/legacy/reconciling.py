"""Reconciliation: both sides are read again, row by row and sum by sum, and whatever differs is named with its place.

What came in under another mandate over the same source is counted apart. Unless two people have signed already that it
agrees, it is compared too, and not opened: custody says whether each record says what its row says.
Source: DOMAIN.md I7; ISO 15189:2022, 7.6.3 (data transfers are checked systematically).
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from aliquot.access.rows import Stored
from aliquot.legacy import asking, comparing, dossiers, drafts, joining, portions, rehearsal, unopened
from aliquot.legacy import map as maps
from aliquot.legacy.comparing import Discrepancy, Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import ELSEWHERE, Account, Bin, Sums
from aliquot.legacy.joining import Joined
from aliquot.legacy.lines import Line, Reader
from aliquot.legacy.map import Map
from aliquot.legacy.reading import Reading
from aliquot.legacy.rehearsal import Months, Totals
from aliquot.legacy.sorting import Dossier, Found, Sorter
from aliquot.legacy.surplus import Surplus
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.mandates import Scope, Table

RESULTS_AT_ONCE = 3000
SHOWN = 500
"""How many discrepancies of each kind are listed, so that none hides another; the others are counted."""


class Reconciliation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two sides of a migration beside each other.

    `there` are the sums of the source and `here` those of the record. `faults` counts every discrepancy, of which the
    first of each kind are listed.
    """

    mandate: str
    map: str
    sums: Sums
    there: tuple[Months, ...]
    here: tuple[Months, ...]
    faults: dict[Fault, int]
    discrepancies: tuple[Discrepancy, ...]

    def agrees(self) -> bool:
        """Whether every row is accounted for and nothing differs."""
        return not self.faults and not self.sums.open() and self.there == self.here


def digest(reconciliation: Reconciliation) -> str:
    """What two people sign: SHA-256 over the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical.encode(reconciliation)).hexdigest()


class _Met(NamedTuple):
    """A row of which a result stands here by another mandate."""

    row: int
    line: Line
    name: Id
    patient: Id


class Reconciler:
    """One reconciliation of a source with what was loaded from it; its account fills while it runs."""

    def __init__(self, leave: Leave, drawn: Map, scope: Scope) -> None:
        """Raises Refused: the map does not fit the mandate or the catalogue."""
        maps.check(drawn, scope, leave.where.catalogue)
        self._leave, self._map, self._scope = leave, drawn, scope
        self._zone = ZoneInfo(drawn.zone)
        self.account, self._there, self._here = Account(), Totals(), Totals()
        self._surplus = Surplus(self._here)
        self._sorter = Sorter(drawn, leave.where.catalogue, self.account, leave.clock().date())
        self._faults: Counter[Fault] = Counter()
        self._listed: list[Discrepancy] = []
        self._merged: dict[str, Id] = {}

    def run(self, reading: Reading) -> Reconciliation:
        """Compare everything.

        Raises:
            Denial: custody does not let it look.
            Refused: the source cannot be read any further.
            Broken: a record is not what was kept there.
        """
        joined = Joined(reading, self._map, self._scope, self.account)
        for table in rehearsal.of_people(self._map, self._scope):
            for people in portions.of_people(self._sorter.people(table, joined.rows(table))):
                self._compare_people(table, people)
            joining.dropped(self.account, reading, table)
        for table in rehearsal.of_results(self._map, self._scope):
            reader = Reader(self._map, table, self._leave.where.catalogue)
            coming = self._sorter.results(table, joined.rows(table))
            for some in portions.of_results(coming, RESULTS_AT_ONCE):
                self._compare_results(table, reader, self._own(table, reader, some))
            joining.dropped(self.account, reading, table)
        joined.settle()
        for found in self._surplus.rest(self._leave, self._zone):
            self._note(found)
        return Reconciliation(
            mandate=self._map.mandate,
            map=maps.digest(self._map),
            sums=rehearsal.closed(self.account),
            there=self._there.months(),
            here=self._here.months(),
            faults=dict(sorted(self._faults.items())),
            discrepancies=tuple(self._listed),
        )

    def _compare_people(self, table: Table, people: Sequence[Found]) -> None:
        with self._leave.running() as grant:
            verdicts = asking.verdicts(grant, self._map, people)
        registered: dict[bool, list[tuple[Id, Found]]] = {False: [], True: []}
        for found, verdict in zip(people, verdicts, strict=True):
            if verdict.says in asking.PARKED:
                self._sorter.park(found.person.number)
                self.account.fate(table.name, Bin.PARKED, found.row, asking.PARKED[verdict.says])
            elif verdict.says == "nobody":
                self.account.fate(table.name, Bin.IMPORTED, found.row)
                self._note(Discrepancy(table.name, found.row, Fault.MISSING, comparing.PERSON))
            elif verdict.patient == verdict.row:
                self._surplus.person(verdict.patient)
                fate = (Bin.MERGED, found.row, ELSEWHERE) if verdict.before else (Bin.IMPORTED, found.row)
                self.account.fate(table.name, *fate)
                if verdict.differs:
                    self._note(Discrepancy(table.name, found.row, Fault.DIFFERENT, comparing.PERSON))
                elif not verdict.before or verdict.unsure:
                    registered[verdict.before].append((Id(verdict.row), found))
            else:
                self._surplus.person(verdict.patient)
                self._merged[found.person.number] = Id(verdict.patient)
                self.account.fate(table.name, Bin.MERGED, found.row, "known-here")
        self._compare_registered(table, registered[False])
        # Each map may keep numbers under a system of its own.
        self._compare_registered(table, registered[True], but=Kind.IDENTIFIERS)

    def _compare_registered(self, table: Table, some: Sequence[tuple[Id, Found]], but: Kind | None = None) -> None:
        at = self._leave.clock()
        asked = [(patient, drafts.registration(found.person, self._map, at)) for patient, found in some]
        for (_, found), what in zip(some, unopened.people(self._leave, asked, but), strict=True):
            if what:
                self._note(Discrepancy(table.name, found.row, Fault.DIFFERENT, what))

    def _own(self, table: Table, reader: Reader, some: Sequence[Dossier]) -> Sequence[Dossier]:
        """Book what another mandate has brought, and compare it unopened; the answer is the rest."""
        with self._leave.running() as grant:
            names = asking.results(grant, some)
            others = asking.elsewhere(grant, tuple(names.values()))
            whose = asking.whose(grant, some, self._merged) if others.results else ()
        if not others.results:
            return some
        met = [
            _Met(row, line, names[line.cells], patient)
            for dossier, patient in zip(some, whose, strict=True)
            for row, line in zip(dossier.rows, dossier.lines, strict=True)
            if names[line.cells] in others.results
        ]
        here, works = unopened.results(tuple(others.results))
        for one in met:
            self.account.fate(table.name, Bin.DUPLICATE, one.row, ELSEWHERE)
            if here[one.name].subject != one.patient:
                self._note(Discrepancy(table.name, one.row, Fault.ANOTHER))
        for row in self._unlike(reader, [one for one in met if one.name in others.unsure], here):
            self._note(Discrepancy(table.name, row, Fault.DIFFERENT, comparing.CONTENT))
        for found in self._surplus.unopened(table.name, works, here.keys()):
            self._note(found)
        return [own for one in some for own in dossiers.part(one, lambda line: names[line.cells] not in here)]

    def _unlike(self, reader: Reader, met: Sequence[_Met], here: Mapping[Id, Stored]) -> Iterator[int]:
        """The rows that say something else than what a mandate that nobody has reconciled has brought of them."""
        said = [drafts.observation(one.line, reader, self._leave.where) for one in met]
        beside = [unopened.Beside(here[one.name], each) for one, each in zip(met, said, strict=True)]
        for one, agrees in zip(met, unopened.agreeing(self._leave, beside), strict=True):
            if not agrees or here[one.name].row.state != drafts.STATES[one.line.status]:
                yield one.row

    def _compare_results(self, table: Table, reader: Reader, some: Sequence[Dossier]) -> None:
        with self._leave.running() as grant:
            names = asking.results(grant, some)
            whose = asking.whose(grant, some, self._merged)
        here = comparing.found(self._leave, tuple(names.values()), self._zone)
        for dossier, patient in zip(some, whose, strict=True):
            self._there.add(dossier)
            self.account.fates(table.name, Bin.IMPORTED, len(dossier.rows))
            for row, line in zip(dossier.rows, dossier.lines, strict=True):
                name = names[line.cells]
                if name not in here:
                    self._note(Discrepancy(table.name, row, Fault.MISSING))
                    continue
                if here[name].subject != patient:
                    self._note(Discrepancy(table.name, row, Fault.ANOTHER))
                expected = drafts.observation(line, reader, self._leave.where)
                what = comparing.different(expected, drafts.STATES[line.status], here[name])
                if not what and line is dossier.lines[0]:
                    # A requisition was written as its first row says, and rows that waited came in another one.
                    wanted = drafts.requisition(dossier, line.visit, self._zone, self._leave.where)
                    what = comparing.asked_differently(wanted, here[name])
                if what:
                    self._note(Discrepancy(table.name, row, Fault.DIFFERENT, what))
        for found in self._surplus.results(table.name, here, frozenset(names.values())):
            self._note(found)

    def _note(self, found: Discrepancy) -> None:
        self._faults[found.fault] += 1
        if self._faults[found.fault] <= SHOWN:
            self._listed.append(found)
