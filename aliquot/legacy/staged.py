"""What a migration leaves at a site between its steps: sealed bundles, and what its words keep for each other.

A bundle is known by what it is, wherever under the installation somebody put it, and its header says whose it is. In
the folder of a migration everything goes at its end but the accounts, which hold counts and digests.
"""

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from aliquot.terms.errors import Refused
from aliquot.vault import bundle, carrying, whole

FOLDER: Final = "migrations"
LISTED: Final = "erased.json"
_KEPT: Final = re.compile(
    r"(rehearsal|loaded|reconciliation|reconciled|way-back|erased)\.json|map\.toml|certificate-[0-9a-f]{64}\.(json|pdf)"
)
"""The accounts of a migration, its map, and its certificates: the certificate names them by their digests."""
_PART: Final = re.compile(r"[0-9]{6,}\.part|\.[0-9]{6,}\.draft")
_FRAME: Final = re.compile(r"(header|manifest|\.carry)\.json|\.(header|manifest|\.carry)\.json\..+")
_MANDATE: Final = re.compile(r"[0-9a-f]{32}")
_AT_ONCE: Final = 2**20
_LARGEST_HEADER: Final = 64 * 1024
_ELSEWHERE: Final = frozenset({"tiles", "custody", "journal"})
"""Folders of the custodian: nobody carries anything there, and the history is long."""


class Erased(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """One file that was erased: where it lay, its size, and SHA-256 of its sealed bytes."""

    name: str
    bytes: int
    sha256: str


class Staged(msgspec.Struct, frozen=True):
    """What lies in one folder and belongs to one mandate; `mandate` is empty if nothing says whose it is.

    `files` are in the order in which they are erased: what says whose they are goes last.
    """

    folder: Path
    mandate: str
    files: tuple[Path, ...]


def found(home: Path, others: Sequence[Path] = ()) -> tuple[Staged, ...]:
    """Everything that is staged under an installation, and in other folders that somebody names."""
    bundles = {folder: one for place in (home, *others) for folder, one in _bundles(place.resolve())}
    taken = {file for one in bundles.values() for file in one.files}
    folders = sorted((home.resolve() / FOLDER).glob("*"))
    left = [Staged(folder, folder.name, _left(folder, taken)) for folder in folders]
    return (*bundles.values(), *(one for one in left if one.files))


def listed(staged: Staged, home: Path) -> tuple[Erased, ...]:
    """The files with their sizes and hashes, named from the installation, or from the folder that lies elsewhere."""
    root = home.resolve() if staged.folder.is_relative_to(home.resolve()) else staged.folder.parent
    return tuple(_described(file, file.relative_to(root).as_posix()) for file in staged.files)


def erase(staged: Staged) -> tuple[Path, ...]:
    """Take the files away, and the folders that are empty then; the answer is what could not be taken away.

    Nothing is overwritten: a flash disk or a copying file system would not do it where the bytes lie. What makes them
    worthless, here and in every copy, is that the staging key is destroyed.
    """
    left = tuple(file for file in staged.files if not _gone(file))
    for folder in sorted({parent for file in staged.files for parent in _within(file, staged.folder)}, reverse=True):
        if folder.is_dir():
            whole.make_known(folder)
            with contextlib.suppress(OSError):  # it is not empty, or is not ours to remove
                folder.rmdir()
    return left


def _bundles(place: Path) -> Iterator[tuple[Path, Staged]]:
    # A link is never followed: what it names is not ours to erase.
    for name, folders, files in os.walk(place):
        folder = Path(name)
        folders[:] = sorted(set(folders) - _ELSEWHERE) if folder == place else sorted(folders)
        one = _bundle(folder, [folder / file for file in files])
        if one is not None:
            yield folder, one


def _bundle(folder: Path, files: Sequence[Path]) -> Staged | None:
    header = folder / carrying.HEADER
    mandate = _mandate(header) if header in files else ""
    parts = sorted(file for file in files if _PART.fullmatch(file.name))
    if not (mandate or parts):
        return None
    # The header says whose the rest is, so it goes last: a folder that was half erased is still known.
    frame = sorted((file for file in files if _FRAME.fullmatch(file.name)), key=lambda file: file == header)
    return Staged(folder, mandate or _named(folder), (*parts, *frame))


def _mandate(header: Path) -> str:
    # Whoever may write here may have put anything here: a pipe would be waited for, a whole disk be read.
    try:
        if not stat.S_ISREG(header.lstat().st_mode) or header.stat().st_size > _LARGEST_HEADER:
            return ""
        return bundle.header(header.read_bytes()).mandate
    except (OSError, Refused):
        return ""


def _named(folder: Path) -> str:
    """The mandate in whose folder a bundle without a header lies."""
    at = [place for place in (folder, *folder.parents) if place.parent.name == FOLDER]
    return at[0].name if at and _MANDATE.fullmatch(at[0].name) else ""


def _left(folder: Path, taken: set[Path]) -> tuple[Path, ...]:
    """What lies in the folder of a migration beside its accounts and bundles."""
    if folder.is_symlink() or not _MANDATE.fullmatch(folder.name):
        return ()
    deep = [Path(name) / file for name, folders, files in os.walk(folder) for file in (*files, *_links(name, folders))]
    return tuple(
        file
        for file in sorted(deep)
        if file not in taken and not (file.parent == folder and _KEPT.fullmatch(file.name))
    )


def _links(name: str, folders: Sequence[str]) -> list[str]:
    return [one for one in folders if (Path(name) / one).is_symlink()]


def _described(file: Path, name: str) -> Erased:
    if file.is_symlink():
        return Erased(name, 0, hashlib.sha256(os.readlink(file).encode()).hexdigest())
    digest, size = hashlib.sha256(), 0
    if not stat.S_ISREG(file.lstat().st_mode):
        return Erased(name, 0, digest.hexdigest())
    with file.open("rb") as opened:
        while block := opened.read(_AT_ONCE):
            digest.update(block)
            size += len(block)
    return Erased(name, size, digest.hexdigest())


def _gone(file: Path) -> bool:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _within(file: Path, folder: Path) -> list[Path]:
    """The folders from a file up to the one that is erased, that one too."""
    return [parent for parent in file.parents if parent.is_relative_to(folder)]
