"""A row about a person, as the map reads it: who they were to the old system."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

import msgspec

from aliquot.legacy.cells import Moments
from aliquot.legacy.fates import Bin, Stays
from aliquot.legacy.map import Column, Map
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.source import Cell
from aliquot.terms import identifiers
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Contact, Demography, Sex
from aliquot.terms.mandates import Table

_WITHOUT_KEY: Final = 13
"""Characters of a national number before its key."""

Remarks = Callable[[str, str], None]
"""Takes note of something about the row at hand: the reason and the column."""


class Person(msgspec.Struct, frozen=True):
    """One person of the old system. `number` is theirs there; `nir` is empty where its key is wrong."""

    number: str
    demography: Demography
    birth_family: str = ""
    birthplace_insee: str = ""
    nir: str = ""
    contact: Contact | None = None
    note: str = ""


class Reader:
    """Reads the rows of one table of people, which have the columns of the mandate in its order."""

    def __init__(self, drawn: Map, table: Table, today: date) -> None:
        """`today` is a day after which nobody was born."""
        columns = drawn.tables[table.name]
        self._titles = table.columns
        self._cells = places(columns, table)
        self._today = today
        self._sexes, self._erased = drawn.sexes, frozenset(drawn.erased)
        born = next(one for one in columns.values() if one.means is Meaning.PATIENT_BORN_ON)
        self._born = Moments(born.forms, born.latest)

    def person(self, row: Sequence[Cell], remark: Remarks) -> Person:
        """Who a row is about.

        Raises:
            Stays: it was crossed out, or lacks what a person needs: number, family name, birth date.
        """
        if self._said(row, Meaning.ROW_DELETED) in self._erased:
            raise Stays(Bin.REFUSED, "deleted", self._title(Meaning.ROW_DELETED))
        return Person(
            number=self._needed(row, Meaning.PATIENT_NUMBER),
            demography=self._demography(row, remark),
            birth_family=self._said(row, Meaning.PATIENT_BIRTH_FAMILY),
            birthplace_insee=self._birthplace(row, remark),
            nir=self._nir(row, remark),
            contact=self._contact(row),
            note="\n".join(self._all(row, Meaning.PATIENT_NOTE)),
        )

    def number(self, row: Sequence[Cell]) -> str:
        """The person's number in the old system; empty if the row has none."""
        return self._said(row, Meaning.PATIENT_NUMBER)

    def _demography(self, row: Sequence[Cell], remark: Remarks) -> Demography:
        given = tuple(name for cell in self._all(row, Meaning.PATIENT_GIVEN) for name in cell.replace(",", " ").split())
        if not given:
            remark("given-name-missing", self._title(Meaning.PATIENT_GIVEN))
        return Demography(self._needed(row, Meaning.PATIENT_FAMILY), given, self._born_on(row), self._sex(row, remark))

    def _born_on(self, row: Sequence[Cell]) -> date:
        written, title = self._needed(row, Meaning.PATIENT_BORN_ON), self._title(Meaning.PATIENT_BORN_ON)
        try:
            born_on = self._born.day(written)
        except Unclear:
            raise Stays(Bin.PARKED, "date-unclear", title) from None
        if born_on > self._today:
            raise Stays(Bin.PARKED, "born-after-today", title)
        return born_on

    def _sex(self, row: Sequence[Cell], remark: Remarks) -> Sex:
        told_by = Meaning.PATIENT_SEX if Meaning.PATIENT_SEX in self._cells else Meaning.PATIENT_TITLE
        written = self._said(row, told_by)
        if written and written not in self._sexes:
            remark("sex-not-mapped", self._title(told_by))
        return self._sexes.get(written, Sex.UNKNOWN)

    def _nir(self, row: Sequence[Cell], remark: Remarks) -> str:
        """A number whose key does not fit, or is not read, is no identifier; it may stand in a column of its own."""
        written = "".join("".join(self._all(row, Meaning.PATIENT_NIR)).split())
        if not written:
            return ""
        try:
            return identifiers.nir(written)
        except Unclear:
            remark("nir-key" if len(written) > _WITHOUT_KEY else "nir-without-key", self._title(Meaning.PATIENT_NIR))
            return ""

    def _birthplace(self, row: Sequence[Cell], remark: Remarks) -> str:
        written = self._said(row, Meaning.PATIENT_BIRTHPLACE).upper()
        if written and not identifiers.is_insee(written):
            remark("birthplace-unclear", self._title(Meaning.PATIENT_BIRTHPLACE))
            return ""
        return written

    def _contact(self, row: Sequence[Cell]) -> Contact | None:
        said = Contact(
            tuple(self._all(row, Meaning.PATIENT_ADDRESS)),
            self._said(row, Meaning.PATIENT_POSTCODE),
            self._said(row, Meaning.PATIENT_CITY),
            self._said(row, Meaning.PATIENT_MOBILE) or self._said(row, Meaning.PATIENT_PHONE),
            self._said(row, Meaning.PATIENT_EMAIL),
        )
        return said if any((said.lines, said.postcode, said.city, said.phone, said.email)) else None

    def _needed(self, row: Sequence[Cell], meaning: Meaning) -> str:
        said = self._said(row, meaning)
        if not said:
            raise Stays(Bin.PARKED, f"{meaning.rpartition('.')[2]}-missing", self._title(meaning))
        return said

    def _said(self, row: Sequence[Cell], meaning: Meaning) -> str:
        return next(iter(self._all(row, meaning)), "")

    def _all(self, row: Sequence[Cell], meaning: Meaning) -> list[str]:
        return [cell.strip() for at in self._cells.get(meaning, ()) if (cell := row[at]) and not cell.isspace()]

    def _title(self, meaning: Meaning) -> str:
        return self._titles[self._cells[meaning][0]] if meaning in self._cells else ""


def places(columns: dict[str, Column], table: Table) -> dict[Meaning, tuple[int, ...]]:
    """Where each meaning stands in a row; an address may stand in several columns, and some mean nothing to us."""
    found: dict[Meaning, tuple[int, ...]] = {}
    for at, title in enumerate(table.columns):
        if title in columns and columns[title].means is not Meaning.IGNORED:
            found[columns[title].means] = (*found.get(columns[title].means, ()), at)
    return found
