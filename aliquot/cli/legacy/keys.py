"""Where the keys of loaders lie in an installation."""

from pathlib import Path

from aliquot.terms.errors import Refused

_PRIVATE = 0o700


def file(where: Path, name: str) -> Path:
    """The file of a loader's key."""
    folder = where / "loader"
    folder.mkdir(exist_ok=True, mode=_PRIVATE)
    return folder / f"{name}.key"


def name(where: Path, wanted: str) -> str:
    """The loader that is meant: the one that was named, or the only one.

    Raises:
        Refused: there is none, or there are several and none was named.
    """
    found = sorted(each.stem for each in (where / "loader").glob("*.key"))
    if wanted:
        if wanted not in found:
            raise Refused(f"there is no loader {wanted} here; `aliquot legacy enrol {wanted}` makes its key")
        return wanted
    if len(found) != 1:
        said = f"several loaders have keys here ({', '.join(found)}); name one with --loader" if found else ""
        raise Refused(said or "no loader has a key here; `aliquot legacy enrol NAME` makes one")
    return found[0]
