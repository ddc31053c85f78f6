"""A rehearsal as it is told in the terminal, with what changed since the last one."""

from aliquot.cli import amounts
from aliquot.cli.legacy import account, breadth
from aliquot.legacy.papers import Rehearsed


def show(now: Rehearsed, before: Rehearsed | None, said: str) -> None:
    """Tell it, with what changed since the last one, and in `said` whether it counts."""
    account.show(now.sums)
    print(f"{amounts.of(now.people, 'person', 'people')} and {amounts.of(now.dossiers, 'dossier')} would come over")
    if before is not None:
        changes = list(account.changes(before.sums, now.sums))
        print("since the last rehearsal:" if changes else "since the last rehearsal nothing changed")
        for line in changes:
            breadth.show(line)
    breadth.show(f"map {now.map}\nrehearsal {now.digest}: {said}")
