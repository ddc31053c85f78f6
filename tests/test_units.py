"""The installed form: systemd's files fit each other, the commands, the layout, and what a user is told to type."""

import re
import shlex
import shutil
import subprocess
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from aliquot.cli import layout, main
from aliquot.cli.exits import Exit
from aliquot.terms import installation
from tests.plan import PLAN

ROOT = Path(__file__).parents[1]
SYSTEMD = ROOT / "deploy" / "systemd"
UNITS = sorted(SYSTEMD.glob("*.service"))
WALLS = SYSTEMD / "aliquot-.service.d" / "walls.conf"
MANUAL = ROOT / "docs" / "manual" / "install.md"
HOME = Path("/var/lib/aliquot")
PROCESSES = ("custody", "listen", "web", "work")
TYPED = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


def said(file: Path) -> dict[str, str]:
    """What a unit says, as `Section.Key`; what it says twice is added up, as systemd does."""
    found: dict[str, str] = {}
    section = ""
    for line in file.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and line[0] != "#":
            key, _, value = line.partition("=")
            found[f"{section}.{key}"] = f"{found.get(f'{section}.{key}', '')} {value}".strip()
    return found


def lines(name: str) -> list[list[str]]:
    """The lines of a table of systemd, in words."""
    return [shlex.split(line) for line in (SYSTEMD / name).read_text().splitlines() if line and line[0] != "#"]


def process(unit: Path) -> str:
    """The process that a unit starts."""
    return unit.stem.removeprefix("aliquot-")


def help_of(word: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `aliquot WORD --help` says; a word that is no command fails."""
    with pytest.raises(SystemExit) as ended:
        main.main([word, "--help"])
    assert ended.value.code == 0, word
    return capsys.readouterr().out


def test_there_is_one_unit_for_each_process_and_the_target_wants_them() -> None:
    assert tuple(map(process, UNITS)) == PROCESSES
    target = said(SYSTEMD / "aliquot.target")
    assert sorted(target["Unit.Wants"].split()) == [unit.name for unit in UNITS]
    assert said(WALLS)["Unit.PartOf"] == "aliquot.target"


@pytest.mark.parametrize("unit", UNITS, ids=process)
def test_a_unit_starts_a_command_that_there_is(unit: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program, word, *options = said(unit)["Service.ExecStart"].split()
    assert program == "/opt/aliquot/bin/aliquot"
    assert word == process(unit)
    assert options == ["--home", str(HOME)]
    assert "--home" in help_of(word, capsys)


@pytest.mark.parametrize("unit", UNITS, ids=process)
def test_a_unit_names_its_own_declared_user_and_paths_that_the_layout_has(unit: Path, tmp_path: Path) -> None:
    layout.lay(tmp_path / "lab", PLAN)
    laid = {HOME / place.name for place in (tmp_path / "lab").iterdir()} | {HOME}
    unit_says = said(unit)
    assert unit_says["Service.User"] == unit_says["Service.Group"] == f"aliquot-{process(unit)}"
    assert ["u", unit_says["Service.User"]] in [words[:2] for words in lines("aliquot.sysusers.conf")]
    named = [word.lstrip("-") for value in unit_says.values() for word in value.split() if str(HOME) in word]
    assert len(named) > 3
    assert {Path(word) for word in named} <= laid


@pytest.mark.parametrize("unit", UNITS, ids=process)
def test_what_a_unit_does_not_write_it_does_not_see_unless_it_passes_through(unit: Path) -> None:
    unit_says = said(unit)
    writes = {Path(word) for word in unit_says["Service.ReadWritePaths"].split()}
    hidden = {Path(word.removeprefix("-")) for word in unit_says["Service.InaccessiblePaths"].split()}
    assert not writes & hidden
    folders = {Path(words[1]) for words in lines("aliquot.tmpfiles.conf") if words[0] == "d"} - {HOME}
    own = {HOME / process(unit), HOME / "run"}
    assert folders - writes - hidden <= own


def test_the_table_of_folders_is_the_layouts_and_names_declared_users(tmp_path: Path) -> None:
    described = layout.lay(tmp_path / "lab", PLAN)
    made = {HOME / place.name for place in (tmp_path / "lab").iterdir() if place.is_dir()} | {HOME}
    table = lines("aliquot.tmpfiles.conf")
    assert {Path(words[1]) for words in table if words[0] == "d"} == made
    declared = {words[1] for words in lines("aliquot.sysusers.conf") if words[0] in {"u", "g"}} | {"root"}
    assert {name for words in table for name in words[3:5]} <= declared
    assert not [words for words in table if int(words[2].lstrip("~"), 8) & 0o007]
    assert described.custody.socket.parent.name == "run"


def test_members_of_groups_are_declared_and_nobody_but_its_two_ends_reaches_the_letterbox() -> None:
    table = lines("aliquot.sysusers.conf")
    users, groups = ({words[1] for words in table if words[0] == kind} for kind in "ug")
    members = Counter((words[2], words[1]) for words in table if words[0] == "m")
    assert {group for group, _ in members} == groups
    assert {user for _, user in members} == users == {f"aliquot-{name}" for name in PROCESSES}
    assert {user for group, user in members if group == "aliquot-letters"} == {"aliquot-listen", "aliquot-work"}
    assert {user for group, user in members if group == "aliquot-clients"} == {"aliquot-web", "aliquot-work"}


def test_the_walls_of_every_unit_stand() -> None:
    walls = said(WALLS)
    for wall in ("NoNewPrivileges", "PrivateTmp", "MemoryDenyWriteExecute", "ProtectHome", "RestrictSUIDSGID"):
        assert walls[f"Service.{wall}"] == "yes"
    assert walls["Service.ProtectSystem"] == "strict"
    assert walls["Service.CapabilityBoundingSet"] == ""
    assert walls["Service.LimitCORE"] == walls["Service.MemorySwapMax"] == "0"
    for unit in UNITS:
        # A unit that says it too could say otherwise.
        assert not set(said(unit)) & set(walls) - {"Unit.RequiresMountsFor", "Service.SystemCallFilter"}, unit.name


def test_custody_has_no_network_and_is_started_again_only_because_a_credential_is_there() -> None:
    custody = said(SYSTEMD / "aliquot-custody.service")
    assert custody["Service.RestrictAddressFamilies"] == "AF_UNIX"
    assert custody["Service.PrivateNetwork"] == "yes"
    assert custody["Service.LimitMEMLOCK"] == "infinity"
    assert custody["Service.LoadCredentialEncrypted"].startswith("aliquot-passphrase:")
    assert custody["Service.Restart"] == "on-failure"
    final = {str(int(status)) for status in (Exit.BROKEN, Exit.LOCKED, Exit.UNFIT)}
    assert set(custody["Service.RestartPreventExitStatus"].split()) == final
    assert "seccomp" in custody["Service.SystemCallFilter"].split()


def test_web_reaches_one_address_only_and_a_new_installation_can_put_the_listener_at_another() -> None:
    web = said(SYSTEMD / "aliquot-web.service")
    assert web["Service.IPAddressDeny"] == "any"
    # All of 127.0.0.0/8 is "localhost": a listener at 127.0.0.2 would be within reach.
    assert web["Service.IPAddressAllow"] == "127.0.0.1/32"
    assert web["Service.RestrictAddressFamilies"] == "AF_UNIX AF_INET"
    assert str(int(Exit.AWAY)) not in web["Service.RestartPreventExitStatus"].split()


def test_a_listener_is_started_again_whatever_ended_it() -> None:
    listen = said(SYSTEMD / "aliquot-listen.service")
    assert listen["Service.Restart"] == "always"
    assert listen["Unit.StartLimitIntervalSec"] == "0"
    assert "aliquot-custody.service" not in listen.get("Unit.After", "")


def test_systemd_itself_finds_nothing_to_say(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        # Then the structure is what holds, as the tests before this one have it.
        assert all(said(unit)["Service.ExecStart"] for unit in UNITS)
        return
    units = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(SYSTEMD, units)
    there = tmp_path / "opt" / "aliquot" / "bin" / "aliquot"
    there.parent.mkdir(parents=True)
    for unit in units.glob("*.service"):
        unit.write_text(unit.read_text().replace("/opt/aliquot/bin/aliquot", str(there)))
    there.write_text("#!/bin/sh\n")
    there.chmod(0o755)
    names = [str(units / unit.name) for unit in [*UNITS, SYSTEMD / "aliquot.target"]]
    found = subprocess.run([program, "verify", "--man=no", *names], capture_output=True, text=True, check=False)
    ours = [line for line in found.stderr.splitlines() if "aliquot" in line or str(tmp_path) in line]
    assert ours == []


def test_what_the_manual_tells_people_to_type_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    told = [line for block in TYPED.findall(MANUAL.read_text()) for line in block.replace("\\\n", " ").splitlines()]
    commands = [shlex.split(line, comments=True) for line in told]
    ours = [words for words in commands if words and words[0] == "aliquot"]
    assert {words[1] for words in ours} >= {"init", "doctor", "ledger"}
    for words in ours:
        text = help_of(words[1], capsys)
        assert all(option in text for option in words[2:] if option.startswith("--")), words
    for file in re.findall(r"deploy/[\w./*-]+", MANUAL.read_text()):
        assert list(ROOT.glob(file.rstrip("."))), file


def test_the_manual_names_every_unit_and_the_file_of_the_installation() -> None:
    text = MANUAL.read_text()
    assert installation.FILE_NAME in text
    for name in PROCESSES:
        assert f"aliquot-{name}" in text


def test_what_is_installed_has_every_file_that_the_program_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packed = {Path(pattern).suffix for pattern in project["tool"]["setuptools"]["package-data"]["aliquot"]} | {".py"}
    files = (file for file in (ROOT / "aliquot").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    assert [file for file in files if file.suffix not in packed and not file.name.startswith(".")] == []
