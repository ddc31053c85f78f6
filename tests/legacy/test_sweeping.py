"""A migration that nobody closed: after 73 hours nothing of it can be read, and after the sweep nothing is there."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.access import migrating
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.custody.steps import OVER, State
from aliquot.legacy import staged, sweeping
from aliquot.legacy.sweeping import Sweep
from aliquot.terms.events import StagingSwept
from aliquot.vault import bundle as bundles
from aliquot.vault import carrying
from tests.custody import moving
from tests.custody.moving import ROAD, Move
from tests.legacy import left, test_carrying
from tests.legacy.left import KEPT, OTHER
from tests.legacy.move import SCOPED, Old
from tests.legacy.old import person, result


@pytest.fixture
def source(tmp_path: Path) -> Old:
    (tmp_path / "old").mkdir()
    return Old(tmp_path / "old", [person()], [result()])


@pytest.fixture
def migration(small_lab: World, source: Old) -> Move:
    """A migration that has a bundle and a folder here, both in the installation."""
    sender = bundles.fingerprint(test_carrying.SENDER.public())
    migration = moving.declared(small_lab, scope=SCOPED, sender=sender)
    test_carrying.sealed(migration, source, small_lab.home / "incoming")
    left.words(small_lab.home, migration.mandate.hex())
    return migration


def refusal(migration: Move) -> str:
    """The code with which the loader is refused the first part of the bundle, or nothing."""
    folder = migration.lab.home / "incoming"
    part = carrying.located(carrying.path_of(folder, 1))
    try:
        with migration.run() as grant:
            header = (folder / carrying.HEADER).read_bytes()
            migrating.open_part(grant, header, part.head, part.trailer)
    except Denial as denial:
        return denial.code
    return ""


def swept(migration: Move) -> tuple[StagingSwept, ...]:
    line = migration.lab.worker()
    return Sweep(migration.lab.home).step(line)


@pytest.mark.parametrize("last", ["", *ROAD[:-1]])
def test_abandoned_at_any_step_nothing_can_be_read_after_73_hours_and_nothing_is_there_after_the_sweep(
    migration: Move, last: str
) -> None:
    if last:
        migration.until(last)
    lab = migration.lab
    files = len(left.names(lab.home / "incoming")) + 3
    refused = {"reconcile": "migration-state", "way-back": "migration-state", "cut-over": "service"}
    assert refusal(migration) == refused.get(last, "")
    assert swept(migration) == ()
    migration.let_pass(hours=73)
    assert refusal(migration) == ("service" if last == "cut-over" else "mandate")
    (event,) = swept(migration)
    assert event == StagingSwept(migration.mandate.hex(), files, 0)
    assert not (lab.home / "incoming").exists()
    folder = lab.home / "migrations" / migration.mandate.hex()
    assert left.names(folder) == {*KEPT, staged.LISTED}
    assert (folder / staged.LISTED).read_text().count('"sha256"') == files
    assert swept(migration) == ()


@pytest.mark.parametrize("end", ["close", "abort"])
def test_what_is_carried_in_after_the_end_is_swept(migration: Move, source: Old, end: str) -> None:
    if end == "close":
        migration.until("close")
    else:
        migration.step("abort")
    assert migration.state() in OVER
    (event,) = swept(migration)
    assert (event.mandate, event.left) == (migration.mandate.hex(), 0)
    assert not (migration.lab.home / "incoming").exists()


def test_time_that_has_run_out_counts_before_anybody_wrote_it_and_a_clock_set_forward_does_not(
    migration: Move,
) -> None:
    line, lab = migration.lab.worker(), migration.lab
    lab.clock.jump(timedelta(hours=73))
    assert migrating.standing(line, migration.mandate) is State.DECLARED
    lab.clock.jump(-timedelta(hours=73))
    assert migrating.standing(line, migration.mandate) is State.DECLARED
    lab.clock.pass_(timedelta(hours=73))
    assert migrating.standing(line, migration.mandate) is State.LAPSED
    assert migration.state() is State.DECLARED


def test_a_bundle_for_somebody_else_stays_and_so_does_one_that_names_nobody(migration: Move) -> None:
    home = migration.lab.home
    left.bundle(home / "passing", OTHER)
    left.bundle(home / "nameless")
    (home / "nameless" / "header.json").unlink()
    migration.step("abort")
    assert len(swept(migration)) == 1
    assert (home / "passing" / "000001.part").exists()
    assert (home / "nameless" / "000001.part").exists()
    line = migration.lab.worker()
    assert {one.folder.name: state for one, state in sweeping.fates(line, home)} == {"passing": None, "nameless": None}


def test_where_no_list_can_be_kept_it_is_swept_all_the_same(migration: Move) -> None:
    home, mandate = migration.lab.home, migration.mandate.hex()
    (home / "migrations" / mandate / staged.LISTED).write_text("[")
    migration.step("abort")
    (event,) = swept(migration)
    assert event.left == 0
    assert not (home / "incoming").exists()


def test_an_odd_list_a_pipe_and_a_huge_header_hold_nothing_up(migration: Move) -> None:
    home, words = migration.lab.home, migration.lab.home / "migrations" / migration.mandate.hex()
    (words / staged.LISTED).write_bytes(b'{"files":[{"name":"\xff"}]}')
    (home / "pipe").mkdir()
    os.mkfifo(home / "pipe" / "header.json")
    os.mkfifo(home / "incoming" / "000007.part")
    (home / "huge").mkdir()
    with (home / "huge" / "header.json").open("wb") as file:
        file.truncate(10 * 2**30)
    migration.let_pass(hours=73)
    (one,) = swept(migration)
    assert one.left == 0
    assert not (home / "incoming").exists()


def test_the_worker_sweeps_at_its_start_and_not_again_within_the_hour(migration: Move) -> None:
    migration.step("abort")
    sweep, line = Sweep(migration.lab.home), migration.lab.worker()
    assert len(sweep.step(line)) == 1
    left.bundle(migration.lab.home / "again", migration.mandate.hex())
    assert sweep.step(line) == ()
    assert len(Sweep(migration.lab.home).step(line)) == 1
