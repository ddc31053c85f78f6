"""A move whose every step is killed again and again at random moments, typed again, and looked at."""

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from aliquot.access import settlement
from aliquot.custody.steps import State, Step
from aliquot.legacy import staged
from tests.cli import terminal
from tests.cli.legacy import test_ending
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.cli.legacy.site import Site
from tests.legacy import left
from tests.legacy.move import Old
from tests.legacy.old import person, result

STEPS = ("profile", "rehearse", "carry", "load", "finish", "reconcile", "back", "close", "sweep")
PEOPLE, DOSSIERS, TESTS = 40, 4, 3
RESULTS = PEOPLE * DOSSIERS * TESTS
_FIRST_S, _LONGEST_S, _LATER = 0.3, 2.0, 1.1
"""Before the first nothing of ours is loaded. Whoever was killed may be killed later the next time, until one ends."""
_TRIES = 4
_PATIENCE_S = 200

Begin = Callable[[], "subprocess.Popen[str]"]


class Table:
    """By step: how many were killed, how many ended before they could be."""

    def __init__(self) -> None:
        self.ends: dict[str, Counter[str]] = {step: Counter() for step in STEPS}

    def __str__(self) -> str:
        lines = [f"{'step':<12}{'killed':>8}{'ended':>8}{'then':>8}"]
        lines += [
            f"{step:<12}{ends['killed']:>8}{ends['ended']:>8}{ends['done']:>8}" for step, ends in self.ends.items()
        ]
        return "\n".join(lines)


@dataclass
class Endurance:
    """One move. `kills` are of each step; the same seed kills at the same moments."""

    lab: Laboratory
    site: Site
    temporary: Path
    kills: int
    rng: random.Random
    table: Table
    longest: dict[str, float] = field(default_factory=dict)

    def through(self) -> None:
        """From the profile to the sweep, each step killed, typed again and finished."""
        lab = self.lab
        self.step("carry", self.site.begin)
        source = str(shutil.copytree(self.site.to, lab.lab.home / "incoming"))
        self.word("profile", lab.mandate, source)
        lab.sign("map", lab.draw())
        self.word("rehearse", lab.map, source)
        lab.sign("load", rests=str(lab.told("rehearse", lab.map, source)["digest"]))
        self.word("load", lab.map, source)
        assert self.kept() == {"DEMOGRAPHY": PEOPLE, "REQUISITION": PEOPLE * DOSSIERS, "OBSERVATION": RESULTS}
        self.word("finish", lab.mandate)
        assert lab.move.state() is State.LOADED
        self.word("reconcile", lab.map, source)
        found = lab.told("reconcile", lab.map, source)
        assert found["agrees"], found
        test_ending.signed(lab, Step.RECONCILE, str(found["digest"]), lab.move.in_force(Step.FINISH).hex())
        self.word("back", lab.mandate, source)
        test_ending.signed(lab, Step.CUT_OVER, rests=str(found["digest"]))
        self.word("close", lab.mandate)
        made = lab.told("close", lab.mandate)
        test_ending.signed(lab, Step.CLOSE, str(made["certificate"]), str(found["digest"]))
        assert lab.move.state() is State.CLOSED
        self._sweep()

    def word(self, name: str, *arguments: str) -> None:
        """A word of `aliquot legacy`, killed and then finished."""
        self.step(name, lambda: self._begun(name, *arguments))

    def step(self, name: str, begin: Begin) -> None:
        """Kill a step at random moments, and then let it come to its end."""
        ends = self.table.ends[name]
        wanted = ends["killed"] + self.kills
        for _ in range(_TRIES * self.kills):
            self._kill(name, begin)
            self.look()
            if ends["killed"] == wanted:
                break
        self._finish(name, begin)
        self.look()
        print(f"{name:<12}{ends['killed']:>8}{ends['ended']:>8}{ends['done']:>8}", flush=True)

    def _kill(self, name: str, begin: Begin) -> None:
        longest = self.longest.get(name, _LONGEST_S)
        moment = self.rng.uniform(min(_FIRST_S, longest / 3), longest)
        began = time.monotonic()
        with _ended(begin()) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(moment)
            took = time.monotonic() - began
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
                self.table.ends[name]["killed"] += 1
                self.longest[name] = longest * _LATER
                self._settle()
            else:
                assert process.returncode == 0, _said(process)
                self.longest[name] = took
                self.table.ends[name]["ended"] += 1
        self.lab.lab.clock.pass_(timedelta(seconds=took))

    def _finish(self, name: str, begin: Begin) -> None:
        with _ended(begin()) as process:
            out, err = process.communicate(timeout=_PATIENCE_S)
            assert process.returncode == 0, f"{process.returncode}: {out[-500:]} {err[-1500:]}"
        self.table.ends[name]["done"] += 1

    def _settle(self) -> None:
        """What the worker does of itself a minute later. Nobody is at work: else it would settle what is being done."""
        for _ in settlement.settle(self.lab.lab.worker(), 0):
            pass

    def _sweep(self) -> None:
        """What an ended migration has left is swept, killed or not; what is on its way to others stays."""
        home, mandate = self.lab.lab.home, self.lab.mandate

        def planted() -> subprocess.Popen[str]:
            late = home / "late" / f"{self.table.ends['sweep'].total()}"
            left.bundle(late, mandate, parts=40)
            (home / staged.FOLDER / mandate / "profile.json").write_text("{}")
            return _popen((sys.executable, "-m", "tests.cli.legacy.sweeper", str(home)), self.temporary)

        self.step("sweep", planted)
        # An empty folder may stay, if it was killed before it could take that away, too.
        assert [file for folder in ("late", "incoming") for file in (home / folder).rglob("*") if file.is_file()] == []

    def kept(self) -> dict[str, int]:
        """What stands in the record: each resource once."""
        kept = self.lab.kept()
        assert kept.pop("IMPORT") == kept["REQUISITION"]
        return kept

    def look(self) -> None:
        """Nothing readable is anywhere: not in the installation, not at the site, not among temporary files."""
        # In a process of its own: closing a file lets go of every lock of SQLite that this process has on it.
        folders = map(str, (self.lab.lab.home, self.site.folder, self.temporary))
        found = subprocess.run(["grep", "-rlaF", CANARY, *folders], capture_output=True, text=True, check=False)
        assert found.stdout == ""

    def _begun(self, *words: str) -> "subprocess.Popen[str]":
        command = (*terminal.PROGRAM, "legacy", *words, "--home", str(self.lab.lab.home))
        return _popen(command, self.temporary)


def old(folder: Path) -> Old:
    """A small old system, every cell that says something of somebody a canary."""
    folder.mkdir()
    people, results = [], []
    for number in range(PEOPLE):
        born = f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/19{50 + number}"
        said = {"NOM": f"{CANARY}{chr(65 + number % 26)}{chr(65 + number // 26)}", "ADR1": f"{CANARY}ADR", "NAI": born}
        people.append(person(f"77{number:05d}", **said))
        for dossier in range(DOSSIERS):
            for at in range(TESTS):
                words = {"HEURE": f"08{at:02d}", "VAL": f"14{at},{number}", "COM": f"{CANARY}RES"}
                results.append(result(f"77{number:05d}", f"88{number:03d}{dossier}", **words))
    return Old(folder, people, results)


def _popen(command: tuple[str, ...], temporary: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=terminal.clean_environment(TMPDIR=str(temporary)),
    )


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _said(process: "subprocess.Popen[str]") -> str:
    out, err = process.communicate()
    return f"{process.returncode}: {out[-500:]} {err[-1500:]}"
