"""Parquet files, by batches of rows. The library is large and comes with the extra `parquet` only."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from aliquot.legacy.description import Description
from aliquot.legacy.description import Parquet as Form
from aliquot.legacy.source import AT_ONCE, Cell, Chunk, Header
from aliquot.legacy.sources import places, values
from aliquot.terms.errors import Refused


class Tables:
    """The tables of a description of Parquet files."""

    def __init__(self, description: Description, form: Form) -> None:
        self._pyarrow = _library()
        self._files = {name: description.files(path) for name, path in form.tables.items()}
        self._headers = {name: self._header(files) for name, files in self._files.items()}

    def tables(self) -> tuple[Header, ...]:
        """The tables, with the names of their columns."""
        return tuple(Header(name, columns) for name, columns in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of all files of a table; only the columns asked for are taken from the disk."""
        places.of(self._headers, table, columns)
        yield from places.chunks(self._reads(table, columns), after)

    def reached(self) -> tuple[int, int]:
        """Columns lie apart: nobody can tell how far rows are read."""
        return 0, 0

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _header(self, files: list[Path]) -> tuple[str, ...]:
        headers = []
        for file in files:
            with self._opened(file) as opened:
                headers.append(tuple(opened.schema_arrow.names))
        if len(set(headers)) != 1:
            raise Refused(f"{files[0].name}: its columns are not those of the files beside it")
        return headers[0]

    def _reads(self, table: str, columns: Sequence[str]) -> Iterator[places.Row]:
        for file in self._files[table]:
            with self._opened(file) as opened:
                try:
                    for batch in opened.iter_batches(batch_size=AT_ONCE, columns=list(columns), use_threads=False):
                        cells = [[_cell(cell) for cell in batch.column(name).to_pylist()] for name in columns]
                        yield from zip(*cells, strict=True)
                except (self._pyarrow.ArrowException, OSError):
                    raise Refused(f"{file.name}: the file is damaged and cannot be read further") from None

    def _opened(self, file: Path) -> Any:  # pyarrow's own class, which has no types
        from pyarrow import parquet

        try:
            # Mapped files and buffers ahead of the reading would make memory grow with the file.
            return parquet.ParquetFile(file, memory_map=False, pre_buffer=False)
        except (self._pyarrow.ArrowException, OSError):
            raise Refused(f"{file.name}: this is not a Parquet file") from None


def _library() -> Any:  # a module without types
    try:
        import pyarrow
    except ImportError:
        raise Refused(
            "source.toml: Parquet needs a library that is not installed: pip install 'aliquot[parquet]'"
        ) from None
    return pyarrow


def _cell(cell: object) -> Cell:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, list | dict):
        return msgspec.json.encode(cell, enc_hook=str).decode()
    return values.as_text(cell)
