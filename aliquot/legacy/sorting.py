"""Which rows come over, and which stay and why. Pure: the rehearsal and the load ask the same questions here.

Memory grows with the people of the source (about 150 bytes each), and with some ten bytes for each of its results.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import msgspec

from aliquot.lab.catalogue import Catalogue
from aliquot.legacy import lines, people
from aliquot.legacy.fates import Account, Bin, Stays
from aliquot.legacy.keys import Seen
from aliquot.legacy.lines import Line
from aliquot.legacy.map import Map
from aliquot.legacy.people import Person, Remarks
from aliquot.legacy.source import Cell, Chunk
from aliquot.terms.identity import Sex
from aliquot.terms.mandates import Table

LONGEST = 2000
"""A dossier with more results than this goes over in several acts."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Found:
    """A person of the source, with the place of the row."""

    row: int
    person: Person


class Bearer(msgspec.Struct, frozen=True, gc=False):
    """What results need to know of whom they are."""

    sex: Sex
    born_on: date


@dataclass(frozen=True, slots=True)
class Dossier:
    """Results of one dossier that stand together. Others of the same dossier may come later, as another of these."""

    patient: str
    number: str
    bearer: Bearer
    rows: tuple[int, ...]
    lines: tuple[Line, ...]


class Sorter:
    """Sorts the rows of one source under one map. People come before the results that are theirs."""

    def __init__(self, drawn: Map, catalogue: Catalogue, account: Account, today: date) -> None:
        """`today` is a day after which nobody was born."""
        self._map = drawn
        self._catalogue = catalogue
        self._account = account
        self._today = today
        self._known: dict[str, Bearer] = {}
        self._bearers: dict[Bearer, Bearer] = {}
        self._parked: set[str] = set()
        self._shared: set[str] = set()
        self._seen = Seen()

    def park(self, number: str) -> None:
        """A person who was found to be doubtful stays, and so do their results."""
        self._known.pop(number, None)
        self._parked.add(number)

    def people(self, table: Table, chunks: Iterable[Chunk]) -> Iterator[Found]:
        """The people who come over; the caller books what becomes of them. Who stays is booked here."""
        reader = people.Reader(self._map, table, self._today)
        for number, cells, person in self._read(table.name, chunks, reader.person):
            if person is None:
                self._parked.add(reader.number(cells))
                continue
            bearer = self._bearer(person)
            known = self._known.get(person.number)
            if person.number in self._shared or (known is not None and not _alike(known, bearer)):
                # Whose the results under this number are, nobody can say.
                self._shared.add(person.number)
                self.park(person.number)
                self._account.fate(table.name, Bin.PARKED, number, "number-of-another")
            elif known is not None:
                self._account.fate(table.name, Bin.DUPLICATE, number, "number-again")
            else:
                self._known[person.number] = bearer
                yield Found(number, person)

    def results(self, table: Table, chunks: Iterable[Chunk]) -> Iterator[Dossier]:
        """The results that come over, dossier by dossier as they stand together; the caller books them."""
        reader = lines.Reader(self._map, table, self._catalogue)
        together: list[tuple[int, Line]] = []
        for number, _, line in self._read(table.name, chunks, reader.line):
            if line is None or not self._has_owner(table.name, number, line):
                continue
            if together and _elsewhere(together, line):
                yield self._dossier(together)
                together = []
            if self._seen.again(line.cells):
                self._account.fate(table.name, Bin.DUPLICATE, number, "result-again")
                continue
            together.append((number, line))
        if together:
            yield self._dossier(together)

    def _read(
        self, table: str, chunks: Iterable[Chunk], read: Callable[[tuple[Cell, ...], Remarks], R]
    ) -> Iterator[tuple[int, tuple[Cell, ...], R | None]]:
        """Each row with what it says, or nothing where it stays."""
        remarked: list[tuple[str, str]] = []

        def remark(reason: str, column: str) -> None:
            remarked.append((reason, column))

        for chunk in chunks:
            self._came(table, chunk)
            for number, cells in zip(chunk.numbers, chunk.rows, strict=True):
                try:
                    yield number, cells, read(cells, remark)
                except Stays as stays:
                    self._account.fate(table, stays.bin, number, stays.reason, stays.column)
                    yield number, cells, None
                for reason, column in remarked:
                    self._account.remark(table, number, reason, column)
                remarked.clear()

    def _bearer(self, person: Person) -> Bearer:
        """One for all who were born on a day, so that people take little memory."""
        bearer = Bearer(person.demography.sex, person.demography.born_on)
        return self._bearers.setdefault(bearer, bearer)

    def _came(self, table: str, chunk: Chunk) -> None:
        self._account.came(table, len(chunk.rows) + len(chunk.spoiled))
        for spoiled in chunk.spoiled:
            self._account.fate(table, Bin.REFUSED, spoiled.row, spoiled.reason)

    def _has_owner(self, table: str, number: int, line: Line) -> bool:
        bearer = self._known.get(line.visit.patient)
        if bearer is not None and bearer.born_on <= line.visit.collected_on:
            return True
        reason = "patient-parked" if line.visit.patient in self._parked else "patient-unknown"
        self._account.fate(table, Bin.PARKED, number, "born-after-collection" if bearer else reason)
        return False

    def _dossier(self, together: list[tuple[int, Line]]) -> Dossier:
        rows, found = zip(*together, strict=True)
        patient, number = _whose(found[0])
        return Dossier(patient, number, self._known[patient], rows, found)


def _alike(one: Bearer, other: Bearer) -> bool:
    """Whether two rows of one number may be one person: one birth date, and not two sexes."""
    return one.born_on == other.born_on and (one.sex is other.sex or Sex.UNKNOWN in (one.sex, other.sex))


def _elsewhere(together: list[tuple[int, Line]], line: Line) -> bool:
    _, first = together[0]
    return (first.visit is not line.visit and _whose(first) != _whose(line)) or len(together) == LONGEST


def _whose(line: Line) -> tuple[str, str]:
    return line.visit.patient, line.visit.dossier
