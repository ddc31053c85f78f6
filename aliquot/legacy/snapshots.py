"""Whether a source is still the one that was read before: its files, their sizes, and when they were written."""

import hashlib
import os
from collections.abc import Callable, Iterator
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
from aliquot.terms.errors import Refused


def taken(description: Description) -> str:
    """A word that is another one once the source may have changed.

    A running database changes unseen, and its rows have no fixed places: each time its word is another.
    """
    if isinstance(description.form, Database):
        return os.urandom(16).hex()
    files = sorted({file.resolve() for path in _paths(description) for file in description.files(path)})
    said = "\n".join(f"{file} {status.st_size} {status.st_mtime_ns}" for file in files for status in (file.stat(),))
    return hashlib.sha256(description.digest() + said.encode()).hexdigest()


def still(description: Description) -> Callable[[], None]:
    """To be asked at the end of a reading: it refuses if a file was written since now.

    Of a running database it establishes nothing.
    """
    before = taken(description)

    def ask() -> None:
        if not isinstance(description.form, Database) and taken(description) != before:
            raise Refused(
                "source: a file of it was written while it was read; see that nobody writes there, and begin again "
                "with the same command"
            )

    return ask


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
