"""Connections to running databases, which cannot write: each dialect is told so in its own words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import Connection, Engine, event, exc, make_url

from aliquot.legacy.description import Database, Description
from aliquot.legacy.sources import lines
from aliquot.terms.errors import Refused

_WAL = 2
_WRITE_VERSION = 18
_AS_TEXT = tuple(
    "date time timetz timestamp timestamptz interval numeric int2 int4 int8 float4 float8 bool uuid json jsonb".split()  # noqa: SIM905 - read as one line
)


def engine(description: Description, form: Database, ask: Callable[[], str]) -> Engine:
    """The way to a database; nothing is connected yet. The password is asked for here and kept in memory only.

    Raises:
        Refused: the address is none, its driver is missing, or the file is not there.
    """
    try:
        url = make_url(form.dsn)
        if url.get_backend_name() == "sqlite":
            # On one thread at a time: a generator may be closed by another than the one that began it.
            engine = sqlalchemy.create_engine(_sqlite(description, url.database or ""), poolclass=sqlalchemy.NullPool)
        else:
            password = ask()
            engine = sqlalchemy.create_engine(
                url.set(password=password) if password else url,
                poolclass=sqlalchemy.NullPool,
                hide_parameters=True,
                **({"connect_args": _mysql()} if url.get_backend_name() in ("mysql", "mariadb") else {}),
            )
    except exc.NoSuchModuleError:
        raise Refused("source.toml: dsn: SQLAlchemy knows no such kind of database; install its dialect") from None
    except exc.ArgumentError:
        raise Refused("source.toml: dsn: it is not an address as SQLAlchemy writes them") from None
    except ImportError as missing:
        raise Refused(f"source.toml: dsn: its driver is missing: pip install {missing.name}") from None
    event.listen(engine, "connect", _READ_ONLY.get(engine.dialect.name, _nothing))
    return engine


def _sqlite(description: Description, path: str) -> str:
    file = (description.folder / path).resolve()
    if not file.is_file():
        raise Refused(f"source.toml: dsn: {path}: there is no such file")
    # A write-ahead base that nobody has open would get a shared-memory file beside it, even from a reader.
    alone = _header(file)[_WRITE_VERSION:][:1] == bytes([_WAL]) and not Path(f"{file}-wal").exists()
    return f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true{'&immutable=1' if alone else ''}"


def _header(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(100)


def _mysql() -> dict[str, object]:
    """Answers as the server writes them: a date of zeros is a word here, and a decimal keeps its zeros."""
    from pymysql import converters

    return {
        "conv": {kind: how for kind, how in converters.conversions.items() if not isinstance(kind, int)},
        "charset": "utf8mb4",
    }


def _read_only_sqlite(connection: Any, _: object) -> None:  # a connection of whichever driver
    connection.text_factory = lines.either
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA query_only = 1")


def _read_only_mysql(connection: Any, _: object) -> None:  # a connection of whichever driver
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET SESSION net_write_timeout = 86400, net_read_timeout = 86400")


def _read_only_postgresql(connection: Any, _: object) -> None:  # a connection of whichever driver
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    connection.commit()


def _nothing(_: object, __: object) -> None:
    """A database of which nothing is known: the user that reads must be one who can do nothing else."""


_READ_ONLY = {
    "sqlite": _read_only_sqlite,
    "mysql": _read_only_mysql,
    "mariadb": _read_only_mysql,
    "postgresql": _read_only_postgresql,
}


def as_text(connection: Connection) -> None:
    """From now on PostgreSQL's own words for days and numbers: it knows more days than Python does."""
    if connection.dialect.name != "postgresql" or connection.dialect.driver != "psycopg":
        return
    from psycopg.types.string import TextLoader

    driver: Any = connection.connection.driver_connection  # psycopg's, whose type SQLAlchemy does not say
    for name in _AS_TEXT:
        driver.adapters.register_loader(name, TextLoader)
