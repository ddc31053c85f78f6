"""The load in a process of its own: once, resumable, paused by a signal, and killed at any moment."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from aliquot.access import settlement
from aliquot.cli.exits import Exit
from aliquot.legacy.fates import Bin, Sums
from tests.cli import terminal
from tests.cli.legacy import laboratory
from tests.cli.legacy.conftest import Ground
from tests.cli.legacy.laboratory import Laboratory
from tests.legacy.move import Old
from tests.legacy.old import person, result
from tests.world import Templates

PEOPLE, DOSSIERS, TESTS = 120, 5, ("NAT", "GLY", "NAT")
KILLS = 5
ALL = {
    "DEMOGRAPHY": PEOPLE,
    "REQUISITION": PEOPLE * DOSSIERS,
    "OBSERVATION": PEOPLE * DOSSIERS * len(TESTS),
    "IMPORT": PEOPLE * DOSSIERS,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def large(request: pytest.FixtureRequest, ground: Ground, templates: Templates, tmp_path: Path) -> Iterator[Laboratory]:
    """A laboratory of some hundred people, each born on a day of their own, with the loading opened."""
    folder = tmp_path / "old"
    folder.mkdir()
    people, results = [], []
    for number in range(PEOPLE):
        born = f"{number % 28 + 1:02d}/{number // 28 + 1:02d}/19{50 + number % 40}"
        people.append(person(f"{number}", NOM=f"NOM{chr(65 + number % 26)}{chr(65 + number // 26)}", NAI=born))
        for dossier in range(DOSSIERS):
            for at, code in enumerate(TESTS):
                said = {"COD": code, "UNI": "g/l" if code == "GLY" else "mmol/l", "VAL": f"{at + 1},{number}"}
                results.append(result(f"{number}", f"{number}-{dossier}", HEURE=f"08{at:02d}", **said))
    source = Old(folder, people, results)
    with laboratory.opened(ground, templates, request.param, tmp_path) as world:
        yield laboratory.moved(world, source).opened()


def loading(lab: Laboratory) -> subprocess.Popen[str]:
    """`aliquot legacy load`, begun."""
    return subprocess.Popen(
        [*terminal.PROGRAM, "legacy", "load", lab.map, lab.source, "--home", str(lab.lab.home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        env=terminal.clean_environment(),
    )


def wait(process: subprocess.Popen[str], lab: Laboratory) -> None:
    """Until it has settled something, or has ended."""
    terminal.until(lambda: (lab.folder / "progress.json").exists() or process.poll() is not None)


def imported(told: dict[str, object]) -> dict[str, int]:
    """How many rows of each table came over; nothing, if any row did not."""
    sums = msgspec.convert(told["sums"], Sums)
    return {one.table: one.rows for one in sums.counted} if {one.bin for one in sums.counted} == {Bin.IMPORTED} else {}


def settle(lab: Laboratory) -> None:
    """What the worker does of itself a minute later."""
    for _ in settlement.settle(lab.lab.worker(), 0):
        pass


def test_from_the_profile_to_the_last_row(lab: Laboratory) -> None:
    lab.opened()
    said = lab.word("load", lab.map, lab.source)
    assert said.status == 0, said.err
    assert lab.kept() == {"DEMOGRAPHY": 2, "REQUISITION": 2, "OBSERVATION": 3, "IMPORT": 2}


def test_killed_at_any_moment_and_begun_again_it_comes_to_the_same(large: Laboratory) -> None:
    for _ in range(KILLS):
        process = loading(large)
        # The program takes a second or so to begin, and three to come to the end.
        time.sleep(random.uniform(0.8, 3.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = loading(large)
    while last.poll() is None:
        time.sleep(1)
        settle(large)
    assert last.returncode == 0
    assert large.kept() == ALL
    assert imported(large.told("load", large.map, large.source)) == {"P": ALL["DEMOGRAPHY"], "R": ALL["OBSERVATION"]}
    assert large.kept() == ALL


@pytest.mark.parametrize("large", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_in_hand_and_the_same_command_goes_on(
    large: Laboratory, number: signal.Signals
) -> None:
    process = loading(large)
    wait(process, large)
    process.send_signal(number)
    assert process.wait(30) == Exit.PAUSED
    assert (large.folder / "progress.json").exists()
    assert large.move.row("SELECT count(*) FROM act WHERE state = 'prepared'") == (0,)
    assert large.word("load", large.map, large.source).status == Exit.DONE
    assert large.kept() == ALL
    assert not (large.folder / "progress.json").exists()
