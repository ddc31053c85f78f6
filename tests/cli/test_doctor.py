"""Doctor finds each planted fault, says what to do, and changes nothing."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import structs

from aliquot.cli import ailments, hearing
from aliquot.custody.client import Client
from aliquot.custody.doctor_protocol import AskLetters, LettersTold, Rung
from aliquot.intake import seat
from aliquot.intake.letterbox import Arrival, Slot
from aliquot.ledger import checkpoint, entry, note, policy, tiles, tree
from aliquot.ledger.entry import Step
from aliquot.terms import installation as described
from tests.cli import terminal

MANUAL = Path(__file__).parents[2] / "docs" / "manual" / "install.md"


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
    told = MANUAL.read_text().split("Doctor should have no fault.")[1].split("Doctor tries")[0]
    named = {name for row in re.findall(r"^\| (`[^|]+)\|", told, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)}
    assert {"users", "epoch file"} <= named
    # Whether the pages reach the listener is told where both have users of their own.
    assert named - {"listener"} <= {check["name"] for state in found.values() for check in state}


def test_letters_of_a_device_that_nobody_enrolled_are_named_at_once(installation: Path) -> None:
    file = installation / described.FILE_NAME
    file.write_text(file.read_text().replace("peers = []", 'peers = [{ address = "192.0.2.7", device = "HEMA-1" }]'))
    slot = _slot(installation)
    slot.drop([Arrival("HEMA-1", datetime(2026, 11, 23, 9, tzinfo=UTC), b"CANARY")] * 2)
    slot.close()
    with terminal.serving(installation):
        terminal.until(lambda: terminal.logged(installation, event="serving", process="work"))
        status, found = checked(installation)
    (check,) = [check for check in found["fault"] if check["name"] == "letters"]
    assert status == 1
    assert check["words"].startswith("2 letter(s) of HEMA-1 (192.0.2.7) wait since 2026-11-23 09:00 UTC")
    assert "/staff/ask/device the name HEMA-1" in check["remedy"]


def test_numbers_that_do_not_go_on_are_a_fault_until_somebody_has_seen_the_alarm(installation: Path) -> None:
    read = LettersTold(5, (), ())
    assert _words(hearing.numbers(5, None, read)) == _words(hearing.numbers(7, 5, read)) == ""
    assert "number 2 next, and 4 was taken already: it was made anew" in _words(hearing.numbers(2, 1, read))
    assert "letters 5 to 6 were taken away before anybody read them" in _words(hearing.numbers(9, 7, read))
    since = datetime(2026, 11, 23, 9, tzinfo=UTC)
    kinds = ("letter-renumbered", "letter-missing", "letter-forged", "letter-unknown-listener", "letter-damaged")
    told = LettersTold(5, (), tuple(Rung(kind, 3, since) for kind in (*kinds, "letter-unknown-device")))
    rung = list(hearing.rung(told))
    assert len(rung) == len(kinds)
    assert all("3 alarm(s), since 2026-11-23 09:00 UTC" in check.words for check in rung)
    assert {check.state for check in rung} == {"fault"}


def test_a_letterbox_that_was_made_anew_is_found(installation: Path) -> None:
    def post() -> None:
        slot = _slot(installation)
        slot.drop([Arrival("HEMA-1", datetime.now(UTC), b"CANARY")])
        slot.close()

    post()
    with terminal.serving(installation):
        terminal.until(lambda: terminal.logged(installation, event="serving", process="work"))
        terminal.until(lambda: _next(installation) == 2, 60)
    for file in (installation / "letterbox").iterdir():
        file.unlink()
    post()
    with terminal.serving(installation):
        terminal.until(lambda: "the letterbox was made anew" in json.dumps(checked(installation)[1]["fault"]), 60)


def _next(home: Path) -> int:
    """The number that custody waits for; it has read all before."""
    installation = _described(home)
    line = Client(installation.custody.socket, "cli")
    told = line.ask(AskLetters(seat.read(installation.listen).listener, ()), LettersTold)
    line.close()
    return told.next


def _words(found: Iterator[ailments.Check]) -> str:
    return " ".join(check.words for check in found)


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
    signed = checkpoint.Issuer(name, key).sign(head)
    trust = policy.unwitnessed([note.Key(name, note.ED25519, key.public_key().public_bytes_raw())])
    tiles.write(folder, lambda start: [raw][start:], signed, trust)


def _slot(home: Path) -> Slot:
    listen = described.read(home / described.FILE_NAME).listen
    return Slot(listen.letterbox, seat.read(listen))


def _files(home: Path) -> set[Path]:
    return {file for file in home.rglob("*") if not file.name.endswith(("-wal", "-shm"))}
