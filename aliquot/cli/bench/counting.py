"""Durable commits and round trips, counted where they happen: in the databases' journals and on the line to custody."""

import sqlite3
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from threading import Lock
from typing import TypeVar

from aliquot.access.custodian import Line
from aliquot.cli.bench.measured import Costs
from aliquot.cli.bench.processes import Process
from aliquot.cli.cluster import Server
from aliquot.custody.protocol import Answer, Request

A = TypeVar("A", bound=Answer)

_HEAD = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_COMMIT = "desc: COMMIT"


class Counted(Line):
    """A line to custody that counts what is exchanged over it, by any thread."""

    trips = 0
    _counting = Lock()

    def ask(self, request: Request, kind: type[A]) -> A:
        """Ask, and count one."""
        with self._counting:
            self.trips += 1
        return super().ask(request, kind)


@dataclass
class Commits:
    """How many durable commits each database saw; filled in when the block ends."""

    seen: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Databases:
    """The databases of an installation: SQLite files by name, and a PostgreSQL server if the record is there."""

    files: dict[str, Path]
    server: Server | None

    @contextmanager
    def counted(self) -> Iterator[Commits]:
        """Count durable commits while the block runs.

        SQLite: a frame of the write-ahead log that ends a transaction says so. A reader that stands still keeps the
        log from being begun anew. PostgreSQL: commit records of its write-ahead log.
        """
        commits = Commits()
        readers = [_standing(path) for path in self.files.values()]
        before = {name: _ended(path) for name, path in self.files.items()}
        since = self._position()
        yield commits
        commits.seen |= {name: _ended(path) - before[name] for name, path in self.files.items()}
        if self.server is not None:
            commits.seen["record"] = self._records(since)
        for reader in readers:
            reader.close()

    def _position(self) -> str:
        return self._ask("SELECT pg_current_wal_insert_lsn()")

    def _records(self, since: str) -> int:
        if self.server is None:
            return 0
        command = [str(self.server.programs / "pg_waldump"), "-p", str(self.server.socket.parent / "data" / "pg_wal")]
        command += ["-r", "Transaction", "-s", since, "-e", self._ask("SELECT pg_current_wal_flush_lsn()")]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout.count(_COMMIT)

    def _ask(self, sql: str) -> str:
        if self.server is None:
            return ""
        command = [str(self.server.programs / "psql"), "-qtA", "-h", str(self.server.socket), "-U", self.server.user]
        return subprocess.run([*command, "-c", sql], check=True, capture_output=True, text=True).stdout.strip()


def costs(of: tuple[Databases, Process, Counted], works: Sequence[Callable[[], None]], acts: int = 1) -> Costs:
    """What one act costs, where each of `works` does `acts` of them.

    Of the commits it is the median over the works: custody makes one of its own every few seconds, whatever is asked.
    """
    databases, custody, line = of
    counted: list[dict[str, int]] = []
    trips, here, there, number = line.trips, 0.0, 0.0, acts * len(works)
    for work in works:
        with databases.counted() as commits:
            before = time.process_time(), custody.ran()
            work()
            here, there = here + time.process_time() - before[0], there + custody.ran() - before[1]
        counted.append(commits.seen)
    return Costs(
        {name: median(seen[name] for seen in counted) / acts for name in counted[0]},
        (line.trips - trips) / number,
        there / number * 1000,
        here / number * 1000,
    )


def _standing(path: Path) -> sqlite3.Connection:
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return reader


def _ended(path: Path) -> int:
    """How many transactions the write-ahead log of a database holds. Source: sqlite.org/fileformat2.html, section 4."""
    journal = path.with_name(path.name + "-wal")
    if not journal.exists() or journal.stat().st_size < _HEAD.size:
        return 0
    with closing(journal.open("rb")) as file:
        _, _, page, _, *salts, _, _ = _HEAD.unpack(file.read(_HEAD.size))
        ended = 0
        while len(head := file.read(_FRAME.size)) == _FRAME.size:
            _, commits, *of, _, _ = _FRAME.unpack(head)
            if of != salts:
                break
            ended += commits != 0
            file.seek(page, 1)
    return ended
