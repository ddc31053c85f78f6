"""What lies between two words of a migration, in migrations/MANDATE: counts, places, names of columns and digests."""

from pathlib import Path
from typing import Final, TypeVar

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import whole

PROFILE: Final = "profile.json"
REHEARSAL: Final = "rehearsal.json"
PROGRESS: Final = "progress.json"
LOADED: Final = "loaded.json"
RECONCILIATION: Final = "reconciliation.json"
WAY_BACK: Final = "way-back.json"

S = TypeVar("S", bound=msgspec.Struct)
_PRIVATE: Final = 0o700


def of(where: Path, mandate: str, of_all: str = "migrations") -> Path:
    """The folder of a migration (or, among `exports`, of an export), which only its Unix user enters."""
    folder = where / of_all / mandate
    folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
    return folder


def has_way_back(where: Path, mandate: str) -> bool:
    """Whether the way back was rehearsed here: what may follow is the cut-over, which ends the loader."""
    return (where / "migrations" / mandate / WAY_BACK).exists()


def write(file: Path, said: msgspec.Struct) -> None:
    """Put something down; a power cut leaves what stood there before."""
    whole.write(file, msgspec.json.encode(said))


def kept(file: Path, kind: type[S], otherwise: str) -> S:
    """What was put down.

    Raises:
        Refused: nothing was, which `otherwise` says; or it is not what one of our words wrote.
    """
    found = read(file, kind)
    if found is None:
        raise Refused(otherwise)
    return found


def read(file: Path, kind: type[S]) -> S | None:
    """What was put down, if anything was.

    Raises:
        Refused: it is not what one of our words wrote.
    """
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except canonical.UNREADABLE:
        raise Refused(f"{file.name}: not what `aliquot legacy` wrote; delete it, and it is made again") from None
