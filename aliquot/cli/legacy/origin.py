"""What SOURCE names: the description of an old system that is read in place, or the folder of a bundle that came."""

import argparse
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aliquot.cli.legacy import asked
from aliquot.cli.legacy.loader import Loader
from aliquot.cli.legacy.watch import Watch
from aliquot.legacy import arriving, description, snapshots
from aliquot.legacy.description import Description
from aliquot.legacy.fates import Account
from aliquot.legacy.reading import Reading
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import carrying


@dataclass(frozen=True)
class Came:
    """A bundle that was carried here."""

    folder: Path

    def digest(self) -> bytes:
        """SHA-256 over its manifest, which names every part.

        Raises:
            Refused: a part is missing, or not as it was signed.
        """
        return hashlib.sha256(canonical.encode(carrying.arrived(self.folder)[1])).digest()


Origin = Description | Came
Told = Callable[[str, int, int, int], None]
"""Is told how many rows of a table were read, and how much of the source of how much."""


def read(place: Path) -> Origin:
    """What is read: a folder is a bundle, a file a description.

    Raises:
        Refused: it is neither.
    """
    if not place.exists():
        raise Refused(f"{place.name}: there is no such file or folder; SOURCE is source.toml, or a bundle's folder")
    if not place.is_dir():
        return description.read(place)
    if not (place / carrying.HEADER).is_file():
        raise Refused(f"{place.name}: there is no bundle in this folder; an old system is described in a source.toml")
    return Came(place)


def taken(origin: Origin) -> str:
    """A word that is another one once the source may have changed (`snapshots.taken`)."""
    return origin.digest().hex() if isinstance(origin, Came) else snapshots.taken(origin)


@contextmanager
def opened(
    chosen: argparse.Namespace,
    origin: Origin,
    working: Loader,
    account: Account | None = None,
    tell: Told | None = None,
) -> Iterator[Reading]:
    """It, opened under the loader's mandate; how far the reading is can be seen, with the bins of an account.

    `tell` is told it, too.

    Raises:
        Refused: it is not what it is said to be.
        Denial: custody does not open the bundle.
    """
    with Watch(account) as watch:

        def seen(table: str, rows: int, done: int, of: int) -> None:
            watch.read(table, rows, done, of)
            if tell is not None:
                tell(table, rows, done, of)

        if isinstance(origin, Came):
            reading = arriving.opened(working.leave, working.scope, origin.folder, seen)
        else:
            reading = Reading(working.scope, origin, asked.password(chosen), seen)
        with reading:
            yield reading
