"""Replacing a small file as a whole: the new content or the old, whatever happens in between."""

import os
import tempfile
from pathlib import Path


def write(path: Path, content: bytes) -> None:
    """The whole new file or the whole old one, readable by its owner only; durable when this returns."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
    make_known(path.parent)


def burn(path: Path, content: bytes) -> None:
    """As `write`; then the old content is overwritten where it lay.

    A disk that writes in place forgets it so. A flash disk or a copying file system may not: there the encryption of
    the disk, and discarding freed blocks, are what is left.
    """
    old = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        write(path, content)
        os.pwrite(old, bytes(os.fstat(old).st_size), 0)
        os.fsync(old)
    finally:
        os.close(old)


def make_known(folder: Path) -> None:
    """Make the names in a folder as durable as the contents of its files."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
