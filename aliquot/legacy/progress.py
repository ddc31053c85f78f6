"""How far a load has come, so that it goes on where it stopped: a file with counts and places, and nothing else.

It is a convenience and no promise. Without it, or with an old one, a load finds by their ids what is there already;
nothing is doubled and nothing is left out.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import whole


class Odd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A row of results that custody did not let in, so that it stays in the source; and why."""

    row: int
    reason: str


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """One table: up to which row everything is settled, and what did not come in on the way."""

    mark: int = 0
    odd: list[Odd] = []


class Progress(msgspec.Struct, forbid_unknown_fields=True):
    """Of one load, under one mandate and one map, of one source as it stood (`snapshots.taken`)."""

    mandate: str
    map: str
    source: str = ""
    tables: dict[str, Table] = {}
    waiting: str = ""
    """SHA-256 over the places of the people who wait for a decision."""

    def table(self, name: str) -> Table:
        """How far a table is."""
        return self.tables.setdefault(name, Table())

    def wait(self, places: Iterable[tuple[str, int]]) -> None:
        """These people wait, with their results. If others waited before, the results are all looked at again.

        Whoever was decided upon between two runs has results before the marks, and they are not here.
        """
        said = hashlib.sha256(canonical.encode([f"{table} {row}" for table, row in sorted(places)])).hexdigest()
        if said != self.waiting:
            self.tables.clear()
            self.waiting = said


def read(file: Path, begun: Progress) -> Progress:
    """How far a load had come when it stopped; `begun`, if it was under another map or of a source that has changed.

    Raises:
        Refused: the file is not what a load wrote.
    """
    if not file.exists():
        return begun
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Progress)
    except canonical.UNREADABLE:
        raise Refused(f"{file.name}: not what a load wrote; delete it, and the load looks at every row again") from None
    same = (found.mandate, found.map, found.source) == (begun.mandate, begun.map, begun.source)
    return found if same else begun


def write(file: Path, progress: Progress) -> None:
    """Put down how far it is; a power cut leaves the one before."""
    whole.write(file, msgspec.json.encode(progress))
