"""The custodian does not start where it must not, and says why in its status and in a sentence."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli import terminal


def test_a_wrong_passphrase_is_status_77(installation: Path) -> None:
    said = terminal.run("custody", "--home", str(installation), passphrase="not this phrase at all")
    assert said.status == 77
    assert "passphrase" in said.err
    assert "not this phrase" not in said.err


def test_a_newer_database_is_status_78_and_is_not_touched(installation: Path) -> None:
    file = installation / "custody" / "custody.sqlite3"
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 999")
    db.close()
    before = file.read_bytes()
    said = terminal.run("custody", "--home", str(installation), passphrase=terminal.PASSPHRASE)
    assert said.status == 78
    assert "newer" in said.err
    assert file.read_bytes() == before


def test_a_second_custodian_is_refused(installation: Path) -> None:
    with terminal.serving(installation):
        terminal.until(lambda: terminal.logged(installation, event="serving", process="custody"))
        said = terminal.run("custody", "--home", str(installation), passphrase=terminal.PASSPHRASE)
    assert said.status == 1
    assert "another custodian" in said.err


@pytest.mark.parametrize("command", ["web", "work"])
def test_without_custody_pages_and_worker_end_with_a_sentence(installation: Path, command: str) -> None:
    said = terminal.run(command, "--home", str(installation))
    assert said.status == 69
    assert "custodian does not answer" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("command", ["web", "work"])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("DELETE FROM django_migrations WHERE app = 'record'", "--upgrade"),
        ("INSERT INTO django_migrations (app, name, applied) VALUES ('record', '0999_later', '2027-01-01')", "newer"),
    ],
)
def test_another_shape_of_the_record_database_is_status_78(
    installation: Path, command: str, change: str, word: str
) -> None:
    db = sqlite3.connect(installation / "record" / "record.sqlite3")
    db.execute(change)
    db.commit()
    db.close()
    said = terminal.run(command, "--home", str(installation))
    assert said.status == 78
    assert word in said.err
