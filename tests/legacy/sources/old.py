"""Old systems for tests: files in a folder, a description, and what a reader makes of them."""

from collections.abc import Sequence
from pathlib import Path

from aliquot.legacy import description
from aliquot.legacy.description import Description
from aliquot.legacy.source import Cell, Spoiled
from aliquot.legacy.sources import opening


def described(folder: Path, toml: str) -> Description:
    """A description that stands in this folder."""
    return Description(folder, description.parse(toml))


def read(described_: Description, table: str, columns: Sequence[str], after: int = 0) -> dict[int, tuple[Cell, ...]]:
    """The rows of a table by their place."""
    source = opening.opened(described_)
    chunks = list(source.rows(table, columns, after))
    source.close()
    return {number: row for chunk in chunks for number, row in zip(chunk.numbers, chunk.rows, strict=True)}


def spoiled(described_: Description, table: str, columns: Sequence[str]) -> list[Spoiled]:
    """The rows of a table that could not be read."""
    source = opening.opened(described_)
    found = [one for chunk in source.rows(table, columns) for one in chunk.spoiled]
    source.close()
    return found


def columns(described_: Description) -> dict[str, tuple[str, ...]]:
    """The tables with their columns."""
    source = opening.opened(described_)
    found = {header.table: header.columns for header in source.tables()}
    source.close()
    return found
