"""What is really so, written beside an invented source for tests; nothing in the product writes or reads it.

`patients.jsonl` and `results.jsonl` have a line for each row, `counts.json` the rows and kinds of mess of each table,
`key.json` the answers to the mapping. A row's place is its line, key or message in the source.
"""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from aliquot.cli.simulate import key
from aliquot.cli.simulate.records import Chart, Dossier, Person, Result
from aliquot.terms.quantities import Value

Extent = Literal["full", "counts", "none"]
"""All of it; only counts and the key, for large sources; or nothing."""

Place = str | int


class PatientTruth(msgspec.Struct, frozen=True):
    """Who a row of patients is. Rows with the same `person` are the same; what is not `kept` has no row any more."""

    place: Place
    number: str
    person: int
    kept: bool
    family: str
    birth_family: str
    given: tuple[str, ...]
    born_on: date
    sex: str
    nir: str
    insured_nir: str
    died_on: date | None
    mess: tuple[str, ...]


class ResultTruth(msgspec.Struct, frozen=True, gc=False):
    """What a row of results says. `test` is empty where the demonstration's catalogue does not have it."""

    place: Place
    number: str
    dossier: str
    code: str
    test: str
    loinc: str
    value: Value
    collected_at: str
    status: str
    mess: tuple[str, ...]


class TableCount(msgspec.Struct, frozen=True):
    """How many rows a table has and how many of them have which kind of mess."""

    rows: int
    mess: dict[str, int]


class Truth:
    """Counts while a source is written and, if wanted, writes down what each row is."""

    def __init__(self, folder: Path, extent: Extent) -> None:
        self._folder = folder
        self._extent = extent
        self._counts: dict[str, Counter[tuple[str, ...]]] = {}
        self._encode: Final = msgspec.json.Encoder().encode
        self._patients: BinaryIO | None = None
        self._results: BinaryIO | None = None
        if extent != "none":
            folder.mkdir(parents=True)
        if extent == "full":
            self._patients = (folder / "patients.jsonl").open("wb", buffering=1 << 18)
            self._results = (folder / "results.jsonl").open("wb", buffering=1 << 18)

    def row(self, table: str, mess: tuple[str, ...] = ()) -> None:
        """Count a row of a table, with its mess."""
        counted = self._counts.get(table)
        if counted is None:
            counted = self._counts[table] = Counter()
        counted[mess] += 1

    def patient(self, place: Place, chart: Chart, mess: tuple[str, ...]) -> None:
        """Say who a row of patients is."""
        if self._patients is None:
            return
        person = chart.person
        self._patients.write(
            self._encode(
                PatientTruth(
                    place=place,
                    number=chart.columns.numpat,
                    person=person.number,
                    kept=chart.kept,
                    family=person.family,
                    birth_family=person.birth_family,
                    given=person.given,
                    born_on=date.fromordinal(person.born),
                    sex=person.sex,
                    nir=person.nir,
                    insured_nir=person.insured_nir,
                    died_on=_died(person),
                    mess=mess,
                )
            )
        )
        self._patients.write(b"\n")

    def result(self, place: Place, chart: Chart, dossier: Dossier, result: Result, mess: tuple[str, ...]) -> None:
        """Say what a row of results says."""
        if self._results is None:
            return
        line = result.line
        self._results.write(
            self._encode(
                ResultTruth(
                    place,
                    chart.columns.numpat,
                    dossier.numdos,
                    result.codexam,
                    line.test,
                    line.entry.loinc,
                    result.value,
                    dossier.collected_at,
                    key.STATUSES[result.statut],
                    mess,
                )
            )
        )
        self._results.write(b"\n")

    def counts(self) -> dict[str, TableCount]:
        """The rows and the mess of each table so far."""
        return {table: _count(counted) for table, counted in sorted(self._counts.items())}

    def close(self) -> None:
        """Write counts and key, and end the files."""
        for file in (self._patients, self._results):
            if file is not None:
                file.close()
        if self._extent != "none":
            for name, what in (("counts.json", self.counts()), ("key.json", key.key())):
                (self._folder / name).write_bytes(msgspec.json.format(self._encode(what)) + b"\n")


def _died(person: Person) -> date | None:
    return date.fromordinal(person.died) if person.died else None


def _count(counted: Counter[tuple[str, ...]]) -> TableCount:
    kinds: Counter[str] = Counter()
    for mess, times in counted.items():
        for kind in set(mess):
            kinds[str(kind)] += times
    return TableCount(counted.total(), dict(sorted(kinds.items())))
