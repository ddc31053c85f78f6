"""Twenty years of an old laboratory, row of patients by row of patients, whatever shape it is then written in."""

from collections import deque
from collections.abc import Iterator
from math import log
from random import Random
from typing import Final

import msgspec

from aliquot.cli.simulate import days, filing, people, rates
from aliquot.cli.simulate.catalogue import Catalogue
from aliquot.cli.simulate.filing import Visits
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Chart, Dossier, Person
from aliquot.cli.simulate.visits import Dossiers
from aliquot.terms.errors import Refused

_LATER: Final = 64
"""How many second rows wait for their place further down; a number, so that memory is the same for any size."""

_FIRST_ROW_SHARE: Final = 0.7
_WEEK: Final = 7
"""An ordinal that it divides is a Sunday."""


class Life(msgspec.Struct, frozen=True):
    """How large an old laboratory is. `patients` are rows of its table of patients; who stands in it twice is two."""

    patients: int
    seed: int = 1
    results_per_patient: float = 20.0

    def __post_init__(self) -> None:
        """Refuse a number that no laboratory has."""
        if self.patients < 0 or self.results_per_patient < 0:
            raise Refused("simulate: how many cannot be less than none")


def charts(life: Life) -> Iterator[Chart]:
    """Every row of patients with its dossiers, and those whose row is gone; the same for the same life."""
    dossiers = Dossiers(life.seed)
    filling = _Filling(dossiers, _dossiers_of_a_person(life, dossiers.catalogue))
    waiting: deque[Chart] = deque()
    made = 0
    for rng, person, came in people.people(life.seed):
        if made + len(waiting) >= life.patients:
            break
        first, second = filling.of(person, came, rng, alone=life.patients - made - len(waiting) < 2)
        made += first.kept
        yield first
        if second is not None:
            waiting.append(second)
        if len(waiting) > _LATER:
            made += 1
            yield waiting.popleft()
    yield from waiting


def _dossiers_of_a_person(life: Life, catalogue: Catalogue) -> float:
    """How many dossiers somebody has on average, so that rows have what is wanted: second rows take of the first."""
    rows = 1 + rates.DUPLICATE + rates.MERGED
    return life.results_per_patient * rows / catalogue.mean()


class _Filling:
    """The rows of one person after another, numbered as they are made."""

    def __init__(self, dossiers: Dossiers, mean: float) -> None:
        self._dossiers = dossiers
        self._mean = mean
        self._numbered = 0

    def of(self, person: Person, came: int, rng: Random, *, alone: bool) -> tuple[Chart, Chart | None]:
        """The row of a person and, unless it is to be `alone`, perhaps a second one that somebody made later."""
        site = "02" if came >= days.SECOND_SITE_BOUGHT and rng.random() < rates.SECOND_SITE else "01"
        visited = self._visited(person, came, rng)
        kept = not visited or rng.random() >= rates.ORPHANED
        chance = rng.random()
        if alone or not kept or chance >= rates.DUPLICATE + rates.MERGED:
            return self._first(person, Visits(came, max(visited, default=came), site), visited, rng, kept=kept), None
        own: list[int] = []
        others: list[int] = []
        for day in visited:
            (own if rng.random() < _FIRST_ROW_SHARE else others).append(day)
        first = self._first(person, Visits(came, max(own, default=came), site), own, rng, kept=True)
        return first, self._second(first, others, rng, merged=chance >= rates.DUPLICATE)

    def _first(self, person: Person, visits: Visits, on: list[int], rng: Random, *, kept: bool) -> Chart:
        columns, mess = filing.row(person, self._number(visits.site), visits, rng)
        if person.twin:
            mess = (*mess, Mess.TWIN)
        if kept and rng.random() < rates.DELETED_PATIENT:
            columns, mess = msgspec.structs.replace(columns, statut="D"), (*mess, Mess.DELETED)
        made = self._dossiers_of(person, on, visits.site, rng)
        # In cp1252, what looks like a broken name would be the right one in UTF-8.
        utf8 = rng.random() < rates.UTF8 or Mess.MOJIBAKE in mess
        return Chart(person, columns, made, kept, utf8, mess)

    def _second(self, first: Chart, on: list[int], rng: Random, *, merged: bool) -> Chart:
        number = self._number(first.columns.site)
        columns, mess = filing.retyped(first.columns, first.person, number, rng)
        kind = Mess.DUPLICATE
        if merged:
            kind = Mess.MERGED
            columns = msgspec.structs.replace(columns, statut="F", numfus=first.columns.numpat)
        made = self._dossiers_of(first.person, on, columns.site, rng)
        return Chart(first.person, columns, made, kept=True, utf8=rng.random() < rates.UTF8, mess=(kind, *mess))

    def _dossiers_of(self, person: Person, on: list[int], site: str, rng: Random) -> tuple[Dossier, ...]:
        return tuple(self._dossiers.make(person, day, site, rng) for day in on)

    def _visited(self, person: Person, came: int, rng: Random) -> list[int]:
        """Days of work from the first on which somebody came, none after the last or after death."""
        many = int(-log(1 - rng.random()) * self._mean + rng.random())
        span = (person.died or days.LAST) - came
        found = (came + int(span * rng.random()) for _ in range(many))
        return sorted(day + 1 if day % _WEEK == 0 else day for day in found)

    def _number(self, site: str) -> str:
        self._numbered += 1
        return f"{'L' if site == '02' else '0'}{self._numbered:07d}"
