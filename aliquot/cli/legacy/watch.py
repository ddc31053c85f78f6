"""What is seen of a long reading: rows, rate, remaining time and bins, on the terminal's second channel.

The first channel is for the account. Where there is no terminal, a line is written every ten seconds.
"""

import time
from types import TracebackType
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from aliquot.legacy.fates import Account

_LINE_S: Final = 10.0
_LOOK_S: Final = 0.5


class Watch:
    """Shows how far a reading is. `account`, where there is one, tells the bins as they fill."""

    def __init__(self, account: Account | None = None) -> None:
        self._account = account
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._live = self._console.is_terminal
        self._table, self._since, self._looked = "", 0.0, 0.0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(20),
            TextColumn("{task.fields[said]}", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._live,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> "Watch":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.stop()

    def read(self, table: str, rows: int, done: int, of: int) -> None:
        """So many rows of a table were read, and so many bytes of so many."""
        now = time.monotonic()
        if table != self._table or self._task is None:
            self._table, self._since, self._looked = table, now, 0.0
            self._task = self._bar.add_task(table, total=of or None, said="")
        if now - self._looked < (_LOOK_S if self._live else _LINE_S) and done < of:
            return
        self._looked = now
        rate = rows / max(now - self._since, 0.001)
        said = f"{rows:,} rows  {rate:,.0f}/s{self._bins(table)}"
        self._bar.update(self._task, completed=done, said=said)
        if not self._live and now - self._since >= _LINE_S:
            left = f"  {(of - done) * (now - self._since) / done:,.0f} s left" if done and of else ""
            self._console.print(f"{table}: {said}{left}", markup=False)

    def _bins(self, table: str) -> str:
        if self._account is None:
            return ""
        found = self._account.sums().bins(table)
        return "".join(f"  {bin_} {rows:,}" for bin_, rows in found.items() if rows)
