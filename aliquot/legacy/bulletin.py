"""How far a load is, for whoever sits at a desk: a paper of the migration, renewed every ten seconds.

It is a convenience: nothing rests on it, and one that cannot be put down now is put down the next time.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from aliquot.custody.denial import Denial
from aliquot.legacy import entrance, papers
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Account
from aliquot.legacy.papers import Progressed

EVERY_S: Final = 10.0
_NOT_NOW: Final = "conflict"
"""A load that was killed was putting its own down, and nobody has found out yet what became of it."""


@dataclass(frozen=True)
class _Seen:
    table: str = ""
    rows: int = 0
    done: int = 0
    of: int = 0


class Bulletin:
    """Of one load; to be told what is read, and asked to tell it after each batch."""

    def __init__(self, leave: Leave, map_: str, account: Account, steady: Callable[[], float] = time.monotonic) -> None:
        """`map_` is the digest of the map in force."""
        self._leave, self._map, self._account, self._steady = leave, map_, account, steady
        self._began: datetime = leave.clock()
        self._seen, self._before = _Seen(), _Seen()
        self._told = steady()

    def read(self, table: str, rows: int, done: int, of: int) -> None:
        """So many rows of a table were read, and so much of the source of so much."""
        self._seen = _Seen(table, rows, done, of)

    def tell(self, state: Literal["running", "paused", "ended"] = "running") -> None:
        """Put down how far it is, unless that was done a moment ago and the load goes on.

        Raises:
            Denial: custody lets nothing more in.
        """
        now = self._steady()
        if state == "running" and now - self._told < EVERY_S:
            return
        said = self._said(state, now - self._told)
        self._told, self._before = now, self._seen
        leave = entrance.here(self._leave)
        try:
            with leave.running() as grant:
                papers.put(grant, leave.mandate, papers.PROGRESS, said)
        except Denial as denial:
            if denial.code != _NOT_NOW:
                raise

    def _said(self, state: Literal["running", "paused", "ended"], seconds: float) -> Progressed:
        seen, before = self._seen, self._before
        if seen.table != before.table:
            before = _Seen()
        rate = (seen.rows - before.rows) / max(seconds, 0.001)
        pace = (seen.done - before.done) / max(seconds, 0.001)
        return Progressed(
            mandate=self._leave.mandate.hex(),
            map=self._map,
            began_at=self._began,
            at=self._leave.clock(),
            state=state,
            table=seen.table,
            rows=seen.rows,
            done=seen.done,
            of=seen.of,
            rate=round(rate),
            left_seconds=round((seen.of - seen.done) / pace) if seen.of and pace > 0 else -1,
            sums=self._account.sums(),
        )
