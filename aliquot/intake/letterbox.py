"""Where letters wait, sealed, between the machine that wrote them and the worker that files them.

One SQLite file with two ends. The listener's end numbers, seals, signs and adds; the worker's end takes and removes.
A letter is never changed. Its number is given once and never again, so that a letter taken away leaves a gap.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from aliquot.intake.seat import Seat
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id
from aliquot.vault import letterbox
from aliquot.vault.letterbox import Envelope, Letter, SealedLetter

LEASE: Final = timedelta(seconds=60)
"""How long a letter is the worker's that took it, unless it renews."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""The longest that a letter may be put back for; a lease that says more was given by a clock that jumped back."""

_MOST_BYTES: Final = 16 * 1024 * 1024
"""Letters that are taken at once go to the custodian in one request, and what they become goes there in another."""

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS counter (
        one INTEGER PRIMARY KEY CHECK (one = 1), listener BLOB NOT NULL, next INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS letter (
        number INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, peer TEXT NOT NULL,
        signature BLOB NOT NULL, sealed BLOB NOT NULL
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS lease (
        number INTEGER PRIMARY KEY REFERENCES letter ON DELETE CASCADE, until INTEGER NOT NULL, tries INTEGER NOT NULL
    ) STRICT""",
    "PRAGMA user_version = 1",
)
_VERSION: Final = 1
# Listener and worker are two Unix users that share a group; what they share is sealed.
_MODE: Final = 0o660
# What SQLite sorts or takes back, it keeps in memory and in no temporary file of the system.
_LAWS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "temp_store=MEMORY")
_PATIENCE_SECONDS: Final = 5
_LARGEST_WAL: Final = 64 * 1024 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Unkept(Refused):
    """The store is full, locked or failing. What was to be stored may not be acknowledged."""


class Arrival(msgspec.Struct, frozen=True):
    """A message that was accepted from an enrolled peer and is not stored yet."""

    peer: str
    received_at: datetime
    message: bytes


class Waiting(msgspec.Struct, frozen=True):
    """A letter that a worker has taken, for the `tries`-th time."""

    letter: Letter
    tries: int


class Sender(msgspec.Struct, frozen=True):
    """How many letters of one peer wait, and since when the oldest of them."""

    peer: str
    count: int
    since: datetime


class Slot:
    """The listener's end: letters go in and nothing comes out. A second one of the same file is refused."""

    def __init__(self, path: Path, seat: Seat) -> None:
        """Open the letterbox, or make it.

        Raises:
            Refused: another process listens into it, or it belongs to another listener.
        """
        self._seat = seat
        self._lock = _exclusive(path.with_name(path.name + ".lock"))
        try:
            _make(path)
            self._db = _open(path)
            self._claim()
        except (Refused, Broken):
            os.close(self._lock)
            raise

    def drop(self, arrivals: Sequence[Arrival]) -> list[int]:
        """Number, seal, sign and store these messages in one transaction. Durable when this returns.

        Raises:
            Unkept: not one of them may be acknowledged. A failing disk may have kept them all the same.
        """
        with _transaction(self._db):
            return self._add(arrivals)

    def close(self) -> None:
        """Close the file and let another process listen into it. The next one continues the numbers."""
        self._db.close()
        os.close(self._lock)

    def _claim(self) -> None:
        with _transaction(self._db):
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._db.execute("INSERT OR IGNORE INTO counter VALUES (1, ?, 1)", (self._seat.listener,))
            (listener,) = self._db.execute("SELECT listener FROM counter").fetchone()
        if listener != self._seat.listener:
            self._db.close()
            raise Refused("letterbox: it belongs to another listener")

    def _add(self, arrivals: Sequence[Arrival]) -> list[int]:
        (first,) = self._db.execute("SELECT next FROM counter").fetchone()
        for number, arrival in enumerate(arrivals, start=first):
            letter = self._letter(number, arrival)
            self._db.execute(
                "INSERT INTO letter (number, received_at, peer, signature, sealed) VALUES (?, ?, ?, ?, ?)",
                (number, _micros(arrival.received_at), arrival.peer, letter.signature, letter.sealed),
            )
        self._db.execute("UPDATE counter SET next = ?", (first + len(arrivals),))
        return list(range(first, first + len(arrivals)))

    def _letter(self, number: int, arrival: Arrival) -> Letter:
        envelope = Envelope(self._seat.listener, number, arrival.received_at, arrival.peer)
        return letterbox.sign(self._seat.key, envelope, letterbox.seal(self._seat.slot, envelope, arrival.message))


class Tray:
    """The worker's end: letters are taken for a while, put back, or removed once their message is filed."""

    def __init__(self, path: Path) -> None:
        """Open a letterbox that its listener has made.

        Raises:
            Refused: there is none yet.
            Unkept: it cannot be read; so with every verb.
        """
        if not path.exists():
            raise Refused("letterbox: no listener has made it yet")
        self._db = _open(path)
        if self._db.execute("PRAGMA user_version").fetchone()[0] == 0:
            self._db.close()
            raise Refused("letterbox: no listener has made it yet")

    def waiting(self, limit: int, now: datetime) -> list[Waiting]:
        """Take up to `limit` letters, lowest number first; fewer where they are large, and always one.

        Nobody else gets them for the time of `LEASE`.
        """
        with _transaction(self._db):
            found = self._db.execute(
                """SELECT letter.number, received_at, peer, sealed, signature, coalesce(tries, 0) + 1 AS tries
                FROM letter LEFT JOIN lease USING (number)
                WHERE until IS NULL OR until <= :now OR until > :now + :longest ORDER BY letter.number LIMIT :limit""",
                {"now": _micros(now), "longest": LONGEST_WAIT // _MICROSECOND, "limit": limit},
            )
            rows = _carried(found)
            found.close()
            self._db.executemany(
                "INSERT INTO lease VALUES (?1, ?2, 1) ON CONFLICT DO UPDATE SET until = ?2, tries = tries + 1",
                [(row["number"], _micros(now + LEASE)) for row in rows],
            )
            (listener,) = self._db.execute("SELECT listener FROM counter").fetchone()
        return [_waiting(Id(listener), row) for row in rows]

    def put_off(self, numbers: Sequence[int], until: datetime) -> None:
        """Keep taken letters to oneself for longer, or let nobody try them again, before `until`.

        An instant more than `LONGEST_WAIT` ahead counts as no lease at all.
        """
        with _transaction(self._db):
            self._db.executemany(
                "UPDATE lease SET until = ? WHERE number = ?", [(_micros(until), number) for number in numbers]
            )

    def done(self, numbers: Sequence[int]) -> None:
        """Remove letters whose message is filed, durably; a number that is not there was removed before."""
        with _transaction(self._db):
            self._db.executemany("DELETE FROM letter WHERE number = ?", [(number,) for number in numbers])

    def pending_count(self) -> int:
        """How many letters are here, taken or not."""
        (count,) = self._db.execute("SELECT count(*) FROM letter").fetchone()
        return int(count)

    def senders(self) -> list[Sender]:
        """Whose letters are here, taken or not."""
        found = self._db.execute("SELECT peer, count(*), min(received_at) FROM letter GROUP BY peer ORDER BY peer")
        return [Sender(peer, count, _instant(since)) for peer, count, since in found]

    def numbers(self) -> tuple[Id, int, int | None]:
        """The listener, the number that its next letter gets, and the lowest one that is here."""
        listener, following, lowest = self._db.execute(
            "SELECT listener, next, (SELECT min(number) FROM letter) FROM counter"
        ).fetchone()
        return Id(listener), following, lowest

    def oldest(self) -> datetime | None:
        """When the letter with the lowest number came in; none where nothing waits."""
        row = self._db.execute("SELECT received_at FROM letter ORDER BY number LIMIT 1").fetchone()
        return None if row is None else _instant(row[0])

    def close(self) -> None:
        """Close the file; letters that were taken and not removed wait again when their lease is over."""
        self._db.close()


def _carried(found: Iterable[sqlite3.Row]) -> list[sqlite3.Row]:
    rows: list[sqlite3.Row] = []
    size = 0
    for row in found:
        size += len(row["sealed"])
        if rows and size > _MOST_BYTES:
            break
        rows.append(row)
    return rows


def _exclusive(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused("letterbox: another process listens into it") from None
    return descriptor


def _make(path: Path) -> None:
    if not path.exists():
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        os.fchmod(descriptor, _MODE)
        os.close(descriptor)


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_PATIENCE_SECONDS)
    db.row_factory = sqlite3.Row
    # Removed letters are overwritten: what shreds a patient's key must not find the message sealed to another one.
    removing = ("secure_delete=ON", f"journal_size_limit={_LARGEST_WAL}")
    with _failing():
        for pragma in (*_LAWS, *removing):
            db.execute(f"PRAGMA {pragma}")
        (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > _VERSION:
        db.close()
        raise Broken("letterbox: written by a newer Aliquot")
    return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    with _failing():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise Unkept(f"letterbox: {error.sqlite_errorname}") from None


def _waiting(listener: Id, row: sqlite3.Row) -> Waiting:
    envelope = Envelope(listener, row["number"], _instant(row["received_at"]), row["peer"])
    return Waiting(Letter(envelope, SealedLetter(row["sealed"]), row["signature"]), row["tries"])


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(at: int) -> datetime:
    return _EPOCH + at * _MICROSECOND
