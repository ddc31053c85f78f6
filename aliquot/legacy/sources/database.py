"""Running databases, read only and row by row: the columns and the range of a mandate stand in the query itself.

Each reading has its own connection, in a transaction that cannot write. Rows come in the order of the primary key;
a table without one has no order to go on from.
"""

import datetime
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Connection, exc

from aliquot.legacy import dates
from aliquot.legacy.description import Database, Description
from aliquot.legacy.source import AT_ONCE, ENOUGH, Chunk, Header, Limits, weight
from aliquot.legacy.sources import connections, places, values
from aliquot.terms.errors import Refused

_FETCHED = 100
"""Rows that are fetched at once: more of them are not faster."""
_SCANNED = 4
"""Of a table with a column of bytes, in which letters and pictures stand."""
_DAY = datetime.timedelta(days=1)
_ISO = "^[12][0-9]{3}-[01][0-9]-[0-3][0-9]([T ].*)?$"
_COMPACT = "^[12][0-9]{3}(0[1-9]|1[0-2])[0-3][0-9]([0-9]{4,6})?$"


class Tables:
    """The tables and views of a database."""

    def __init__(self, description: Description, form: Database, ask: Callable[[], str]) -> None:
        self._schema = form.schema or None
        self._engine = connections.engine(description, form, ask)
        self._outside: dict[str, list[ColumnElement[bool]]] = {}
        with self._connected("it cannot be reached") as connection:
            inspector = sqlalchemy.inspect(connection)
            tables, views = inspector.get_table_names(self._schema), inspector.get_view_names(self._schema)
            self._columns = {name: inspector.get_columns(name, self._schema) for name in (*tables, *views)}
            self._keys: dict[str, list[str]] = {name: [] for name in views}
            for name in tables:
                key = inspector.get_pk_constraint(name, self._schema)["constrained_columns"]
                self._keys[name] = key or (["rowid"] if self._engine.dialect.name == "sqlite" else [])
        self._headers = {name: tuple(each["name"] for each in columns) for name, columns in self._columns.items()}
        if not self._headers:
            raise Refused("source: the database has no table that this user may see")

    def tables(self) -> tuple[Header, ...]:
        """The tables and views that the user may see."""
        return tuple(Header(name, columns) for name, columns in self._headers.items())

    def narrow(self, table: str, limits: Limits) -> dict[str, int]:
        """Leave out in the query what is certainly outside, and count it there."""
        conditions = {"date": self._outside_days(table, limits), "site": self._outside_sites(limits)}
        told = {reason: _certain(condition) for reason, condition in conditions.items() if condition is not None}
        self._outside[table] = []
        counted: dict[str, int] = {}
        with self._connected("it cannot be read") as connection:
            for reason, condition in told.items():
                within = [~earlier for earlier in self._outside[table]]
                counting = sqlalchemy.select(sqlalchemy.func.count()).select_from(self._named(table))
                counted[reason] = int(connection.scalar(counting.where(condition, *within)) or 0)
                self._outside[table].append(condition)
        return counted

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows, fetched as they are needed."""
        places.of(self._headers, table, columns)
        wanted: list[ColumnElement[Any]] = [sqlalchemy.column(name) for name in columns]  # of whatever type they are
        query = sqlalchemy.select(*wanted).select_from(self._named(table))
        query = query.where(*(~condition for condition in self._outside.get(table, ())))
        query = query.order_by(*(sqlalchemy.column(name) for name in self._keys[table]))
        number = after
        with self._connected("it cannot be read any further") as connection:
            connections.as_text(connection)
            # A cursor on the server: nothing is fetched before it is asked for, and nothing is kept after.
            most = _SCANNED if self._of_bytes(table, columns) else _FETCHED
            streaming = connection.execution_options(stream_results=True, max_row_buffer=most)
            result = streaming.execute(query.offset(after) if after else query)
            try:
                for rows in _gathered(result, most):
                    yield Chunk(rows, range(number + 1, number + len(rows) + 1))
                    number += len(rows)
            finally:
                self._let_go(connection, result)

    def reached(self) -> tuple[int, int]:
        """Nobody can tell how large a database is."""
        return 0, 0

    def close(self) -> None:
        """Let go of the engine; every reading has closed its connection."""
        self._engine.dispose()

    def _of_bytes(self, table: str, columns: Sequence[str]) -> bool:
        return any(
            isinstance(each["type"], sqlalchemy.LargeBinary) and each["name"] in columns
            for each in self._columns[table]
        )

    def _named(self, table: str) -> sqlalchemy.TableClause:
        return sqlalchemy.table(table, schema=self._schema)

    @contextmanager
    def _connected(self, otherwise: str) -> Iterator[Connection]:
        try:
            connection = self._engine.connect()
        except exc.SQLAlchemyError as error:
            raise Refused(f"source: it cannot be reached: {_first_line(error)}") from None
        try:
            yield connection
        except exc.SQLAlchemyError as error:
            raise Refused(f"source: {otherwise}: {type(_cause(error)).__name__}") from None
        finally:
            connection.close()

    def _let_go(self, connection: Connection, result: sqlalchemy.CursorResult[Any]) -> None:
        if self._engine.dialect.name in ("mysql", "mariadb"):
            # A half-read answer would be read to its end before the connection is closed in good order.
            connection.invalidate()
        result.close()

    def _outside_days(self, table: str, limits: Limits) -> ColumnElement[bool] | None:
        if not limits.dated:
            return None
        column: ColumnElement[Any] = sqlalchemy.column(limits.dated)  # of whatever type the old system gave it
        found = next(each["type"] for each in self._columns[table] if each["name"] == limits.dated)
        dialect = self._engine.dialect.name
        if isinstance(found, sqlalchemy.Date | sqlalchemy.DateTime) and dialect != "sqlite":
            first = datetime.date(dates.FIRST_YEAR, 1, 1)
            before = sqlalchemy.and_(column >= first, column < limits.since)
            return sqlalchemy.or_(before, column >= limits.until + _DAY)
        if dialect not in ("sqlite", "postgresql", "mysql", "mariadb"):
            return None
        written = sqlalchemy.cast(column, sqlalchemy.String)
        return sqlalchemy.or_(
            _beyond(written, _shaped(dialect, written, _ISO), limits, "%Y-%m-%d"),
            _beyond(written, _shaped(dialect, written, _COMPACT), limits, "%Y%m%d"),
        )

    def _outside_sites(self, limits: Limits) -> ColumnElement[bool] | None:
        if not limits.sited:
            return None
        site = sqlalchemy.func.trim(sqlalchemy.cast(sqlalchemy.column(limits.sited), sqlalchemy.String))
        return sqlalchemy.and_(site != "", site.not_in(limits.sites))


def _gathered(result: sqlalchemy.CursorResult[Any], most: int) -> Iterator[list[places.Row]]:
    """The rows of an answer, as many at once as fit in memory: a driver holds what it fetches, however wide it is."""
    rows: list[places.Row] = []
    held, much = 0, most
    while some := _cells(result.fetchmany(much)):
        fetched = weight(some)
        rows += some
        held += fetched
        if held >= ENOUGH or len(rows) >= AT_ONCE:
            yield rows
            rows, held = [], 0
        # Where these rows were wide the next ones may be, and are not soon trusted to be narrow again.
        much = max(1, min(most, 2 * much, (ENOUGH - held) * len(some) // fetched))
    if rows:
        yield rows


def _certain(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """A condition that is false where it is unknown, so that a row without a value is not outside."""
    return sqlalchemy.case((condition, 1), else_=0) == 1


def _beyond(written: ColumnElement[str], shaped: ColumnElement[bool], limits: Limits, form: str) -> ColumnElement[bool]:
    first, last = limits.since.strftime(form), limits.until.strftime(form)
    day = sqlalchemy.func.substr(written, 1, len(first))
    return sqlalchemy.and_(shaped, sqlalchemy.or_(day < first, day > last))


def _shaped(dialect: str, written: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    if dialect != "sqlite":
        return written.regexp_match(pattern)
    year, digits = "[12][0-9][0-9][0-9]", "[0-9][0-9]"
    if pattern == _ISO:
        day = f"{year}-[01][0-9]-[0-3][0-9]"
        return sqlalchemy.or_(written.op("GLOB")(day), written.op("GLOB")(f"{day}[T ]*"))
    months = ("0[1-9]", "1[0-2]")
    tails = ("", digits * 2, digits * 3)
    globs = [f"{year}{month}[0-3][0-9]{tail}" for month, tail in itertools.product(months, tails)]
    return sqlalchemy.or_(*(written.op("GLOB")(glob) for glob in globs))


def _cells(rows: Sequence[Sequence[object]]) -> list[places.Row]:
    text = values.as_text
    return [tuple([cell if cell is None or cell.__class__ is str else text(cell) for cell in row]) for row in rows]


def _cause(error: exc.SQLAlchemyError) -> BaseException:
    return getattr(error, "orig", None) or error


def _first_line(error: exc.SQLAlchemyError) -> str:
    return str(_cause(error)).strip().splitlines()[0][:200]
