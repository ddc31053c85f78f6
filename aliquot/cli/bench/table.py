"""The table of figures, and what is said while they are taken."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from aliquot.cli.bench.measured import Costs, Figure

_HOLDS = {True: "yes", False: "NO", None: ""}


@contextmanager
def progress() -> Iterator["Telling"]:
    """Say on standard error how far it is."""
    with Progress(console=Console(stderr=True), transient=True) as shown:
        yield Telling(shown)


class Telling:
    """One line for each thing that is being done."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, more: int) -> None:
        """So many more are done of this."""
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = self._shown.add_task(what, total=None)
        self._shown.update(task, advance=more)


def show(figures: Sequence[Figure], engine: str) -> None:
    """Print them."""
    table = Table(title=f"aliquot bench, record on {engine}", show_lines=True)
    for heading in ("figure", "measured", "floor", "ratio", "aim", "holds", "for each act"):
        table.add_column(heading, overflow="fold")
    for each in figures:
        table.add_row(
            each.name, each.measured, each.floor, each.ratio, each.aim, _HOLDS[each.holds], _costs(each.costs)
        )
    Console().print(table)


def _costs(costs: Costs | None) -> str:
    if costs is None:
        return ""
    commits = ", ".join(f"{number:.3g} {name}" for name, number in costs.commits.items())
    return (
        f"durable commits: {commits}; round trips: {costs.trips:.3g}; "
        f"processor: custody {costs.custody_ms:.2f} ms, here {costs.here_ms:.2f} ms"
    )
