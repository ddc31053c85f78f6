"""A person reads the bundle before it is sent, and nobody else reads the file."""

import json
import stat
from pathlib import Path

from aliquot.cli.exits import Exit
from tests.cli import terminal
from tests.world import World


def test_it_is_written_for_its_owner_only_and_shown(small_lab: World, tmp_path: Path) -> None:
    log, file = tmp_path / "log", tmp_path / "bundle.json"
    log.write_text('{"at":"2026-11-23T09:30:00Z","event":"serving","process":"work"}\nDupont\n')
    home = ("--home", str(small_lab.home))
    written = terminal.run("support", *home, "--events", str(log), "--to", str(file))
    assert (written.status, written.out) == (Exit.DONE, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    both = terminal.run("support", *home, "--events", str(log), "--to", str(file), "--show")
    assert both.out == file.read_text()
    told = json.loads(both.out)
    assert [seen["event"] for seen, _ in told["events"]] == ["serving"]
    assert "Dupont" not in both.out + both.err
    shown = terminal.run("support", *home)
    assert json.loads(shown.out)["events"] == []


def test_files_that_are_not_there_are_refused_without_their_names(small_lab: World, tmp_path: Path) -> None:
    for words in (("--events", str(tmp_path / "Dupont")), ("--to", str(tmp_path / "no" / "Dupont"))):
        said = terminal.run("support", "--home", str(small_lab.home), *words)
        assert said.status == Exit.FOUND
        assert "Dupont" not in said.out + said.err
