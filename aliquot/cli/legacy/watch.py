"""What is seen of a long reading: rows, rate, remaining time and bins, on the terminal's second channel.

The first channel is for the account. Where there is no terminal, a line is written every ten seconds.
"""

import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from aliquot.cli import amounts
from aliquot.legacy.fates import Account

_LINE_S: Final = 10.0
_LOOK_S: Final = 0.5
_RATED_S: Final = 1.0
"""A rate of less time than this is chance."""


class Watch:
    """Shows how far a reading is. `account`, where there is one, tells the bins as they fill."""

    def __init__(self, account: Account | None = None) -> None:
        self._account = account
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._live = self._console.is_terminal
        self._table, self._since, self._looked = "", 0.0, 0.0
        self._seen: set[str] = set()
        self.bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TextColumn("{task.fields[said]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Watch":
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._read_whole()
        self.bar.stop()

    def read(self, table: str, rows: int, done: int, of: int) -> None:
        """So many rows of a table were read, and so many bytes of so many."""
        now = time.monotonic()
        if table != self._table or self._task is None:
            self._read_whole()
            self._table, self._since, self._looked = table, now, 0.0
            self._task = self.bar.add_task(
                f"{table} (again)" if table in self._seen else table, total=of or None, said=""
            )
            self._seen.add(table)
        if now - self._looked < (_LOOK_S if self._live else _LINE_S) and done < of:
            return
        self._looked = now
        passed = now - self._since
        rate = f"  {rows / passed:,.0f}/s" if passed >= _RATED_S else ""
        said = f"{amounts.of(rows, 'row')}{rate}{self._bins(table)}"
        self.bar.update(self._task, completed=done, said=said)
        if not self._live and now - self._since >= _LINE_S:
            left = f"  {(of - done) * (now - self._since) / done:,.0f} s left" if done and of else ""
            self._console.print(f"{table}: {said}{left}", markup=False)

    def _read_whole(self) -> None:
        """A table was read to its end; of some sources nobody knows before how much that is."""
        if self._task is not None:
            self.bar.update(self._task, total=1, completed=1)

    def _bins(self, table: str) -> str:
        if self._account is None:
            return ""
        found = self._account.sums().bins(table)
        return "".join(f"  {bin_} {rows:,}" for bin_, rows in found.items() if rows)
