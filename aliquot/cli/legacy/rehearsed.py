"""A rehearsal as it is kept and told: counts, reasons and places. Its sums by test and month are kept as a digest only.

A month with one result of one test would have its value in clear.
"""

from typing import Self

import msgspec

from aliquot.cli.legacy import account
from aliquot.legacy import rehearsal
from aliquot.legacy.fates import Sums
from aliquot.legacy.rehearsal import Rehearsal


class Rehearsed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rehearsal came to; `digest` is that of the whole, as it stands in history."""

    mandate: str
    map: str
    digest: str
    people: int
    dossiers: int
    sums: Sums

    @classmethod
    def of(cls, whole: Rehearsal) -> Self:
        """The part that is kept."""
        return cls(whole.mandate, whole.map, rehearsal.digest(whole), whole.people, whole.dossiers, whole.sums)


def show(now: Rehearsed, before: Rehearsed | None, *, recorded: bool) -> None:
    """Tell it, with what changed since the last one."""
    account.show(now.sums)
    print(f"{now.people:,} people and {now.dossiers:,} dossiers would come over")
    if before is not None:
        changes = list(account.changes(before.sums, now.sums))
        print("since the last rehearsal:" if changes else "since the last rehearsal nothing changed")
        for line in changes:
            print(line)
    said = "it stands in history" if recorded else "not recorded: a biologist signs the map, then rehearse it"
    print(f"map {now.map}\nrehearsal {now.digest}: {said}")
