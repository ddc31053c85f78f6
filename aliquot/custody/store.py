"""Custody's database: one writer, one file, one operating-system lock, one transaction for each turn."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from aliquot.custody import schema
from aliquot.terms.errors import Broken, Refused

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PATIENCE_S = 1
"""Nobody else writes this file; a tool that holds it for longer is answered with "locked" and not waited for."""

_ASKED_AT_ONCE = 500

# What SQLite sorts or takes back, it keeps in memory and in no temporary file of the system; what is deleted is
# overwritten with zeros, for a key that was destroyed must not stand in a free page.
_LAWS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "temp_store=MEMORY",
    "secure_delete=ON",
)
_ROOM = ("cache_size=-65536", "wal_autocheckpoint=8000")
"""Ids are random, so every act touches pages all over the file: 64 MiB of them stay in memory, and what hundreds of
acts wrote is carried over from the write-ahead log (32 MiB of it) at once."""


@dataclass
class Turn:
    """One transaction over one or many requests. What lives in memory changes only after it is durable.

    `at` is the turn's instant in microseconds; `later` is run after the commit, in order, and not at all without it.
    What has to change at once, so that a neighbour in the same turn sees it, says in `undo` how it is taken back.
    """

    db: sqlite3.Connection
    now: datetime
    later: list[Callable[[], None]] = field(default_factory=list)
    undo: list[Callable[[], None]] = field(default_factory=list)
    moment: int | None = None
    """Trusted time, once it was asked for or counted (`custody.elapsed`)."""

    @cached_property
    def at(self) -> int:
        """The turn's instant in microseconds since 1970."""
        return micros(self.now)


class Store:
    """The open database. Making a second one of the same file is refused: exactly one custodian serves."""

    def __init__(self, path: Path) -> None:
        self._lock = _exclusive(path.with_suffix(".lock"))
        self.db = sqlite3.connect(
            path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        os.chmod(path, 0o600)
        for pragma in (*_LAWS, *_ROOM):
            self.db.execute(f"PRAGMA {pragma}")
        _migrate(self.db)

    @contextmanager
    def turn(self, now: datetime) -> Iterator[Turn]:
        """A transaction that is durable when the block has ended; after that, what was put off is run."""
        turn = Turn(self.db, now)
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield turn
            self.db.execute("COMMIT")
        except BaseException:
            for effect in reversed(turn.undo):
                effect()
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise
        for effect in turn.later:
            effect()

    def close(self) -> None:
        """Close the file and let another custodian have it."""
        self.db.close()
        os.close(self._lock)


def forget(turn: Turn) -> None:
    """Once this turn is durable, let the write-ahead log hold nothing of what it deleted.

    The file is cut to nothing. That a disk overwrites the blocks is not established.
    """

    def cut() -> None:
        turn.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    turn.later.append(cut)


def among(
    turn: Turn, query: str, values: Sequence[bytes | int], *of: bytes
) -> Iterator[tuple[Any, ...]]:  # Any: what is selected
    """The rows of a query that ends in `IN`, for any number of values; it asks for `of` before them."""
    for start in range(0, len(values), _ASKED_AT_ONCE):
        some = values[start : start + _ASKED_AT_ONCE]
        yield from turn.db.execute(f"{query} ({', '.join('?' * len(some))})", (*of, *some))


def micros(at: datetime) -> int:
    """An aware instant as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def instant(at: int) -> datetime:
    """The aware instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=at)


def _exclusive(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Refused("another custodian serves this installation") from None
    return handle


def _migrate(db: sqlite3.Connection) -> None:
    (done,) = db.execute("PRAGMA user_version").fetchone()
    if done > len(schema.MIGRATIONS):
        raise Broken("custody's database was written by a newer Aliquot")
    for number, script in enumerate(schema.MIGRATIONS[done:], start=done + 1):
        db.executescript(f"BEGIN; {script}; PRAGMA user_version = {number}; COMMIT;")
