"""Whether a source is still the one that was read before: its files, their sizes, and when they were written."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from aliquot.legacy.description import (
    Database,
    Delimited,
    Description,
    Dump,
    Fixed,
    Messages,
    Parquet,
    Resources,
    Workbook,
)


def taken(description: Description) -> str:
    """A word that is another one once the source may have changed.

    A running database changes unseen, and its rows have no fixed places: each time its word is another.
    """
    if running(description):
        return os.urandom(16).hex()
    files = sorted({file.resolve() for path in _paths(description) for file in description.files(path)})
    said = "\n".join(f"{file} {status.st_size} {status.st_mtime_ns}" for file in files for status in (file.stat(),))
    return hashlib.sha256(description.digest() + said.encode()).hexdigest()


def running(description: Description) -> bool:
    """Whether it is a database, of which nobody sees whether it has changed."""
    return isinstance(description.form, Database)


def _paths(description: Description) -> Iterator[str]:
    match description.form:
        case Delimited() as form:
            yield from (table.path for table in form.tables.values())
            if form.folder:
                yield str(Path(form.folder) / form.pattern)
        case Fixed() as form:
            yield from (table.path for table in form.tables.values())
        case Parquet() as form:
            yield from form.tables.values()
        case Workbook() | Dump() | Messages() | Resources() as form:
            yield form.path
