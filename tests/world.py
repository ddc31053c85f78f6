"""A small laboratory with a cast, a custodian of its own, and two engines: two laboratories, walled from each other.

Tests use real keys, real policies, a real socket and a real database. Only the clock is the test's.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections

from aliquot.cli import cluster, founding, scratch
from aliquot.cli.scratch import CAST as CAST
from aliquot.cli.scratch import PASSPHRASE as PASSPHRASE
from aliquot.cli.scratch import PASSWORD as PASSWORD
from aliquot.cli.scratch import Clock as Clock
from aliquot.cli.scratch import Running as Running
from aliquot.cli.scratch import World as World
from aliquot.terms import installation
from aliquot.terms.installation import Record
from tests.plan import NORD, SUD

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Templates:
    """Installations to copy: a folder, the secrets of its cast, and the record database of each engine."""

    home: Path
    secrets: dict[str, bytes]
    server: cluster.Server
    name: str


@contextmanager
def templates(home: Path) -> Iterator[Templates]:
    """Found one installation and keep it for copying, with a record database on each engine."""
    with cluster.started() as pg:
        secrets = scratch.found(home, scratch.cast({NORD: "nord", SUD: "sud"}), Clock(START))
        name = f"template_{uuid.uuid4().hex}"
        pg.run(f"CREATE DATABASE {name}")
        scratch.point(pg.record(name))
        founding.migrate()
        connections["default"].close()
        yield Templates(home, secrets, pg, name)


@contextmanager
def opened(made: Templates, engine: str, folder: Path) -> Iterator[World]:
    """A copy of the template on one engine, with its custodian serving."""
    home = folder / "home"
    shutil.copytree(made.home, home)
    name = str(home / "record" / "record.sqlite3")
    if engine == "postgresql":
        name = f"lab_{uuid.uuid4().hex}"
        made.server.run(f"CREATE DATABASE {name} TEMPLATE {made.name}")
    scratch.point(made.server.record(name) if engine == "postgresql" else Record("sqlite", name))
    clock = Clock(START + timedelta(hours=1))
    running = Running(home, clock)
    lab = World(home, installation.read(home / installation.FILE_NAME), clock, made.secrets, engine, running)
    try:
        yield lab
    finally:
        lab.hang_up()
        running.stop()
        connections["default"].close()
        if engine == "postgresql":
            made.server.run(f"DROP DATABASE {name} WITH (FORCE)")
