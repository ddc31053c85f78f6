"""Changes of routing columns: hints for desks and workers, made in the transaction of the act. No rule rests on them.

Hundreds of acts are kept in one transaction. What several of them change in the same way is changed by one statement.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.backends.utils import CursorWrapper

W = TypeVar("W")


@dataclass(frozen=True)
class Routing(Generic[W]):
    """One change: `make` is given what all acts of the transaction want changed in this way, in their order."""

    make: Callable[[CursorWrapper, Sequence[W]], None]
    what: W


@dataclass(frozen=True)
class Statement:
    """A change that is one statement for each row of values."""

    sql: str

    def __call__(self, cursor: CursorWrapper, rows: Sequence[Sequence[Any]]) -> None:  # Any: what columns hold
        """Make it."""
        cursor.executemany(self.sql, rows)


def make(cursor: CursorWrapper, routings: Iterable[Routing[Any]]) -> None:  # Any: each change has its own
    """Make all changes, one way after another in the order in which each was first wanted."""
    wanted: dict[Callable[[CursorWrapper, Sequence[Any]], None], list[Any]] = {}
    for routing in routings:
        wanted.setdefault(routing.make, []).append(routing.what)
    for made, all_ in wanted.items():
        made(cursor, all_)
