"""`aliquot init` makes an installation once, and leaves nothing of one that could not be made."""

import json
import stat
from pathlib import Path

import pytest

from aliquot.terms import installation
from tests.cli import terminal


def test_three_invitations_are_told_and_the_file_describes_the_laboratory(tmp_path: Path) -> None:
    said = terminal.init(tmp_path / "lab", "--json", "--site", "nord", "--peer", "192.0.2.7=HEMA-1")
    assert said.status == 0
    told = json.loads(said.out)
    described = installation.read(tmp_path / "lab" / installation.FILE_NAME)
    assert [one["login"] for one in told["invitations"]] == ["administrator@nord", "director@nord", "privacy@nord"]
    assert len({one["invitation"] for one in told["invitations"]}) == 3
    assert told["address"] == f"http://localhost:{described.web.port}/invitation"
    assert [laboratory.director for laboratory in described.laboratories] == ["Dr Exemple"]
    assert [(peer.address, peer.device) for peer in described.listen.peers] == [("192.0.2.7", "HEMA-1")]


def test_the_users_and_the_address_of_an_installed_machine_stand_in_the_file(tmp_path: Path) -> None:
    users = ("--runs-as", "web=4001", "--runs-as", "work=4002", "--runs-as", "cli=root", "--runs-as", "cli=4003")
    assert terminal.init(tmp_path / "lab", *users, "--listen-host", "127.0.0.2").status == 0
    described = installation.read(tmp_path / "lab" / installation.FILE_NAME)
    custody = described.custody
    assert (custody.web_uids, custody.work_uids, custody.cli_uids) == ((4001,), (4002,), (0, 4003))
    assert described.listen.host == "127.0.0.2"


def test_a_second_init_of_the_same_folder_is_refused_and_changes_nothing(installation: Path) -> None:
    before = _content(installation)
    said = terminal.init(installation)
    assert said.status == 1
    assert "already" in said.err
    assert _content(installation) == before


def test_every_file_is_its_owners_and_none_holds_the_passphrase(founded: Path) -> None:
    for file in founded.rglob("*"):
        if file.is_file():
            assert terminal.PASSPHRASE.encode() not in file.read_bytes(), file
    for name in ("custody/keyring.aqk", "work/worker.key", "listen/listener.key", "web/signing.key"):
        assert stat.S_IMODE((founded / name).stat().st_mode) == 0o600


def test_two_laboratories_have_keys_and_people_of_their_own(tmp_path: Path) -> None:
    said = terminal.init(tmp_path / "lab", "--json", "--laboratory", "Laboratoire Sud", *terminal.NAMES)
    told = json.loads(said.out)
    described = installation.read(tmp_path / "lab" / installation.FILE_NAME)
    assert len({laboratory.org for laboratory in described.laboratories}) == 2
    assert [one["login"] for one in told["invitations"]][3:] == ["administrator@sud", "director@sud", "privacy@sud"]


@pytest.mark.parametrize(
    ("extra", "passphrase", "words"),
    [
        ((), "too short", "at least 12"),
        (("--peer", "192.0.2.7"), terminal.PASSPHRASE, "ADDRESS=DEVICE"),
        (("--runs-as", "custody=root"), terminal.PASSPHRASE, "web, work or cli"),
        (("--runs-as", "web="), terminal.PASSPHRASE, "PROCESS=USER"),
        (("--runs-as", "web=no-such-user"), terminal.PASSPHRASE, "no Unix user no-such-user"),
        (("--laboratory", "Second"), terminal.PASSPHRASE, "once for each laboratory"),
        (("--site", "a", "--site", "b"), terminal.PASSPHRASE, "--site"),
    ],
)
def test_what_cannot_be_made_leaves_nothing(
    tmp_path: Path, extra: tuple[str, ...], passphrase: str, words: str
) -> None:
    said = terminal.init(tmp_path / "lab", *extra, passphrase=passphrase)
    assert said.status == 1
    assert words in said.err
    assert not (tmp_path / "lab").exists()


def test_after_a_database_that_did_not_answer_init_can_be_said_again(tmp_path: Path) -> None:
    away = ("--postgresql", "lab", "--host", str(tmp_path), "--user", "nobody")
    said = terminal.init(tmp_path / "lab", *away)
    assert said.status == 69
    assert "record database" in said.err
    assert terminal.init(tmp_path / "lab").status == 0


def test_without_a_terminal_missing_names_are_named(tmp_path: Path) -> None:
    said = terminal.run("init", str(tmp_path / "lab"), "--laboratory", "Nord", passphrase=terminal.PASSPHRASE)
    assert said.status == 1
    assert "--administrator" in said.err


def test_upgrade_says_that_there_was_nothing_to_do(installation: Path) -> None:
    assert terminal.run("init", str(installation), "--upgrade").status == 0


def _content(home: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in home.rglob("*") if file.is_file()}
