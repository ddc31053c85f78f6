"""What is counted is what happened: durable commits in the journals, and nothing that only looked like one."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from aliquot.access.custodian import Line
from aliquot.cli.bench import floors, measured
from aliquot.cli.bench.counting import Counted, Databases
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Done, WhoAmI
from tests.world import World

_TABLE = "CREATE TABLE kept (n INTEGER)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A durable database."""
    return tmp_path / "counted.sqlite3"


def _insert(db: sqlite3.Connection, rows: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.executemany("INSERT INTO kept VALUES (?)", [(n,) for n in range(rows)])
    db.execute("COMMIT")


def test_commits_are_counted_and_not_their_rows(path: Path) -> None:
    with closing(floors.sqlite(path, _TABLE)) as db:
        _insert(db, 1)
        with Databases({"one": path}, None).counted() as commits:
            for rows in (1, 3000, 1):
                _insert(db, rows)
            db.execute("SELECT count(*) FROM kept").fetchone()
            db.execute("BEGIN IMMEDIATE")
            db.execute("INSERT INTO kept VALUES (1)")
            db.execute("ROLLBACK")
    assert commits.seen == {"one": 3}


def test_a_journal_that_was_begun_anew_is_counted_from_where_it_stands(path: Path) -> None:
    with closing(floors.sqlite(path, _TABLE)) as db:
        for _ in range(5):
            _insert(db, 1)
        db.execute("PRAGMA wal_checkpoint(RESTART)")
        _insert(db, 1)
        with Databases({"one": path}, None).counted() as commits:
            _insert(db, 1)
    assert commits.seen == {"one": 1}


def test_every_exchange_with_custody_is_one_round_trip(small_lab: World) -> None:
    line = Counted(small_lab.installation.custody.socket, "web")
    assert issubclass(Counted, Line)
    for _ in range(2):
        with pytest.raises(Denial):
            line.ask(WhoAmI(b"nobody's ticket"), Done)
    line.hang_up()
    assert line.trips == 2


def test_a_quantile_is_a_value_of_the_sample() -> None:
    assert [measured.quantile([3.0, 1.0, 2.0], share) for share in (0.0, 0.5, 0.99)] == [1.0, 2.0, 3.0]
