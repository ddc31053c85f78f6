"""Doctor finds each planted fault, says what to do, and changes nothing."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from aliquot.cli import ailments
from aliquot.intake import seat
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.ledger import checkpoint, entry, note, policy, tiles, tree
from aliquot.ledger.entry import Step
from aliquot.terms import installation as described
from tests.cli import terminal


def checked(home: Path) -> tuple[int, dict[str, list[dict[str, str]]]]:
    """Doctor's status, and its checks by state."""
    said = terminal.run("doctor", "--home", str(home), "--json")
    found: dict[str, list[dict[str, str]]] = {"ok": [], "warning": [], "fault": []}
    for check in json.loads(said.out):
        found[check["state"]].append(check)
    return said.status, found


def test_an_installation_at_work_has_no_fault_and_the_warnings_of_a_trial(installation: Path) -> None:
    with terminal.serving(installation):
        terminal.until(lambda: terminal.logged(installation, event="serving", process="work"))
        terminal.until(lambda: list((installation / "tiles").glob("*/checkpoint")))
        status, found = checked(installation)
        words = terminal.run("doctor", "--home", str(installation))
    assert found["fault"] == []
    assert status == 0
    assert {"key journal", "users"} <= {check["name"] for check in found["warning"]}
    assert {"custodian", "record database", "letterbox", "history of installation"} <= {
        check["name"] for check in found["ok"]
    }
    assert "-> install the units" in words.out


def _open_key(home: Path) -> None:
    (home / "work" / "worker.key").chmod(0o640)


def _open_password(home: Path) -> None:
    password = home / "record" / "password"
    password.touch()
    password.chmod(0o644)
    file = home / described.FILE_NAME
    file.write_text(file.read_text().replace("[record]", f'[record]\npassword_file = "{password}"', 1))


def _lost_keyring(home: Path) -> None:
    (home / "custody" / "keyring.aqk").unlink()


def _open_folder(home: Path) -> None:
    (home / "custody").chmod(0o755)


def _open_letterbox(home: Path) -> None:
    (home / "letterbox").chmod(0o707)


def _no_record(home: Path) -> None:
    (home / "record" / "record.sqlite3").unlink()


def _migrations(statement: str) -> Callable[[Path], None]:
    def plant(home: Path) -> None:
        db = sqlite3.connect(home / "record" / "record.sqlite3")
        db.execute(statement)
        db.commit()
        db.close()

    return plant


def _old_letter(home: Path) -> None:
    slot = _slot(home)
    slot.drop([Arrival("HEMA-1", datetime.now(UTC) - timedelta(hours=2), b"CANARY")])
    slot.close()


def _newer_letterbox(home: Path) -> None:
    _slot(home).close()
    db = sqlite3.connect(home / "letterbox" / "letterbox.sqlite3")
    db.execute("PRAGMA user_version = 99")
    db.close()


@pytest.mark.parametrize(
    ("plant", "name", "words", "remedy"),
    [
        (lambda home: None, "custodian", "does not answer", "aliquot custody"),
        (_open_key, "keys", "worker's key", "chmod 600"),
        (_open_password, "keys", "other users may read it", "chmod 640"),
        (_lost_keyring, "keys", "keyring is not at", "restore"),
        (_open_folder, "folders", "custody is open to other users", "chmod"),
        (_open_letterbox, "folders", "letterbox is open to other users", "chmod"),
        (_no_record, "record database", "is not where", "[record]"),
        (_migrations("DELETE FROM django_migrations WHERE app = 'record'"), "record database", "older", "--upgrade"),
        (
            _migrations("INSERT INTO django_migrations (app, name, applied) VALUES ('record', '0999_x', '2027-01-01')"),
            "record database",
            "newer",
            "install",
        ),
        (_old_letter, "letterbox", "1 letter(s) wait, the oldest since", "aliquot work"),
        (_newer_letterbox, "letterbox", "newer Aliquot", "read it"),
    ],
)
def test_each_planted_fault_is_found_and_has_a_remedy(
    installation: Path, plant: Callable[[Path], None], name: str, words: str, remedy: str
) -> None:
    plant(installation)
    before = _files(installation)
    status, found = checked(installation)
    assert status == 1
    assert [check for check in found["fault"] if check["name"] == name and words in check["words"]]
    assert [check for check in found["fault"] if remedy in check["remedy"]]
    assert _files(installation) == before


def test_a_file_that_cannot_be_used_is_the_only_thing_said(installation: Path) -> None:
    with (installation / described.FILE_NAME).open("a") as file:
        file.write("\n[unheard]\nof = 1\n")
    status, found = checked(installation)
    assert status == 1
    assert [(check["name"], "unheard" in check["words"]) for check in found["fault"]] == [("configuration", True)]
    assert found["ok"] == []


def test_a_changed_tile_is_found(installation: Path) -> None:
    with terminal.serving(installation):
        terminal.until(lambda: list((installation / "tiles").glob("*/checkpoint")))
    tile = next((installation / "tiles" / "installation" / "tile" / "0").rglob("*.p/*"))
    raw = bytearray(tile.read_bytes())
    raw[0] ^= 1
    tile.write_bytes(raw)
    status, found = checked(installation)
    assert status == 1
    (history,) = [check for check in found["fault"] if check["name"] == "history of installation"]
    assert "aliquot ledger verify" in history["remedy"]


@pytest.mark.parametrize(("free_mib", "state"), [(199, "fault"), (200, "warning"), (2047, "warning"), (2048, "ok")])
def test_little_room_is_a_warning_and_none_is_a_fault(free_mib: int, state: str) -> None:
    assert ailments.room(Path("/srv"), free_mib * 1024**2).state == state


@pytest.mark.parametrize(("year", "names"), [(2999, ["clock", "history of 00000001"]), (2020, ["history of 00000001"])])
def test_a_clock_behind_the_history_is_found(founded: Path, tmp_path: Path, year: int, names: list[str]) -> None:
    _write_log(tmp_path / "00000001", datetime(year, 1, 5, tzinfo=UTC))
    described_here = described.read(founded / described.FILE_NAME)
    moved = structs.replace(described_here, custody=structs.replace(described_here.custody, tiles=tmp_path))
    found = list(ailments.history(moved))
    assert [check.name for check in found] == names
    assert [check.state for check in found if check.name == "clock"] == ["fault"] * (len(names) - 1)


def test_every_measure_of_hardening_is_told(installation: Path) -> None:
    _, found = checked(installation)
    told = [check for each in found.values() for check in each if check["name"] == "hardening"]
    assert len(told) == 7
    assert {check["words"].split(":")[0] for check in told} >= {
        "closed to debuggers (all processes)",
        "no core dumps (all processes)",
        "no network (custodian)",
    }


def test_a_second_disk_is_no_warning(installation: Path) -> None:
    disk = Path("/dev/shm")  # another device on any Linux
    if disk.stat().st_dev == installation.stat().st_dev:
        raise AssertionError("this test needs two devices")
    journal = disk / f"aliquot-{os.getpid()}"
    shutil.copytree(installation / "journal", journal)
    file = installation / described.FILE_NAME
    file.write_text(file.read_text().replace('"journal/keys.aqj"', f'"{journal}/keys.aqj"'))
    try:
        _, found = checked(installation)
    finally:
        shutil.rmtree(journal)
    assert "key journal" in {check["name"] for check in found["ok"]}


def test_a_folder_that_two_processes_share_stays_open_to_their_group(installation: Path) -> None:
    (installation / "letterbox").chmod(0o2770)
    assert [check.state for check in ailments.folders(_described(installation))] == ["ok"]
    (installation / "letterbox").chmod(0o2775)
    (found,) = ailments.folders(_described(installation))
    assert found.remedy == f"chmod o-rwx {installation / 'letterbox'}"


def _described(home: Path) -> described.Installation:
    return described.read(home / described.FILE_NAME)


def _write_log(folder: Path, at: datetime) -> None:
    key, name = Ed25519PrivateKey.generate(), "aliquot/laboratory/00000001"
    leaf = entry.Entry(
        act="ReadHistory", step=Step.ENTER, actor="", id="", lab="", ses="", why="", policy="", epoch=1, seq=0, t=at
    )
    raw = entry.encode(leaf)
    head = tree.Head(1, tree.root([tree.leaf_hash(raw)]))
    signed = checkpoint.sign(checkpoint.Checkpoint(name, head), name, key)
    trust = policy.unwitnessed([note.Key(name, note.ED25519, key.public_key().public_bytes_raw())])
    tiles.write(folder, lambda start: [raw][start:], signed, trust)


def _slot(home: Path) -> Slot:
    listen = described.read(home / described.FILE_NAME).listen
    return Slot(listen.letterbox, seat.read(listen))


def _files(home: Path) -> set[Path]:
    return {file for file in home.rglob("*") if not file.name.endswith(("-wal", "-shm"))}
