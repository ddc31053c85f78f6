"""The old laboratory in real servers: the same rows as in the file, and a dump that MariaDB itself can load."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sql

from aliquot.cli import cluster
from aliquot.cli.exits import Away
from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.tables import PATIENTS, RESULTS, TABLES
from aliquot.terms.errors import Refused
from tests import mariadb

LIFE = Life(patients=300, seed=2, results_per_patient=6)


@pytest.fixture(scope="module")
def mariadb_server() -> Iterator[mariadb.Server]:
    """A server of the module's own."""
    with mariadb.started() as server:
        yield server


@pytest.fixture(scope="module")
def postgresql_server() -> Iterator[cluster.Server]:
    """A server of the module's own."""
    with cluster.started() as server:
        yield server


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same laboratory in a file, as a URL."""
    path = tmp_path_factory.mktemp("file") / "old"
    writing.write("database", path, LIFE, truth="none")
    return f"sqlite:///{path}"


def rows(url: str, table: str, columns: tuple[str, ...]) -> list[tuple[object, ...]]:
    """What a database holds in some columns of a table, ordered by all of them."""
    wanted: list[sql.ColumnClause[object]] = [sql.column(name) for name in columns]
    engine = sql.create_engine(
        url.replace("mariadb://", "mariadb+pymysql://").replace("postgresql:", "postgresql+psycopg:")
    )
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(sql.select(*wanted).select_from(sql.table(table)))]
    engine.dispose()
    return sorted(found, key=repr)


def check(url: str, file: str) -> None:
    """Write the laboratory to a server, compare it with the file, and find it refused the second time."""
    writing.write("database", url, LIFE, truth="none")
    for table in TABLES:
        columns = tuple(column.name for column in table.columns)
        assert rows(url, table.name, columns) == rows(file, table.name, columns) != []
    with pytest.raises(Refused, match="already"):
        writing.write("database", url, LIFE, truth="none")


def test_mariadb_holds_the_same_rows_as_the_file(mariadb_server: mariadb.Server, file: str) -> None:
    mariadb_server.run("CREATE DATABASE old CHARACTER SET utf8mb4")
    check(mariadb_server.url("old"), file)


def test_postgresql_holds_the_same_rows_as_the_file(postgresql_server: cluster.Server, file: str) -> None:
    postgresql_server.run("CREATE DATABASE old")
    check(f"postgresql://{postgresql_server.user}@/old?host={postgresql_server.socket}", file)


def test_mariadb_loads_the_dump_as_its_charset_says(mariadb_server: mariadb.Server, file: str, tmp_path: Path) -> None:
    writing.write("dump", tmp_path / "dump", LIFE, truth="none")
    mariadb_server.run("CREATE DATABASE dumped CHARACTER SET latin1")
    mariadb_server.run((tmp_path / "dump").read_bytes(), "dumped")
    dumped = mariadb_server.url("dumped")
    numbers = ("PA_NUMPAT", "PA_NIR", "PA_DATNAI", "PA_MDP")
    assert rows(dumped, PATIENTS.name, numbers) == rows(file, PATIENTS.name, numbers)
    units = rows(dumped, RESULTS.name, ("RE_UNI",))
    assert ("µmol/l",) in units
    assert ("Âµmol/l",) in units
    assert len(units) == len(rows(file, RESULTS.name, ("RE_UNI",)))


def test_a_database_that_is_not_there_is_said_to_be_away(tmp_path: Path) -> None:
    with pytest.raises(Away):
        writing.write("database", f"postgresql://nobody@/old?host={tmp_path}", LIFE, truth="none")
