"""Doctor names what a move left, and what it says to type deletes that and nothing else."""

import subprocess
from pathlib import Path

import pytest

from aliquot.cli import leftovers
from aliquot.cli.ailments import Check
from aliquot.custody.steps import State
from aliquot.legacy import staged
from tests.custody import moving
from tests.custody.moving import Move
from tests.legacy import left
from tests.legacy.left import KEPT, OTHER
from tests.world import World


@pytest.fixture
def migration(small_lab: World) -> Move:
    return moving.declared(small_lab)


def said(lab: World) -> list[Check]:
    return list(leftovers.staged(lab.home, lab.installation))


def test_what_a_living_migration_has_staged_is_in_order(small_lab: World, migration: Move) -> None:
    left.bundle(small_lab.home / "incoming", migration.mandate.hex())
    (check,) = said(small_lab)
    assert (check.state, check.words) == ("ok", "nothing is staged here that no living migration explains")


def test_what_is_over_is_named_with_its_folder_and_mandate(small_lab: World, migration: Move) -> None:
    folder = left.bundle(small_lab.home / "incoming", migration.mandate.hex())
    migration.step("abort")
    (check,) = said(small_lab)
    assert check.state == "warning"
    assert check.words == f"{folder} holds 6 staged file(s) of migration {migration.mandate.hex()}, which is aborted"
    assert "the worker deletes them at its start" in check.remedy


def test_what_nobody_here_knows_is_named(small_lab: World) -> None:
    left.bundle(small_lab.home / "passing", OTHER)
    (left.bundle(small_lab.home / "nameless") / "header.json").unlink()
    nameless, passing = sorted(said(small_lab), key=lambda check: check.words)
    assert (nameless.state, passing.state) == ("warning", "warning")
    assert nameless.words.endswith("and says not for whom")
    assert passing.words.endswith(f"for mandate {OTHER}, which is not of this installation")


def test_without_a_custodian_nothing_is_said_twice(small_lab: World) -> None:
    small_lab.hang_up()
    small_lab.custodian.stop()
    left.bundle(small_lab.home / "passing", OTHER)
    assert said(small_lab) == []
    small_lab.custodian.start()


def test_what_it_says_to_type_deletes_these_files_and_no_others(tmp_path: Path) -> None:
    home = tmp_path / "it's a home"
    left.bundle(home / "incoming")
    (home / "incoming" / "notes.txt").write_text("mine")
    folder = left.words(home)
    (folder / "deep").mkdir()
    (folder / "deep" / "export.csv").write_text("forgotten")
    for one in staged.found(home):
        _, _, typed = leftovers.judged(one, State.LAPSED).remedy.partition("if they stay: ")
        subprocess.run(["sh", "-c", typed], check=True)
    own = f"migrations/{left.MANDATE}"
    assert left.names(home) == {"incoming/notes.txt", *(f"{own}/{name}" for name in KEPT)}
