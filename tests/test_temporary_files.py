"""SQLite writes no temporary file: what it sorts or takes back stays in memory, on every connection that we open."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connections

import aliquot
from aliquot.cli import schemas
from aliquot.custody.store import Store
from aliquot.intake import seat
from aliquot.intake.letterbox import Slot, Tray
from tests.intake.post import Seated
from tests.world import World

_OPENERS = {"custody/store.py", "intake/letterbox.py", "cli/schemas.py"}
_SCRATCH = {"attack", "bench"}  # they open what is thrown away
_ROOM_FOR_PAGES = "PRAGMA temp.cache_size = 10"
_MUCH = "CREATE TEMP TABLE much AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Every connection of SQLite that is opened from now on."""
    found: list[sqlite3.Connection] = []
    for module in (sqlite3, sqlite3.dbapi2):
        monkeypatch.setattr(module, "connect", _noting(module.connect, found))
    return found


def _noting(
    connect: Callable[..., sqlite3.Connection], found: list[sqlite3.Connection]
) -> Callable[..., sqlite3.Connection]:
    def noted(*given: object, **named: object) -> sqlite3.Connection:
        found.append(connect(*given, **named))
        return found[-1]

    return noted


def temporary_files(db: sqlite3.Connection) -> int:
    """How many files are open under a name of SQLite's temporary files, once more than its memory was sorted."""
    db.execute(_ROOM_FOR_PAGES)
    db.execute(f"{_MUCH} SELECT i, randomblob(1000) AS bytes FROM n")
    return sum("etilqs" in one for one in _open_files())


def _open_files() -> Iterator[str]:
    for handle in Path("/proc/self/fd").iterdir():
        try:
            yield os.readlink(handle)
        except FileNotFoundError:  # the handle of this very listing
            continue


def test_a_connection_without_our_laws_writes_one() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        assert temporary_files(db) == 1


def test_custody_writes_none(tmp_path: Path) -> None:
    kept = Store(tmp_path / "c.sqlite3")
    assert temporary_files(kept.db) == 0
    kept.close()


def test_neither_end_of_the_letterbox_writes_one(tmp_path: Path, opened: list[sqlite3.Connection]) -> None:
    seated = Seated(tmp_path)
    slot, tray = Slot(seated.listen.letterbox, seat.read(seated.listen)), Tray(seated.listen.letterbox)
    assert [temporary_files(db) for db in opened] == [0, 0]
    tray.close()
    slot.close()


def test_the_record_database_writes_none(small_lab: World, opened: list[sqlite3.Connection]) -> None:
    connections["default"].close()
    connections["default"].ensure_connection()
    assert [temporary_files(db) for db in opened] == [0]


def test_looking_at_the_age_of_custodys_database_writes_none(small_lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = _asked(monkeypatch)
    schemas.custody(small_lab.installation)
    assert stores == [2]


def _asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Where each connection keeps what is temporary (2: in memory), as it stands when it is closed."""
    stores: list[int] = []

    class Asked(sqlite3.Connection):
        def close(self) -> None:
            stores.append(self.execute("PRAGMA temp_store").fetchone()[0])
            super().close()

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, factory=Asked, **named))
    return stores


def test_nobody_else_opens_sqlite() -> None:
    program = Path(aliquot.__file__).parent
    files = [file for file in program.rglob("*.py") if not _SCRATCH & set(file.parts)]
    openers = [file for file in files if "sqlite3.connect(" in file.read_text()]
    assert {file.relative_to(program).as_posix() for file in openers} == _OPENERS
