"""What reading leaves behind: nothing in a file, and no memory that grows with the source."""

import gc
import os
import random
import sqlite3
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import openpyxl
import pyarrow
import pytest
from pyarrow import parquet

from aliquot.legacy.description import Description
from aliquot.legacy.sources import opening
from tests.legacy.sources import old

Kind = Callable[[Path, int], str]
NAMES = ("id", "nom", "valeur", "jour")
_watching: list[list[str]] = []


def _hook(event: str, given: tuple[object, ...]) -> None:
    if _watching and event == "open":
        path, mode, flags = given[:3]
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND)
        if writes or (isinstance(mode, str) and set(mode) & set("wax+")):
            _watching[-1].append(str(path))
    elif _watching and event in ("tempfile.mkstemp", "tempfile.mkdtemp", "os.rename", "os.mkdir"):
        _watching[-1].append(f"{event} {given}")


sys.addaudithook(_hook)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Everything that Python opens to write, until the end."""
    _watching.append([])
    try:
        yield _watching[-1]
    finally:
        _watching.pop()


def rows(much: int) -> Iterator[tuple[str, str, str, str]]:
    chance = random.Random(3)
    for number in range(much):
        yield str(number), f"N{number}é", f"{chance.gauss(140, 3):.1f}", f"2019-04-{number % 28 + 1:02d}"


def delimited(folder: Path, much: int) -> str:
    lines = [";".join(NAMES), *(";".join(row) for row in rows(much))]
    (folder / "t.csv").write_text("\n".join(lines), "utf-8")
    return 'kind = "delimited"\nfolder = "."\nseparator = ";"\ncharset = "mixed"\n'


def fixed(folder: Path, much: int) -> str:
    (folder / "t.txt").write_text("\n".join("".join(cell.ljust(12) for cell in row) for row in rows(much)), "utf-8")
    spans = ", ".join(f'{{name = "{name}", start = {12 * at + 1}, width = 12}}' for at, name in enumerate(NAMES))
    return f'kind = "fixed"\n[tables.t]\npath = "t.txt"\nspans = [{spans}]\n'


def dump(folder: Path, much: int) -> str:
    values = ",\n".join(f"({a},'{b}',{c},'{d}')" for a, b, c, d in rows(much))
    create = "CREATE TABLE `t` (id int, nom text, valeur text, jour text);"
    (folder / "t.sql").write_text(f"-- MySQL dump\n{create}\nINSERT INTO `t` VALUES {values};\n", "utf-8")
    return 'kind = "dump"\npath = "t.sql"\n'


def database(folder: Path, much: int) -> str:
    with closing(sqlite3.connect(folder / "t.db")) as db:
        db.execute("CREATE TABLE t (id TEXT, nom TEXT, valeur TEXT, jour TEXT)")
        db.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows(much))
        db.commit()
    return 'kind = "database"\ndsn = "sqlite:///t.db"\n'


def workbook(folder: Path, much: int) -> str:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("t")
    for row in (NAMES, *rows(much)):
        sheet.append(row)
    book.save(folder / "t.xlsx")
    return 'kind = "xlsx"\npath = "t.xlsx"\n'


def columnar(folder: Path, much: int) -> str:
    columns = dict(zip(NAMES, zip(*rows(much), strict=True), strict=True))
    parquet.write_table(pyarrow.table(columns), folder / "t.parquet", row_group_size=2000)
    return 'kind = "parquet"\n[tables]\nt = "t.parquet"\n'


def messages(folder: Path, much: int) -> str:
    header = "MSH|^~\\&|LIS|LAB|||20200102||ORU^R01|1|P|2.5.1\r"
    text = "".join(f"{header}PID|1||{a}||{b}\rOBX|1|NM|X||{c}||||||F|||{d}\r" for a, b, c, d in rows(much))
    (folder / "t.hl7").write_text(text, "utf-8")
    return 'kind = "hl7v2"\npath = "t.hl7"\n'


def resources(folder: Path, much: int) -> str:
    text = "".join(
        f'{{"resourceType":"t","id":"{a}","nom":"{b}","valeur":{c},"jour":"{d}"}}\n' for a, b, c, d in rows(much)
    )
    (folder / "t.ndjson").write_text(text, "utf-8")
    return 'kind = "fhir"\npath = "t.ndjson"\n'


KINDS = [delimited, fixed, dump, database, workbook, columnar, messages, resources]
SIZES: dict[Kind, tuple[int, int]] = {workbook: (3_000, 9_000), messages: (4_000, 16_000)}
"""Rows of the smaller and the larger source, where watching memory makes reading slow."""
ADDRESSES = ("PID-3.1", "PID-5.1", "OBX-5", "OBX-14")


def all_of(source: Description) -> int:
    """How many rows a source has, all of which were read."""
    opened = opening.opened(source)
    is_archive = "results" in {header.table for header in opened.tables()}
    table, columns = ("results", ADDRESSES) if is_archive else ("t", NAMES)
    found = sum(len(chunk.rows) for chunk in opened.rows(table, columns))
    opened.close()
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_reader_opens_a_file_to_write(tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    source = old.described(tmp_path, kind(tmp_path, 5000))
    before = {(path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")}
    with watched() as opened:
        assert all_of(source) == 5000
    assert opened == []
    assert {(path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")} == before


def test_the_watch_sees_a_spill(tmp_path: Path) -> None:
    with watched() as opened, tempfile.TemporaryFile(dir=tmp_path):
        (tmp_path / "spilt").write_text("x")
    assert len(opened) >= 2


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_many_times_the_rows_take_no_more_memory(tmp_path: Path, kind: Kind) -> None:
    peaks = []
    for much in SIZES.get(kind, (20_000, 100_000)):
        folder = tmp_path / str(much)
        folder.mkdir()
        source = old.described(folder, kind(folder, much))
        gc.collect()
        tracemalloc.start()
        assert all_of(source) == much
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 2_000_000
