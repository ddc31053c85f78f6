"""Custody's database: one transaction, effects after it or not at all, one custodian."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aliquot.custody import schema, store
from aliquot.custody.store import Store
from aliquot.terms.errors import Broken, Refused

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_what_a_turn_wrote_is_there_and_its_effects_follow_in_order(tmp_path: Path) -> None:
    kept, done = Store(tmp_path / "c.sqlite3"), list[str]()
    with kept.turn(NOW) as turn:
        turn.db.execute("INSERT INTO meta VALUES ('a', x'00')")
        turn.later += [lambda: done.append("first"), lambda: done.append("second")]
        turn.undo.append(lambda: done.append("undone"))
        assert done == []
    assert done == ["first", "second"]
    assert kept.db.execute("SELECT count(*) FROM meta").fetchone() == (1,)
    kept.close()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_turn_that_fails_leaves_nothing_and_takes_back_what_it_changed(
    tmp_path: Path, error: type[BaseException]
) -> None:
    kept, done = Store(tmp_path / "c.sqlite3"), list[str]()
    with pytest.raises(error):
        _fail(kept, done, error)
    assert done == ["second back", "first back"]
    assert kept.db.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    assert not kept.db.in_transaction
    kept.close()


def _fail(kept: Store, done: list[str], error: type[BaseException]) -> None:
    with kept.turn(NOW) as turn:
        turn.db.execute("INSERT INTO meta VALUES ('a', x'00')")
        turn.later.append(lambda: done.append("effect"))
        turn.undo += [lambda: done.append("first back"), lambda: done.append("second back")]
        raise error


def test_a_second_custodian_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    first = Store(tmp_path / "c.sqlite3")
    with pytest.raises(Refused):
        Store(tmp_path / "c.sqlite3")
    first.close()
    Store(tmp_path / "c.sqlite3").close()


def test_the_file_and_its_companions_are_custodys_alone_and_durable(tmp_path: Path) -> None:
    kept = Store(tmp_path / "c.sqlite3")
    with kept.turn(NOW) as turn:
        turn.db.execute("INSERT INTO meta VALUES ('a', x'00')")
    assert [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()] == [0] * 4
    assert kept.db.execute("PRAGMA synchronous").fetchone() == (2,)
    kept.close()


def test_a_database_of_a_newer_house_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite3") as newer:
        newer.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    newer.close()
    with pytest.raises(Broken):
        Store(tmp_path / "c.sqlite3")


def test_each_migration_runs_once_in_its_order(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "c.sqlite3") as first:
        first.executescript(schema.MIGRATIONS[0] + "; PRAGMA user_version = 1")
    first.close()
    kept = Store(tmp_path / "c.sqlite3")
    columns = [row[1] for row in kept.db.execute("PRAGMA table_info(act)")]
    assert "reason" in columns
    assert kept.db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
    kept.close()


def test_an_instant_comes_back_from_its_microseconds() -> None:
    assert store.instant(store.micros(NOW)) == NOW


def test_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path / "custody.sqlite3")
    assert store.db.execute("PRAGMA secure_delete").fetchone() == (1,)
    store.close()


def test_a_migration_of_before_sources_were_known_is_of_one_of_its_own_and_keeps_its_names(tmp_path: Path) -> None:
    path, added = tmp_path / "c.sqlite3", "ADD COLUMN named"
    (since,) = (number for number, script in enumerate(schema.MIGRATIONS) if added in script)
    with sqlite3.connect(path) as older:
        older.executescript("".join(schema.MIGRATIONS[:since]) + f"; PRAGMA user_version = {since}")
        older.execute(
            "INSERT INTO migration (mandate, org, state, document, signed, deadline, until)"
            " VALUES (x'01', x'00000001', 'loading', x'', 7, 8, 9), (x'02', x'00000001', 'loading', x'', 8, 9, 9)"
        )
    older.close()
    kept = Store(path)
    rows = kept.db.execute("SELECT mandate, source, named FROM migration ORDER BY mandate").fetchall()
    assert rows == [(b"\x01", b"\x01", 7), (b"\x02", b"\x02", 8)]
    kept.close()
