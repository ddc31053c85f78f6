"""Sixty columns and twenty years, of which a mandate names eighteen and two: nothing else comes out, anywhere."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from aliquot.legacy import profile
from aliquot.legacy.description import Description
from aliquot.legacy.reading import Reading
from aliquot.terms import canonical
from aliquot.terms.mandates import Scope, Table
from tests.legacy.sources import old
from tests.legacy.sources.test_traces import watched

COLUMNS = ("on", *(f"c{number}" for number in range(1, 60)))
MANDATED = COLUMNS[:18]
YEARS = range(2000, 2020)
SCOPE = Scope((Table("t", MANDATED, dated="on"),), date(2018, 1, 1), date(2019, 12, 31))
ROWS_A_YEAR = 50
Kind = Callable[[Path], Description]


def cell(year: int, row: int, column: str) -> str:
    """What stands in a cell; a canary where the mandate does not reach."""
    if column == "on":
        return f"{year}-06-{row % 28 + 1:02d}"
    mark = "lawful" if year >= 2018 and column in MANDATED else "canary"
    return f"{mark}-{year}-{row}-{column}"


def rows() -> list[tuple[str, ...]]:
    return [tuple(cell(year, row, name) for name in COLUMNS) for year in YEARS for row in range(ROWS_A_YEAR)]


def delimited(folder: Path) -> Description:
    (folder / "t.csv").write_text("\n".join(map(",".join, [COLUMNS, *rows()])))
    return old.described(folder, 'kind = "delimited"\nfolder = "."\n')


def dump(folder: Path) -> Description:
    values = ",\n".join("(" + ",".join(f"'{each}'" for each in row) + ")" for row in rows())
    create = ", ".join(f"`{name}` text" for name in COLUMNS)
    (folder / "t.sql").write_text(f"-- MySQL dump\nCREATE TABLE `t` ({create});\nINSERT INTO `t` VALUES {values};\n")
    return old.described(folder, 'kind = "dump"\npath = "t.sql"\n')


def database(folder: Path) -> Description:
    with closing(sqlite3.connect(folder / "t.db")) as db:
        db.execute(f"CREATE TABLE t ({', '.join(f'{chr(34)}{name}{chr(34)} TEXT' for name in COLUMNS)})")
        db.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(COLUMNS))})", rows())
        db.commit()
    return old.described(folder, 'kind = "database"\ndsn = "sqlite:///t.db"\n')


@pytest.mark.parametrize("kind", [delimited, dump, database], ids=lambda kind: kind.__name__)
def test_no_cell_out_of_the_mandate_comes_out(
    tmp_path: Path, kind: Kind, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    source = kind(tmp_path)
    with watched() as opened, Reading(SCOPE, source) as reading:
        yielded = [row for chunk in reading.rows("t") for row in chunk.rows]
        counts = reading.counts("t")
        found = profile.take(reading, SCOPE, source.digest())
    assert len(yielded) == counts.in_scope == 2 * ROWS_A_YEAR
    assert counts.outside == {"date": 18 * ROWS_A_YEAR}
    assert sum("lawful" in (each or "") for row in yielded for each in row) == 2 * ROWS_A_YEAR * 17
    said = capfd.readouterr()
    everything = [repr(yielded), canonical.encode(found).decode(), caplog.text, said.out, said.err, repr(reading)]
    assert not any("canary" in each for each in everything)
    assert opened == []


def test_a_database_is_not_even_asked_for_what_is_out_of_the_mandate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = database(tmp_path)
    with caplog.at_level(logging.INFO, "sqlalchemy.engine.Engine"), Reading(SCOPE, source) as reading:
        fetched = list(reading.rows("t"))
    asked = [line for line in caplog.text.splitlines() if "SELECT" in line and "FROM t" in caplog.text]
    assert asked
    assert not any(name in line.split() for line in asked for name in ("c18,", "c59,", "c59"))
    assert sum(len(chunk.rows) for chunk in fetched) == 2 * ROWS_A_YEAR


def test_what_is_read_is_in_nothing_that_a_log_would_show(tmp_path: Path) -> None:
    with Reading(SCOPE, delimited(tmp_path)) as reading:
        (chunk,) = reading.rows("t")
        assert "lawful" not in repr(chunk)
        assert "lawful" not in repr(reading)
