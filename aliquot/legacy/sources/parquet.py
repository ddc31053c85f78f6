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

_MOST = 32 << 20
"""How many bytes of cells are in memory at once, and the most that a row may have."""
_SMALL = 64 << 20
_STEEPEST = 200
_CELL = 64
"""About what a cell takes beside its own bytes."""
_NUMBER = 8
_TEXTS = "BYTE_ARRAY"


Theirs = Any  # what is pyarrow's own has no types


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
        """The rows of all files of a table; only the columns asked for are taken from the disk.

        Raises:
            Refused: a row, or what a column unpacks to, does not fit in memory.
        """
        places.of(self._headers, table, columns)
        before = 0
        for file in self._files[table]:
            for rows in self._reads(file, list(columns)):
                left = max(0, after - before)
                before += len(rows)
                if rows[left:]:
                    yield Chunk(rows[left:], list(range(before - len(rows[left:]) + 1, before + 1)))

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

    def _reads(self, file: Path, columns: list[str]) -> Iterator[list[places.Row]]:
        with self._opened(file) as opened:
            leaves = [opened.schema.column(number) for number in range(len(opened.schema))]
            texts = _written_once(opened.metadata, leaves)
        with self._opened(file, texts) as opened:
            try:
                for number in range(opened.num_row_groups):
                    at_once = _at_once(file, opened.metadata.row_group(number), leaves, columns)
                    for batch in opened.iter_batches(at_once, [number], columns, use_threads=False):
                        for part in _parts(file, batch):
                            yield _rows(part, columns)
            except (self._pyarrow.ArrowException, OSError):
                raise Refused(f"{file.name}: the file is damaged and cannot be read further") from None

    def _opened(self, file: Path, texts: Sequence[str] = ()) -> Theirs:
        from pyarrow import parquet

        try:
            # Mapped files and buffers ahead of the reading would make memory grow with the file.
            return parquet.ParquetFile(file, memory_map=False, pre_buffer=False, read_dictionary=list(texts))
        except (self._pyarrow.ArrowException, OSError):
            raise Refused(f"{file.name}: this is not a Parquet file") from None


def _library() -> Theirs:
    try:
        import pyarrow
    except ImportError:
        raise Refused(
            "source.toml: Parquet needs a library that is not installed: pip install 'aliquot[parquet]'"
        ) from None
    return pyarrow


def _written_once(contents: Theirs, leaves: list[Theirs]) -> list[str]:
    """The columns whose texts are read as they are written: one that a thousand rows have, once."""
    groups = [contents.row_group(number) for number in range(contents.num_row_groups)]
    return [
        leaf.path
        for number, leaf in enumerate(leaves)
        if leaf.physical_type == _TEXTS and not any(_told_by_the_one_before(group.column(number)) for group in groups)
    ]


def _told_by_the_one_before(chunk: Theirs) -> bool:
    return any(encoding.startswith("DELTA_") for encoding in chunk.encodings)


def _at_once(file: Path, group: Theirs, leaves: list[Theirs], columns: list[str]) -> int:
    """How many rows of a group fit in memory, as its list of contents says.

    Raises:
        Refused: a column unpacks to very much more than it is packed in.
    """
    unpacked = 1
    for number, leaf in enumerate(leaves):
        if not any(leaf.path == name or leaf.path.startswith(f"{name}.") for name in columns):
            continue
        chunk = group.column(number)
        spread = chunk.num_values * max(_NUMBER, leaf.length)
        # A list may have in one row what all rows together have.
        whole = max(chunk.total_uncompressed_size, spread if leaf.max_repetition_level else 0)
        if whole > _SMALL and whole > _STEEPEST * max(chunk.total_compressed_size, 1):
            raise Refused(f"{file.name}: a column is packed too tightly to be one of a table")
        unpacked += max(chunk.total_uncompressed_size, spread)
        if leaf.physical_type == _TEXTS and _told_by_the_one_before(chunk):
            # Each text may repeat all of the longest.
            unpacked += chunk.total_uncompressed_size * group.num_rows
    return int(max(1, min(AT_ONCE, _MOST * group.num_rows // unpacked)))


def _parts(file: Path, batch: Theirs) -> Iterator[Theirs]:
    """A batch in so many parts that the cells of each fit in memory."""
    if sum(map(_weight, batch.columns)) <= _MOST:
        yield batch
    elif batch.num_rows == 1:
        raise Refused(f"{file.name}: a row of more than {_MOST >> 20} MB: this is no row of a table")
    else:
        half = batch.num_rows // 2
        yield from _parts(file, batch.slice(0, half))
        yield from _parts(file, batch.slice(half))


def _weight(array: Theirs) -> int:
    """How much memory the cells of a column take, without making them."""
    from pyarrow import compute, types

    if types.is_dictionary(array.type):
        lengths = compute.take(compute.binary_length(array.dictionary), array.indices)
        return len(array) * _CELL + (compute.sum(lengths).as_py() or 0)
    if types.is_struct(array.type):
        return sum(map(_weight, array.flatten()))
    if types.is_list(array.type) or types.is_large_list(array.type):
        return len(array) * _CELL + _weight(array.flatten())
    return len(array) * _CELL + int(array.nbytes)


def _rows(batch: Theirs, columns: list[str]) -> list[places.Row]:
    cells = [[_cell(cell) for cell in _plain(batch.column(name)).to_pylist()] for name in columns]
    return list(zip(*cells, strict=True))


def _plain(column: Theirs) -> Theirs:
    from pyarrow import types

    return column.dictionary_decode() if types.is_dictionary(column.type) else column


def _cell(cell: object) -> Cell:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, list | dict):
        return msgspec.json.encode(cell, enc_hook=str).decode()
    return values.as_text(cell)
