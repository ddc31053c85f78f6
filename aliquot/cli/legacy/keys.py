"""Where the keys of loaders lie in an installation, and those of exporters."""

from pathlib import Path

from aliquot.terms.errors import Refused

_PRIVATE = 0o700
_WORD = {"loader": "legacy", "exporter": "export"}


def file(where: Path, name: str, role: str = "loader") -> Path:
    """The file of the key of a loader, or of a service in another role."""
    folder = where / role
    folder.mkdir(exist_ok=True, mode=_PRIVATE)
    return folder / f"{name}.key"


def name(where: Path, wanted: str, role: str = "loader") -> str:
    """The loader (or service in another role) that is meant: the one that was named, or the only one.

    Raises:
        Refused: there is none, or there are several and none was named.
    """
    found = sorted(each.stem for each in (where / role).glob("*.key"))
    if wanted:
        if wanted not in found:
            raise Refused(f"there is no {role} {wanted} here; `aliquot {_WORD[role]} enrol {wanted}` makes its key")
        return wanted
    if len(found) != 1:
        said = f"several {role}s have keys here ({', '.join(found)}); name one with --{role}" if found else ""
        raise Refused(said or f"no {role} has a key here; `aliquot {_WORD[role]} enrol NAME` makes one")
    return found[0]
