"""The old laboratory in SQLite, and the same rows in the dump of a vendor, read without the program that wrote them."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from aliquot.cli.simulate.rates import Mess
from aliquot.terms import mandates
from tests.cli.simulate import laboratory

ROW = re.compile(rb"\(((?:'(?:[^'\\]|\\.)*'|[^'()])*)\)[,;]", re.DOTALL)
CELL = re.compile(r"'((?:[^'\\]|\\.)*)'|(NULL)|(-?\d+)", re.DOTALL)
UNESCAPED = {"n": "\n", "r": "\r"}
Cell = str | int | None


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A laboratory in a file of SQLite."""
    return laboratory.made("database", tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same laboratory as a dump."""
    return laboratory.made("dump", tmp_path_factory.mktemp("dump"))


@pytest.fixture
def db(out: Path) -> Iterator[sqlite3.Connection]:
    """The file, opened."""
    connection = sqlite3.connect(out)
    yield connection
    connection.close()


def number(db: sqlite3.Connection, query: str) -> int:
    """What a query counts."""
    (counted,) = db.execute(query).fetchone()
    return int(counted)


def test_the_tables_have_as_many_rows_as_the_truth_says(db: sqlite3.Connection, out: Path) -> None:
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
    told = laboratory.counts(out)
    assert tables == sorted(told)
    assert {table: number(db, f"SELECT count(*) FROM {table}") for table in tables} == {
        table: count.rows for table, count in told.items()
    }
    assert told["T01_PAT"].rows == laboratory.LIFE.patients


@pytest.mark.parametrize(
    ("table", "kind", "condition"),
    [
        ("T01_PAT", Mess.PASSWORD, "PA_MDP IS NOT NULL"),
        ("T01_PAT", Mess.MERGED, "PA_STATUT = 'F' AND PA_NUMFUS IN (SELECT PA_NUMPAT FROM T01_PAT)"),
        ("T01_PAT", Mess.DELETED, "PA_STATUT = 'D'"),
        ("T01_PAT", Mess.DECEASED, "PA_DECEDE = 'O'"),
        ("T01_PAT", Mess.TWO_DIGIT_YEAR, "length(PA_DATNAI) = 6"),
        ("T01_PAT", Mess.LINE_BREAK, "PA_COMMENT1 LIKE '%' || char(10) || '%'"),
        ("T01_PAT", Mess.SEPARATOR, "PA_COMMENT1 LIKE '%;%'"),
        ("T01_PAT", Mess.QUOTE, "PA_COMMENT1 LIKE '%\"%'"),
        ("T01_PAT", Mess.MOJIBAKE, "PA_PRENOM LIKE '%Ã%'"),
        ("T07_DOS", Mess.ORPHAN, "DO_IDPAT NOT IN (SELECT ID_PAT FROM T01_PAT)"),
        ("T07_DOS", Mess.SECOND_SITE, "DO_SITE = '02'"),
        ("T07_DOS", Mess.TWO_DIGIT_YEAR, "length(DO_DATPREL) = 6"),
        (
            "T07_DOS",
            Mess.PRESCRIBER_SPELLING,
            "DO_MED NOT IN (SELECT 'Dr ' || ME_NOM || ' ' || ME_PRENOM FROM T05_MED)",
        ),
        ("T09_RES", Mess.DELETED, "RE_STA = 'D'"),
        ("T09_RES", Mess.DECIMAL_COMMA, "RE_VAL GLOB '*[0-9],[0-9]*'"),
        ("T09_RES", Mess.USER_SPELLING, "RE_USR <> '' AND RE_USR NOT IN (SELECT US_INIT FROM T02_USR)"),
        ("T09_RES", Mess.COMMENT, "RE_COM IS NOT NULL"),
        ("T09_RES", Mess.UNIT_SPELLING, "RE_UNI <> '' AND RE_UNI NOT IN (SELECT EX_UNI FROM T12_EXA)"),
        ("T02_USR", Mess.PASSWORD, "US_MDP IS NOT NULL"),
    ],
)
def test_the_mess_is_there_as_often_as_the_truth_says(
    db: sqlite3.Connection, out: Path, table: str, kind: Mess, condition: str
) -> None:
    expected = laboratory.counts(out)[table].mess[kind]
    assert number(db, f"SELECT count(*) FROM {table} WHERE {condition}") == expected > 0


def test_a_row_that_came_twice_is_counted_as_repeated(db: sqlite3.Connection, out: Path) -> None:
    doubled = "SELECT count(*) - 1 AS more FROM T09_RES GROUP BY RE_IDDOS, RE_CODEXA HAVING count(*) > 1"
    assert number(db, f"SELECT sum(more) FROM ({doubled})") == laboratory.counts(out)["T09_RES"].mess[Mess.REPEATED]


def test_impossible_days_of_birth_and_collection_are_in_no_calendar(db: sqlite3.Connection, out: Path) -> None:
    for table, column in (("T01_PAT", "PA_DATNAI"), ("T07_DOS", "DO_DATPREL")):
        days = [row[0] for row in db.execute(f"SELECT {column} FROM {table} WHERE length({column}) = 8")]
        expected = laboratory.counts(out)[table].mess[Mess.IMPOSSIBLE_DATE]
        assert sum(not exists(day) for day in days) == expected > 0


def exists(day: str) -> bool:
    """Whether a calendar has this day."""
    try:
        datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007  # a day, not an instant
    except ValueError:
        return False
    return True


def test_the_truth_names_each_result_by_its_key(db: sqlite3.Connection, out: Path) -> None:
    query = """SELECT ID_RES, DO_NUMDOS, RE_CODEXA FROM T09_RES JOIN T07_DOS ON ID_DOS = RE_IDDOS ORDER BY ID_RES"""
    told = [(row.place, row.dossier, row.code) for row in laboratory.results(out)]
    assert list(db.execute(query)) == told


def test_columns_that_prove_who_somebody_is_are_there_to_be_refused(db: sqlite3.Connection) -> None:
    columns = {
        column
        for table in ("T01_PAT", "T02_USR", "T90_SES")
        for column in mandates.never(table, [row[1] for row in db.execute(f"PRAGMA table_info({table})")])
    }
    assert columns == {"PA_MDP", "PA_DATMDP", "US_MDP", "ID_SES", "SE_LOGIN", "SE_TOKEN", "SE_DEBUT"}


def test_the_dump_holds_the_same_rows_as_the_database(db: sqlite3.Connection, dump: Path) -> None:
    raw = dump.read_bytes()
    for table in laboratory.counts(dump):
        order = "rowid" if table in ("T12_EXA", "T03_SIT") else "1"
        assert list(rows(raw, table)) == list(db.execute(f"SELECT * FROM {table} ORDER BY {order}"))


def test_rows_of_the_dump_in_utf_8_are_as_many_as_the_truth_says(dump: Path) -> None:
    raw, told = dump.read_bytes(), laboratory.counts(dump)
    for table in ("T01_PAT", "T07_DOS", "T09_RES"):
        seen = sum(not row.isascii() and is_utf8(row) for row in literals(raw, table))
        assert seen == told[table].mess[Mess.OTHER_CHARSET] > 0


def rows(raw: bytes, table: str) -> Iterator[tuple[Cell, ...]]:
    """The rows of a table in a dump."""
    for literal in literals(raw, table):
        text = literal.decode("utf-8" if is_utf8(literal) else "cp1252")
        yield tuple(cell(found) for found in CELL.finditer(text))


def literals(raw: bytes, table: str) -> Iterator[bytes]:
    """What stands between the brackets of each row."""
    for statement in re.finditer(rb"^INSERT INTO `%s` VALUES (.*?;)$" % table.encode(), raw, re.MULTILINE):
        yield from (found[1] for found in ROW.finditer(statement[1]))


def cell(found: re.Match[str]) -> Cell:
    """A value: text without its escapes, a number, or nothing."""
    if found[3]:
        return int(found[3])
    if found[2]:
        return None
    return re.sub(r"\\(.)", lambda escape: UNESCAPED.get(escape[1], escape[1]), found[1])


def is_utf8(raw: bytes) -> bool:
    """Whether bytes can be UTF-8."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
