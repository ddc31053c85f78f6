"""Running databases: SQLite, PostgreSQL and MariaDB, each with the same old laboratory in it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from aliquot.cli import cluster
from aliquot.legacy.description import Description
from aliquot.legacy.reading import Reading
from aliquot.legacy.source import Limits, Narrowing
from aliquot.legacy.sources import database, opening
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope, Table
from tests import mariadb
from tests.legacy.sources import old

ROWS = [
    (3, "D3", "2019-04-30", "20190430", "NORD", "1.50"),
    (1, "D1", "2019-04-01", "20190401", "NORD", None),
    (2, "D2", "2021-04-25", "20210425", "NORD", "2"),
    (4, "D4", None, "inconnue", "NORD", "-3.25"),
    (5, "D5", "2019-04-15", "20190415", "SUD", "0.00"),
    (6, "D6", "2019-04-16", "20190416", "", "4"),
]
SCHEMA = """CREATE TABLE dossier (id INTEGER PRIMARY KEY, nom VARCHAR(20), preleve {date}, jour VARCHAR(10),
            site VARCHAR(10), valeur NUMERIC(10,2), mot_de_passe VARCHAR(20))"""


def inserts() -> str:
    def written(cell: object) -> str:
        return "NULL" if cell is None else f"'{cell}'"

    return "".join(f"INSERT INTO dossier VALUES ({', '.join(map(written, row))}, 'canary{row[0]}');\n" for row in ROWS)


@contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    with closing(sqlite3.connect(folder / "old.db")) as db:
        db.executescript(f"{SCHEMA.format(date='DATE')};\n{inserts()}")
        db.execute("UPDATE dossier SET nom = CAST(X'52656EE9' AS TEXT) WHERE id = 3")
        db.commit()
    yield "sqlite:///old.db"


@contextmanager
def postgresql(_: Path) -> Iterator[str]:
    with cluster.started() as server:
        server.run(f"{SCHEMA.format(date='TIMESTAMP')};\n{inserts()} UPDATE dossier SET nom = 'René' WHERE id = 3")
        yield f"postgresql+psycopg://{server.user}@/postgres?host={server.socket}"


@contextmanager
def maria(_: Path) -> Iterator[str]:
    with mariadb.started() as server:
        server.run(
            "CREATE DATABASE old CHARACTER SET utf8mb4; USE old; SET sql_mode = ''; "
            f"{SCHEMA.format(date='DATETIME')};\n{inserts()} UPDATE dossier SET nom = 'René' WHERE id = 3;"
            "CREATE TABLE zero (id INT PRIMARY KEY, on_ DATE); INSERT INTO zero VALUES (1, '0000-00-00');"
        )
        yield f"mariadb+pymysql://root@/old?unix_socket={server.socket}"


ENGINES = {"sqlite": sqlite, "postgresql": postgresql, "mariadb": maria}


@pytest.fixture(scope="module", params=list(ENGINES))
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Description]:
    """The old laboratory on each engine."""
    folder = tmp_path_factory.mktemp(request.param)
    with ENGINES[request.param](folder) as dsn:
        yield old.described(folder, f'kind = "database"\ndsn = "{dsn}"\n')


def dialect(source: Description) -> str:
    return source.form.dsn.split(":")[0].split("+")[0]  # type: ignore[union-attr]  # these are all databases


def test_rows_come_as_text_in_the_order_of_their_key(source: Description) -> None:
    rows = old.read(source, "dossier", ["id", "nom", "preleve", "valeur"])
    assert [row[0] for row in rows.values()] == ["1", "2", "3", "4", "5", "6"]
    day = "2019-04-30" if dialect(source) == "sqlite" else "2019-04-30 00:00:00"
    number = "1.5" if dialect(source) == "sqlite" else "1.50"
    assert rows[3] == ("3", "René", day, number)
    assert rows[4][2] is None
    assert old.read(source, "dossier", ["id"], after=4) == {5: ("5",), 6: ("6",)}


def test_what_the_mandate_leaves_out_is_left_out_by_the_query_and_counted_there(source: Description) -> None:
    for dated in ("preleve", "jour"):
        opened = opening.opened(source)
        assert isinstance(opened, Narrowing)
        limits = Limits(date(2019, 4, 1), date(2019, 4, 30), dated, "site", ("NORD",))
        assert opened.narrow("dossier", limits) == {"date": 1, "site": 1}
        fetched = [row for chunk in opened.rows("dossier", ["id"]) for row in chunk.rows]
        opened.close()
        assert fetched == [("1",), ("3",), ("4",), ("6",)]


def test_under_a_mandate_rows_out_of_it_are_counted_whoever_left_them_out(source: Description) -> None:
    table = Table("dossier", ("id", "preleve", "site"), dated="preleve", sited="site")
    with Reading(Scope((table,), date(2019, 4, 1), date(2019, 4, 30), ("NORD",)), source) as opened:
        rows = [row[0] for chunk in opened.rows("dossier") for row in chunk.rows]
        counts = opened.counts("dossier")
    assert rows == ["1", "3"]
    assert counts.outside == {"date": 1, "site": 1, "unclear date": 1, "unclear site": 1}
    assert counts.read == 6


def test_a_source_cannot_be_written_to(source: Description) -> None:
    opened = opening.opened(source)
    assert isinstance(opened, database.Tables)
    with pytest.raises(Refused, match="cannot be tried"), opened._connected("it cannot be tried") as connection:
        connection.exec_driver_sql("DELETE FROM dossier").connection.commit()
    opened.close()
    assert len(old.read(source, "dossier", ["id"])) == 6


def test_a_reading_that_is_given_up_lets_go_at_once(source: Description) -> None:
    opened = opening.opened(source)
    chunks = opened.rows("dossier", ["id"])
    next(chunks)
    del chunks
    assert len(list(opened.rows("dossier", ["nom"]))) == 1
    opened.close()


def test_a_table_that_is_not_there_is_refused(source: Description) -> None:
    with pytest.raises(Refused, match="no table patients"):
        old.read(source, "patients", ["id"])


def test_a_day_of_zeros_is_no_day(tmp_path: Path) -> None:
    with maria(tmp_path) as dsn:
        source = old.described(tmp_path, f'kind = "database"\ndsn = "{dsn}"\n')
        named = Table("zero", ("id", "on_"), dated="on_")
        with Reading(Scope((named,), date(2019, 4, 1), date(2019, 4, 30)), source) as opened:
            list(opened.rows("zero"))
            assert opened.counts("zero").outside == {"unclear date": 1}


def test_a_password_is_asked_for_and_is_in_no_message(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("yes")
        return "hunter2"

    dsn = f"postgresql+psycopg://me@/base?host={tmp_path}"
    with pytest.raises(Refused, match="cannot be reached") as refused:
        opening.opened(old.described(tmp_path, f'kind = "database"\ndsn = "{dsn}"\n'), ask)
    assert asked == ["yes"]
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("dsn", "said"),
    [
        ("oracle+oracledb://me@host/base", "pip install oracledb"),
        ("carrier+pigeon://me@host/base", "knows no such kind"),
        ("nonsense", "not an address"),
        ("sqlite:///nowhere.db", "there is no such file"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_with_what_to_do(tmp_path: Path, dsn: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        opening.opened(old.described(tmp_path, f'kind = "database"\ndsn = "{dsn}"\n'))


def test_a_write_ahead_base_is_read_without_a_file_beside_it(tmp_path: Path) -> None:
    with sqlite(tmp_path) as dsn, closing(sqlite3.connect(tmp_path / "old.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert len(old.read(old.described(tmp_path, f'kind = "database"\ndsn = "{dsn}"\n'), "dossier", ["id"])) == 6
    assert os.listdir(tmp_path) == ["old.db"]


def test_what_an_embedded_base_sorts_stays_in_memory(tmp_path: Path) -> None:
    with sqlite(tmp_path) as dsn:
        opened = opening.opened(old.described(tmp_path, f'kind = "database"\ndsn = "{dsn}"\n'))
    assert isinstance(opened, database.Tables)
    with opened._connected("it cannot be read") as connection:
        assert connection.exec_driver_sql("PRAGMA temp_store").scalar() == 2
    opened.close()


def test_a_file_that_is_no_base_is_refused(tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(b"not a database" * 100)
    with pytest.raises(Refused, match="cannot be reached"):
        opening.opened(old.described(tmp_path, 'kind = "database"\ndsn = "sqlite:///old.db"\n'))
