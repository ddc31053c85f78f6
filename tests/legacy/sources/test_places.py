"""Rows are gathered by their number and by their bytes, whatever they come from."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from aliquot.legacy.source import AT_ONCE, ENOUGH, Chunk, weight
from aliquot.legacy.sources import opening, places
from tests.legacy.sources import old

_WIDE = 120_000
_CELLS = 5
_ROWS = 30
_COLUMNS = [f"c{at}" for at in range(_CELLS)]


def _cell(at: int) -> str:
    """A cell of its own, as wide as delimited text has them; five of them are a row."""
    return f"{at:05} " + "a letter " * (_WIDE // 9)


@dataclass(frozen=True)
class Shape:
    """How a kind of source holds five wide cells in each of thirty rows."""

    write: Callable[[Path], str]
    table: str = "t"
    columns: Sequence[str] = tuple(_COLUMNS)


def _rows() -> list[list[str]]:
    return [[_cell(number * _CELLS + at) for at in range(_CELLS)] for number in range(_ROWS)]


def _delimited(folder: Path) -> str:
    (folder / "t.csv").write_text("\n".join(map(",".join, [_COLUMNS, *_rows()])))
    return 'kind = "delimited"\nfolder = "."\npattern = "*.csv"\n'


def _in_lines(folder: Path) -> str:
    """Each cell is broken over two lines, so that a chunk ends in the middle of a record."""
    rows = (",".join(f'"{cell[:50_000]}\n{cell[50_000:]}"' for cell in row) for row in _rows())
    (folder / "t.csv").write_text("\n".join((",".join(_COLUMNS), *rows)))
    return 'kind = "delimited"\nfolder = "."\npattern = "*.csv"\n'


def _dump(folder: Path) -> str:
    head = f"-- MySQL dump\nCREATE TABLE `t` ({', '.join(f'`{column}` text' for column in _COLUMNS)});\n"
    rows = ",".join("('" + "','".join(row) + "')" for row in _rows())
    (folder / "t.sql").write_text(f"{head}INSERT INTO `t` VALUES {rows};\n")
    return 'kind = "dump"\npath = "t.sql"\n'


def _fhir(folder: Path) -> str:
    found = ({"resourceType": "Basic", **dict(zip(_COLUMNS, row, strict=True))} for row in _rows())
    (folder / "t.ndjson").write_text("\n".join(map(json.dumps, found)))
    return 'kind = "fhir"\npath = "t.ndjson"\n'


def _hl7(folder: Path) -> str:
    """One message whose patient is said again with each of its results."""
    results = "".join(f"OBX|{at}|ST|C||{_cell(at)}\r" for at in range(_ROWS))
    name = "^".join(_cell(at) for at in range(4))
    (folder / "t.hl7").write_text(f"MSH|^~\\&|A|B|||20200102||ORU^R01|1|P|2.5\rPID|1||7||{name}\rOBR|1\r{results}")
    return 'kind = "hl7v2"\npath = "t.hl7"\n'


def _sqlite(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "t.db")) as db:
        db.execute(f"CREATE TABLE t ({', '.join(f'{column} BLOB' for column in _COLUMNS)})")
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", _rows())
        db.commit()
    return 'kind = "database"\ndsn = "sqlite:///t.db"\n'


SHAPES = {
    "delimited": Shape(_delimited),
    "delimited-over-lines": Shape(_in_lines),
    "dump": Shape(_dump),
    "fhir": Shape(_fhir, "Basic"),
    "hl7v2": Shape(_hl7, "results", ("PID-5.1", "PID-5.2", "PID-5.3", "PID-5.4", "OBX-5")),
    "bytes of a database": Shape(_sqlite),
}


def _chunks(folder: Path, shape: Shape) -> list[Chunk]:
    source = opening.opened(old.described(folder, shape.write(folder)))
    with closing(source):
        return list(source.rows(shape.table, shape.columns))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_wide_rows_come_by_few_and_none_is_lost(tmp_path: Path, shape: Shape) -> None:
    chunks = _chunks(tmp_path, shape)
    assert [number for chunk in chunks for number in chunk.numbers] == list(range(1, _ROWS + 1))
    widest = max(weight([row]) for chunk in chunks for row in chunk.rows)
    assert widest > ENOUGH / _ROWS
    assert max(weight(chunk.rows) for chunk in chunks) < ENOUGH + widest
    assert not any(chunk.spoiled for chunk in chunks)


def test_cells_are_the_same_however_a_chunk_cuts_the_text(tmp_path: Path) -> None:
    chunks = _chunks(tmp_path, SHAPES["delimited-over-lines"])
    assert [[(cell or "").replace("\n", "") for cell in row] for chunk in chunks for row in chunk.rows] == _rows()


def test_a_database_is_asked_for_fewer_rows_once_some_were_wide(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as db:
        db.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, letter TEXT)")
        db.executemany("INSERT INTO t VALUES (?, ?)", ((number, 4 * _cell(number)) for number in range(150)))
        db.commit()
    source = opening.opened(old.described(tmp_path, 'kind = "database"\ndsn = "sqlite:///t.db"\n'))
    with closing(source):
        chunks = [chunk.rows for chunk in source.rows("t", ["id", "letter"])]
    assert [int(row[0] or "") for rows in chunks for row in rows] == list(range(150))
    first, *later = chunks
    assert len(first) < 150
    assert max(map(weight, later)) < ENOUGH + weight(first[:1])


def test_narrow_rows_come_by_two_thousand() -> None:
    rows = ((f"{number}", "DUPONT", None) for number in range(2 * AT_ONCE + 1))
    assert [len(chunk.rows) for chunk in places.chunks(rows, 0)] == [AT_ONCE, AT_ONCE, 1]
