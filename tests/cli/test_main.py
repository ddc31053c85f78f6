"""The command line teaches, says what its statuses mean, and imports nothing that it does not need."""

import importlib
import os
import subprocess
import sys

import pytest

from aliquot.cli import exits, main
from aliquot.cli.exits import Exit
from tests.cli import terminal

COMMANDS = ("init", "serve", "custody", "web", "listen", "work", "catalogue", "people", "ledger", "doctor")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_teaches_and_lists_the_exit_statuses(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main([command, "--help"])
    told = capsys.readouterr().out
    assert ended.value.code == Exit.DONE
    assert f"usage: aliquot {command}" in told
    assert exits.epilog() in told
    assert importlib.import_module(f"aliquot.cli.{command}").__doc__ is not None
    assert len(told) > len(exits.epilog()) + 300


def test_the_help_of_the_program_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["--help"])
    told = capsys.readouterr().out
    assert ended.value.code == Exit.DONE
    assert [command for command in COMMANDS if f"\n  {command} " not in told] == []
    assert exits.epilog() in told


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_import_neither_django_nor_cryptography(argument: str) -> None:
    program = (
        "import sys\nfrom aliquot.cli import main\n"
        f"try:\n main.main([{argument!r}])\nexcept SystemExit:\n pass\n"
        "print('IMPORTED', sorted({'django', 'cryptography', 'rich', 'msgspec'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "IMPORTED []"


def test_an_unknown_command_is_named_with_what_there_is() -> None:
    said = terminal.run("frobnicate")
    assert said.status == Exit.USAGE
    assert "doctor" in said.err


def test_no_command_at_all_shows_the_help() -> None:
    said = terminal.run()
    assert said.status == Exit.USAGE
    assert "aliquot init" in said.out


@pytest.mark.parametrize("command", ["serve", "custody", "web", "listen", "work", "ledger verify"])
def test_a_folder_without_an_installation_is_said_to_be_one(command: str) -> None:
    name, *rest = command.split()
    said = terminal.run(name, "--home", "/nonexistent", *rest)
    assert said.status == Exit.UNFIT
    assert "aliquot init" in said.err


def test_what_nobody_foresaw_is_told_by_type_and_place_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["legacy", "parts", "a\0CANARY"]) == Exit.BROKEN
    told = capsys.readouterr().err
    assert '"error":"ValueError"' in told
    assert "CANARY" not in told


def test_a_reader_that_goes_away_ends_a_command_without_a_complaint() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    said = subprocess.run(
        [*terminal.PROGRAM, "legacy", "mandate", "--exit"],
        stdout=writes,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writes)
    assert (said.returncode, said.stderr) == (Exit.INTERRUPTED, "")
