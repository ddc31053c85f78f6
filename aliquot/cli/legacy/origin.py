"""What SOURCE names: the description of an old system that is read in place, or the folder of a bundle that came."""

import argparse
import hashlib
from collections.abc import Iterator
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


def read(place: Path) -> Origin:
    """What is read: a folder is a bundle, a file a description.

    Raises:
        Refused: it is neither.
    """
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
    chosen: argparse.Namespace, origin: Origin, working: Loader, account: Account | None = None
) -> Iterator[Reading]:
    """It, opened under the loader's mandate; how far the reading is can be seen, with the bins of an account.

    Raises:
        Refused: it is not what it is said to be.
        Denial: custody does not open the bundle.
    """
    with Watch(account) as seen:
        if isinstance(origin, Came):
            reading = arriving.opened(working.leave, working.scope, origin.folder, seen.read)
        else:
            reading = Reading(working.scope, origin, asked.password(chosen), seen.read)
        with reading:
            yield reading
