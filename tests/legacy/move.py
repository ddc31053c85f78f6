"""A small laboratory moves: an old system in two files, a migration in the step of loading, and a load of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from aliquot.access.door import Actor
from aliquot.cli.scratch import World
from aliquot.lab.content import Laboratory
from aliquot.lab.setting import Setting
from aliquot.legacy import description
from aliquot.legacy import map as maps
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Sums
from aliquot.legacy.loading import Load
from aliquot.legacy.map import Map
from aliquot.legacy.progress import Progress
from aliquot.legacy.reading import Reading
from aliquot.legacy.source import Cell
from aliquot.record import models
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.mandates import Table
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy import old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, SCOPE

SCOPED = msgspec.structs.replace(
    SCOPE, tables=(PEOPLE, msgspec.structs.replace(RESULTS, dated="JOUR", sited="SITE")), sites=("01",)
)
WHERE = Setting(
    CATALOGUE, Laboratory("Laboratoire d'essai", (), "", "Dr A. Exemple", "", "Europe/Paris", language="fr")
)
Cells = tuple[Cell, ...]


@dataclass
class Old:
    """The old system: a folder with two files, and their description."""

    folder: Path
    people: Sequence[Cells] = ()
    results: Sequence[Cells] = ()

    def reading(self) -> Reading:
        """The old system, opened under the mandate, as it stands now."""
        self._write(PEOPLE, self.people)
        self._write(RESULTS, self.results)
        (self.folder / "source.toml").write_text('kind = "delimited"\nseparator = ";"\nfolder = "."\n')
        return Reading(SCOPED, description.read(self.folder / "source.toml"))

    def _write(self, table: Table, lines: Sequence[Cells]) -> None:
        told = [";".join(table.columns), *(";".join(cell or "" for cell in line) for line in lines)]
        (self.folder / f"{table.name}.csv").write_text("\n".join(told) + "\n")


@dataclass
class Mover:
    """A migration that may load, and what it has come to."""

    lab: World
    migration: Move
    drawn: Map
    progress: Progress
    settled: Callable[[Progress], None] = field(default=lambda _: None)

    def load(self, source: Old) -> Sums:
        """Load everything, going on where the last load stopped."""
        leave = Leave(self.migration.loader, self.migration.mandate, WHERE, self.lab.clock)
        with source.reading() as reading:
            return Load(leave, self.drawn, SCOPED, self.progress, self.settled).run(reading)

    def forget(self) -> None:
        """The file that says how far the load was is gone."""
        self.progress = Progress(self.drawn.mandate, maps.digest(self.drawn))


def mover(lab: World, by: Actor | None = None, **changed: object) -> Mover:
    """A migration of the small old system, signed up to the step of loading; perhaps by a loader of before."""
    migration = moving.declared(lab, by, scope=SCOPED, **changed).until("load")
    drawn = msgspec.structs.replace(old.drawn(), mandate=migration.mandate.hex())
    return Mover(lab, migration, drawn, Progress(drawn.mandate, maps.digest(drawn)))


def kept(kind: Kind) -> int:
    """How many versions of a kind the record database holds."""
    return models.Version.objects.filter(kind=kind).count()


def of(patient: Id, kind: Kind) -> int:
    """How many versions of a kind one patient has."""
    return models.Version.objects.filter(subject=patient, kind=kind).count()


def begun(drawn: Map) -> Progress:
    """A load that has not begun."""
    return Progress(drawn.mandate, maps.digest(drawn))
