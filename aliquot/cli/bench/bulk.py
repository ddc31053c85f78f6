"""The floor of a load: the rows that it left, inserted once more into tables beside theirs, and nothing else done."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from django.db import connection, transaction

from aliquot.access import adding
from aliquot.access.adding import Row, Table
from aliquot.cli.bench.apart import Said
from aliquot.cli.bench.moving import Moving

Cell = bytes | int | str | None
_AT_ONCE = 5_000
"""Rows in a commit: about as many as 1,500 results become."""
_LIKE = (adding.ACT, adding.VERSION, adding.TOKEN)
_KEY = Table("floor_key", {"id": "bytea", "wrapped": "bytea"})


def inserted(move: Moving, since: int) -> Said:
    """Insert again what was added after this version; the seconds that the commits took."""
    _make()
    began = time.perf_counter()
    _insert([(_KEY, _keys(move))])
    took = time.perf_counter() - began
    rows = 0
    for acts, versions, tokens in _portions(since):
        began = time.perf_counter()
        _insert(list(zip(map(_beside, _LIKE), (acts, versions, tokens), strict=True)))
        took += time.perf_counter() - began
        rows += len(versions)
    return {"rows": rows, "seconds": took}


def latest() -> int:
    """The number of the version that was added last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM version")
        return int(cursor.fetchone()[0])


def _beside(table: Table) -> Table:
    return Table(f"floor_{table.name}", table.columns)


def _insert(all_: Sequence[tuple[Table, Sequence[Row]]]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for table, rows in all_:
            adding.add(cursor, table, rows)


def _make() -> None:
    with connection.cursor() as cursor:
        for table in _LIKE:
            for statement in _made(table.name):
                cursor.execute(statement)
        binary = "bytea" if connection.vendor == "postgresql" else "blob"
        cursor.execute(f"CREATE TABLE floor_key (id {binary} PRIMARY KEY, wrapped {binary} NOT NULL)")


def _made(table: str) -> list[str]:
    if connection.vendor == "postgresql":
        return [f"CREATE TABLE floor_{table} (LIKE {table} INCLUDING ALL)"]
    with connection.cursor() as cursor:
        query = "SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql IS NOT NULL ORDER BY type DESC"
        cursor.execute(query, (table,))
        found = [str(statement) for (statement,) in cursor.fetchall()]
    return [one.replace(f'"{table}" (', f'"floor_{table}" (', 1).replace('INDEX "', 'INDEX "floor_') for one in found]


def _keys(move: Moving) -> list[Row]:
    with closing(sqlite3.connect(f"file:{move.described.custody.database}?mode=ro", uri=True)) as custody:
        return custody.execute("SELECT id, key FROM subject WHERE org = ?", (move.org,)).fetchall()


def _portions(since: int) -> Iterator[tuple[list[Row], list[Row], list[Row]]]:
    """Acts, versions and tokens as they were added; an act comes with the first of its versions.

    Lanes that load side by side take numbers in turn, so that an act's versions do not stand together.
    """
    known: set[Cell] = set()
    while found := _selected(adding.VERSION, f"WHERE id > {since} ORDER BY id LIMIT {_AT_ONCE}", ("id",)):
        since = int(str(found[-1][-1]))
        versions = [row[:-1] for row in found]
        new = [act for act in dict.fromkeys(row[_ACT] for row in versions) if act not in known]
        known.update(new)
        among = f"IN ({', '.join(['%s'] * len(new))})"
        yield (
            _selected(adding.ACT, f"WHERE id {among}", values=new) if new else [],
            versions,
            _selected(adding.TOKEN, f"WHERE act {among}", values=new) if new else [],
        )


_ACT = list(adding.VERSION.columns).index("act")


def _selected(table: Table, where: str, more: tuple[str, ...] = (), values: Sequence[Cell] = ()) -> list[Row]:
    columns = ", ".join(f'"{column}"' for column in (*table.columns, *more))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {table.name} {where}", values)
        return [tuple(bytes(one) if isinstance(one, memoryview) else one for one in row) for row in cursor.fetchall()]
