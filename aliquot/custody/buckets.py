"""Leaky buckets: how many patients somebody may still open. Whole numbers throughout; a day's worth is the capacity.

A bucket keeps what was *taken*, so that a change of role or of the laboratory's size changes the room and never the
debt, and a bucket that was never used is full of room.
"""

from collections.abc import Iterable, Mapping

from aliquot.custody import limits
from aliquot.custody.store import Turn
from aliquot.terms.ids import Org

_TAKE = """
INSERT INTO bucket (key, level, rate, at) VALUES (?1, max(0, ?2), ?3, ?4) ON CONFLICT (key) DO UPDATE SET
  level = max(0, max(0, level - rate * (excluded.at - at)) + ?2), rate = excluded.rate, at = excluded.at
"""
_ADJUST = "UPDATE bucket SET level = max(0, max(0, level - rate * (?2 - at)) + ?3), at = ?2 WHERE key = ?1"


def unexplained_of(person: bytes) -> str:
    """The key of a person's bucket of unexplained patients."""
    return f"unexplained:{person.hex()}"


def all_of(person: bytes) -> str:
    """The key of a person's bucket of all patients."""
    return f"all:{person.hex()}"


def laboratory(org: Org) -> str:
    """The key of a laboratory's bucket of unexplained patients; the installation is the organization of zeros."""
    return f"organization:{org.hex()}"


def room(turn: Turn, rates: Mapping[str, int], at: int) -> dict[str, int]:
    """How many patients each bucket still admits, given the patients a day of each; negative when overdrawn."""
    marks = ",".join("?" * len(rates))
    rows = turn.db.execute(f"SELECT key, level, rate, at FROM bucket WHERE key IN ({marks})", tuple(rates))  # noqa: S608 - marks only
    taken = {key: max(0, level - rate * (at - since)) for key, level, rate, since in rows}
    return {key: (a_day * limits.DAY - taken.get(key, 0)) // limits.DAY for key, a_day in rates.items()}


def overdrawn(turn: Turn, keys: Iterable[str], at: int) -> bool:
    """Whether more was taken from one of these buckets than a day's worth."""
    marks = tuple(keys)
    row = turn.db.execute(
        f"SELECT 1 FROM bucket WHERE key IN ({','.join('?' * len(marks))}) AND level - rate * (? - at) > rate * ?",  # noqa: S608 - marks only
        (*marks, at, limits.DAY),
    ).fetchone()
    return row is not None


def take(turn: Turn, rates: Mapping[str, int], patients: int, at: int) -> None:
    """Take so many patients from buckets with these patients a day; taking none only makes the bucket known."""
    turn.db.executemany(_TAKE, [(key, patients * limits.DAY, a_day, at) for key, a_day in rates.items()])


def adjust(turn: Turn, key: str, patients: int, at: int) -> None:
    """Take from a known bucket beyond its room (positive), or give back (negative). An unknown bucket stays unknown."""
    turn.db.execute(_ADJUST, (key, at, patients * limits.DAY))
