"""A rehearsal as it is told in the terminal, with what changed since the last one."""

from aliquot.cli import amounts
from aliquot.cli.legacy import account
from aliquot.legacy.papers import Rehearsed


def show(now: Rehearsed, before: Rehearsed | None, *, recorded: bool) -> None:
    """Tell it, with what changed since the last one."""
    account.show(now.sums)
    print(f"{amounts.of(now.people, 'person', 'people')} and {amounts.of(now.dossiers, 'dossier')} would come over")
    if before is not None:
        changes = list(account.changes(before.sums, now.sums))
        print("since the last rehearsal:" if changes else "since the last rehearsal nothing changed")
        for line in changes:
            print(line)
    said = "it stands in history" if recorded else "not recorded: a biologist signs the map, then rehearse it"
    print(f"map {now.map}\nrehearsal {now.digest}: {said}")
