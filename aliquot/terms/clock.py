"""The one clock, given from outside so that tests, rehearsals and attacks can set it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present instant, aware, in UTC."""


def system() -> datetime:
    """The machine's own time."""
    return datetime.now(UTC)
