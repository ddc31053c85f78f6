"""The tables in a database: a file of SQLite, or PostgreSQL or MariaDB at a URL of SQLAlchemy."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

import sqlalchemy as sql
from sqlalchemy.engine import make_url

from aliquot.cli.exits import Away
from aliquot.cli.simulate.tables import TABLES, Row, Table
from aliquot.terms.errors import Refused

_BATCH: Final = 500
_CONNECTORS: Final = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
"""The drivers that an installation brings."""


def is_url(out: str | Path) -> bool:
    """Whether this names a database and not a file."""
    return "://" in str(out)


class Database:
    """Creates the tables and fills them, a batch of rows of one table at a time.

    Raises:
        Refused: the URL has a password in it, which every process of the machine could read; or tables are there.
        Away: the database does not answer.
    """

    def __init__(self, out: str | Path) -> None:
        self._engine = sql.create_engine(_url(out))
        described = sql.MetaData()
        for table in TABLES:
            sql.Table(table.name, described, *_columns(table), mysql_charset="utf8mb4", mysql_engine="InnoDB")
        with ExitStack() as unless_done:
            unless_done.callback(self._engine.dispose)
            if set(self._there()) & set(described.tables):
                raise Refused("simulate: the database has such tables already; name an empty one")
            described.create_all(self._engine)
            self._connection = self._engine.connect()
            unless_done.pop_all()
        if self._engine.dialect.name == "sqlite":
            self._connection.exec_driver_sql("PRAGMA synchronous = OFF")
        self._inserts = {table.name: self._insert(described.tables[table.name]) for table in TABLES}
        self._waiting: dict[str, list[Row]] = {table.name: [] for table in TABLES}

    def insert(self, table: Table, row: Row, *, utf8: bool) -> tuple[str, ...]:
        """Write a row. A database has one character set, so that nothing more happens to it."""
        waiting = self._waiting[table.name]
        waiting.append(row)
        if len(waiting) >= _BATCH:
            self._flush(table.name)
        return ()

    def close(self) -> None:
        """Write what waits, and let go of the database."""
        for name in self._waiting:
            self._flush(name)
        self._connection.close()
        self._engine.dispose()

    def _there(self) -> list[str]:
        try:
            return sql.inspect(self._engine).get_table_names()
        except sql.exc.OperationalError:
            raise Away("the database at this URL does not answer, or does not let you in") from None

    def _flush(self, name: str) -> None:
        rows = self._waiting[name]
        if rows:
            self._connection.exec_driver_sql(self._inserts[name], rows)
            self._connection.commit()
            rows.clear()

    def _insert(self, table: sql.Table) -> str:
        # The statement is written by the dialect, with places in the order of the columns, for rows are tuples.
        place = "?" if self._engine.dialect.paramstyle == "qmark" else "%s"
        quote = self._engine.dialect.identifier_preparer.quote
        names = ", ".join(quote(column.name) for column in table.columns)
        return f"INSERT INTO {quote(table.name)} ({names}) VALUES ({', '.join(place for _ in table.columns)})"


def _url(out: str | Path) -> sql.URL:
    if not is_url(out):
        return sql.URL.create("sqlite", database=str(out))
    url = make_url(str(out))
    if url.password is not None:
        raise Refused(
            "simulate: a password in an argument can be read by every process; name a file with it in the URL "
            "(passfile for PostgreSQL, read_default_file for MariaDB)"
        )
    return url.set(drivername=_CONNECTORS.get(url.drivername, url.drivername))


def _columns(table: Table) -> list[sql.Column[object]]:
    return [
        sql.Column(
            column.name,
            sql.String(column.length) if column.length else sql.Integer(),
            primary_key=table.keyed and number == 0,
            autoincrement=False,
        )
        for number, column in enumerate(table.columns)
    ]
