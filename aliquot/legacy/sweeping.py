"""The sweep: what a migration left is deleted once custody says that it is over, whether anybody thought of it or not.

Source: CONTROLS D4 (the forgotten file was the leak).
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, final

from aliquot.access import migrating
from aliquot.access.custodian import Line
from aliquot.custody import steps
from aliquot.custody.steps import State
from aliquot.legacy import closing, staged
from aliquot.legacy.staged import Staged
from aliquot.terms.errors import Refused
from aliquot.terms.events import StagingSwept

_EVERY_S: Final = 3600


@final
class Sweep:
    """The worker's look for staged files of migrations that are over: at its start, and every hour."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._due = 0.0

    def step(self, line: Line) -> tuple[StagingSwept, ...]:
        """Sweep, if an hour has passed since the last time; one event for each mandate of which something lay here."""
        if time.monotonic() < self._due:
            return ()
        self._due = time.monotonic() + _EVERY_S
        return sweep(line, self._home)


def sweep(line: Line, home: Path) -> tuple[StagingSwept, ...]:
    """Delete what lies here of migrations that are closed, aborted or lapsed.

    What belongs to a mandate that custody does not know stays, for it may be on its way to another laboratory;
    `aliquot doctor` names it.
    """
    found: dict[str, list[Staged]] = {}
    for one, state in fates(line, home):
        if state in steps.OVER:
            found.setdefault(one.mandate, []).append(one)
    return tuple(_swept(home, mandate, each) for mandate, each in found.items())


def fates(line: Line, home: Path) -> Iterator[tuple[Staged, State | None]]:
    """Everything that is staged here, with how far its migration is; nothing for one that custody does not know."""
    asked: dict[str, State | None] = {"": None}
    for one in staged.found(home):
        if one.mandate not in asked:
            asked[one.mandate] = migrating.standing(line, bytes.fromhex(one.mandate))
        yield one, asked[one.mandate]


def _swept(home: Path, mandate: str, there: list[Staged]) -> StagingSwept:
    # A certificate may be asked for later; that there is no room for its list is no reason to leave anything.
    with contextlib.suppress(Refused):
        closing.note(home, mandate, there)
    left = [file for one in there for file in staged.erase(one)]
    return StagingSwept(mandate, sum(len(one.files) for one in there) - len(left), len(left))
