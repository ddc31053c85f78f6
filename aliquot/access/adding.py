"""New rows of the record database, as fast as its engine takes them: copied to PostgreSQL, inserted into SQLite."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

Row = tuple[bytes | int | str | None, ...]


@dataclass(frozen=True)
class Table:
    """A table with the columns that a new row gives, and their types as PostgreSQL names them."""

    name: str
    columns: dict[str, str]


ACT = Table("act", {"id": "bytea", "outcome": "varchar", "log_size": "int8", "log_root": "bytea"})
VERSION = Table(
    "version",
    {
        "resource": "bytea",
        "version": "int4",
        "kind": "int2",
        "subject": "bytea",
        "requisition": "bytea",
        "act": "bytea",
        "schema": "int2",
        "state": "varchar",
        "parents": "bytea",
        "sealed": "bytea",
    },
)
TOKEN = Table("token", {"org": "bytea", "field": "varchar", "token": "int8", "resource": "bytea", "act": "bytea"})


def add(cursor: CursorWrapper, table: Table, rows: Sequence[Row]) -> None:
    """Add rows, in the order of the table's columns.

    Raises:
        IntegrityError: one is there already, or breaks a constraint.
    """
    columns = ", ".join(f'"{column}"' for column in table.columns)
    if connection.vendor == "postgresql":
        # Rows that are inserted travel as text, each in a statement that the server has to read.
        statement = f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)"
        with connection.wrap_database_errors, cursor.copy(statement) as copy:
            copy.set_types(list(table.columns.values()))
            for row in rows:
                copy.write_row(row)
    elif rows:
        marks = ", ".join(["%s"] * len(table.columns))
        cursor.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)  # noqa: S608  # names of ours
