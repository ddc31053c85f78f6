"""Where attacks take place: a populated installation is built once, and every attack gets a copy of its own."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.db import connections

from aliquot.cli import cluster, layout, scratch
from aliquot.cli.attack import plan, population
from aliquot.cli.attack.plan import NORD, SITES, SUD, Scale
from aliquot.cli.attack.population import House, Told
from aliquot.cli.scratch import Clock, Running, World
from aliquot.terms import installation
from aliquot.terms.installation import Record


@dataclass(frozen=True)
class Ground:
    """A copy to be attacked. `dump` is what a superuser carries away of the record database."""

    world: World
    nord: House
    sud: House
    scale: Scale
    folder: Path
    server: cluster.Server | None
    database: str

    def dump(self) -> bytes:
        """Every byte of the record database."""
        if self.server is not None:
            return self.server.dump(self.database)
        record = self.world.home / "record"
        return b"".join(file.read_bytes() for file in sorted(record.iterdir()))


@dataclass(frozen=True)
class _Built:
    home: Path
    houses: tuple[House, House]
    secrets: dict[str, bytes]
    clock: Clock
    database: str


class Grounds:
    """The populated installations of one run of attacks, built when they are first wanted and gone at the end."""

    def __init__(self, engine: str, scale: Scale, told: Told) -> None:
        self._engine = engine
        self._scale = scale
        self._told = told
        self._stack = ExitStack()
        self._built: dict[int, _Built] = {}
        self._server: cluster.Server | None = None

    def __enter__(self) -> "Grounds":
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="aliquot-attack-")))
        if self._engine == "postgresql":
            self._server = self._stack.enter_context(cluster.started())
        return self

    def __exit__(self, *of: object) -> None:
        self._stack.close()

    @contextmanager
    def copy(self, patients: int) -> Iterator[Ground]:
        """A fresh copy of the installation with so many patients in each laboratory."""
        if patients not in self._built:
            self._built[patients] = self._build(patients)
        built = self._built[patients]
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        home = folder / "home"
        shutil.copytree(built.home, home)
        database = self._database(home, built.database)
        clock = Clock(built.clock.at, built.clock.steady())
        clock.pass_(timedelta(hours=1))
        running = Running(home, clock)
        described = installation.read(home / installation.FILE_NAME)
        world = World(home, described, clock, built.secrets, self._engine, running)
        try:
            yield Ground(world, *built.houses, self._scale, folder, self._server, database)
        finally:
            world.hang_up()
            running.stop()
            connections["default"].close()
            shutil.rmtree(folder, ignore_errors=True)

    def _build(self, patients: int) -> _Built:
        home = self._folder / f"of-{patients}"
        database = f"attack_{uuid.uuid4().hex}"
        record = Record("sqlite", "record/record.sqlite3")
        if self._server is not None:
            self._server.run(f"CREATE DATABASE {database}")
            record = self._server.record(database)
        layout.lay(home, plan.of(record))
        clock = Clock(plan.START)
        secrets = scratch.found(home, scratch.cast(SITES), clock)
        clock.pass_(timedelta(hours=1))
        running = Running(home, clock)
        world = World(home, installation.read(home / installation.FILE_NAME), clock, secrets, self._engine, running)
        works = min(self._scale.works, patients // 3)
        try:
            houses = [population.settle(world, org, patients, works, self._told) for org in (NORD, SUD)]
        finally:
            world.hang_up()
            running.stop()
            connections["default"].close()
        return _Built(home, (houses[0], houses[1]), secrets, clock, database)

    def _database(self, home: Path, template: str) -> str:
        if self._server is None:
            scratch.point(Record("sqlite", str(home / "record" / "record.sqlite3")))
            return ""
        name = f"attack_{uuid.uuid4().hex}"
        self._server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        file = home / installation.FILE_NAME
        file.write_text(file.read_text().replace(template, name))
        scratch.point(self._server.record(name))
        return name
