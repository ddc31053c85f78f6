"""The floors: what the machine takes to make bytes durable, one commit after another, with nothing around it."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from aliquot.cli.bench.house import House

Row = tuple[Any, ...]  # Any: whatever the columns of a table hold
_DURABLE = ("journal_mode=WAL", "synchronous=FULL")
_ROOM = ("cache_size=-65536", "wal_autocheckpoint=8000")
_VERSION = 'resource, version, kind, subject, requisition, act, "schema", state, parents, sealed'
_ACT_AT = _VERSION.split(", ").index("act")
_TABLES = ("act", "version")


@dataclass
class Raw:
    """A bare connection of one engine, with tables like the record's `act` and `version` and nothing else."""

    db: sqlite3.Connection | psycopg.Connection[Row]
    mark: str

    def commit(self, acts: Sequence[Row], versions: Sequence[Row]) -> None:
        """Insert rows, durably."""
        cursor = self.db.cursor()
        cursor.execute("BEGIN")
        for table, rows in zip(_TABLES, (acts, versions), strict=True):
            marks = ", ".join([self.mark] * len(rows[0]))
            columns = _VERSION if table == "version" else "id, outcome, log_size, log_root"
            cursor.executemany(f"INSERT INTO floor_{table} ({columns}) VALUES ({marks})", rows)
        cursor.execute("COMMIT")


@dataclass(frozen=True)
class Kept:
    """What some acts left in the record database, act by act."""

    acts: list[Row]
    versions: list[list[Row]]


def latest() -> int:
    """The number of the version that was added last."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM version")
        return int(cursor.fetchone()[0])


def kept(since: int) -> Kept:
    """The rows of the acts whose versions were added after this one, as the record holds them."""
    from django.db import connection

    versions: dict[bytes, list[Row]] = {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_VERSION} FROM version WHERE id > %s ORDER BY id", (since,))
        for row in cursor.fetchall():
            versions.setdefault(bytes(row[_ACT_AT]), []).append(row)
        acts: list[Row] = []
        for act in versions:
            cursor.execute("SELECT id, outcome, log_size, log_root FROM act WHERE id = %s", (act,))
            acts += cursor.fetchall()
    return Kept(acts, list(versions.values()))


@contextmanager
def raw(house: House) -> Iterator[Raw]:
    """A bare connection: SQLite beside the record's own file, or the same PostgreSQL database."""
    made = _postgresql(house) if house.databases.server is not None else _sqlite(house)
    with closing(made.db):
        yield made


def singly(on: Raw, rows: Kept) -> float:
    """One durable commit for each act; seconds."""
    began = time.perf_counter()
    for act, versions in zip(rows.acts, rows.versions, strict=True):
        on.commit([act], versions)
    return time.perf_counter() - began


def at_once(on: Raw, rows: Kept) -> float:
    """One durable commit for all of them; seconds."""
    began = time.perf_counter()
    on.commit(rows.acts, [version for versions in rows.versions for version in versions])
    return time.perf_counter() - began


def sqlite(path: Path, *tables: str, room: Sequence[str] = _ROOM) -> sqlite3.Connection:
    """A durable SQLite database with these tables, with as much room as the one that it is the floor of.

    A commit into a log that was begun anew takes two thirds of one that makes the log longer: both sides must begin
    theirs anew as often.
    """
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in (*_DURABLE, *room):
        db.execute(f"PRAGMA {pragma}")
    for table in tables:
        db.execute(table)
    return db


def _sqlite(house: House) -> Raw:
    path = house.databases.files["record"]
    with closing(sqlite3.connect(path)) as record:
        made = record.execute(
            f"SELECT sql FROM sqlite_master WHERE tbl_name IN {_TABLES} AND sql IS NOT NULL ORDER BY type DESC"
        ).fetchall()
    renamed = [statement for (statement,) in made]
    for table in _TABLES:
        renamed = [statement.replace(f'"{table}" (', f'"floor_{table}" (', 1) for statement in renamed]
    floor = path.with_name(f"floor-{time.monotonic_ns()}.sqlite3")
    return Raw(sqlite(floor, *renamed), "?")


def _postgresql(house: House) -> Raw:
    record = house.described.record
    db = psycopg.connect(host=record.host, user=record.user, dbname=record.name, autocommit=True)
    # Two floors take turns: each has tables of its own.
    schema = sql.Identifier(f"floor_{time.monotonic_ns()}")
    db.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
    db.execute(sql.SQL("SET search_path TO {}, public").format(schema))
    for table in _TABLES:
        names = sql.Identifier(f"floor_{table}"), sql.Identifier(table)
        db.execute(sql.SQL("CREATE TABLE {} (LIKE public.{} INCLUDING ALL)").format(*names))
    return Raw(db, "%s")
