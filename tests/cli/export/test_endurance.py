"""Sealing is killed again and again at random moments: what is there is whole, and in the end everything is, once.

Slow, and with a word of its own: `make endure`.
"""

import os
import subprocess
import time
from pathlib import Path
from random import Random

import pytest

from aliquot.cli.scratch import World
from aliquot.vault import carrying
from tests.cli import terminal
from tests.custody import departing
from tests.disclosure import leaving, rebuild
from tests.lab import desk, office

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
_KILLS = int(os.environ.get("ALIQUOT_KILLS", "100"))
_SEED = int(os.environ.get("ALIQUOT_SEED", "1"))
_PATIENTS = 230
_LONGEST_S = 12.0


def test_killed_at_any_moment_sealing_goes_on_and_nothing_is_there_twice(small_lab: World, tmp_path: Path) -> None:
    desk.publish(small_lab, office.CATALOGUE)
    reception = desk.desk(small_lab, "secretary@nord")
    for _ in range(_PATIENTS):
        reception.place(reception.register(), desk.wanted("NA"))
    gone = leaving.leaving(small_lab, tmp_path / "bundle", departing.KINDS)
    key = small_lab.home / "exporter" / "porter.key"
    key.parent.mkdir(mode=0o700)
    key.write_bytes(departing.KEYS["porter"])
    key.chmod(0o600)
    words = ("export", "seal", gone.leave.mandate.hex(), str(gone.folder), "--home", str(small_lab.home))
    chance, killed, whole = Random(_SEED), 0, 0.0
    for _ in range(_KILLS):
        sealing = subprocess.Popen(
            [*terminal.PROGRAM, *words],
            env=terminal.clean_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        began = time.monotonic()
        try:
            sealing.wait(chance.uniform(0.2, whole or _LONGEST_S))
            whole = time.monotonic() - began
        except subprocess.TimeoutExpired:
            sealing.kill()
            sealing.wait()
            killed += 1
        if (gone.folder / carrying.HEADER).exists():
            carrying.finished(gone.folder)
        if (gone.folder / carrying.MANIFEST).exists() and chance.random() < 0.5:
            anew(gone.folder, small_lab.home)
    assert terminal.run(*words).status == 0
    found = rebuild.rebuilt(gone.folder, gone.to.staging.reveal())
    print(f"killed {killed} of {_KILLS} times")
    assert len({key[0] for key in found.records}) == found.manifest["counts"]["patients"] == _PATIENTS


def anew(folder: Path, home: Path) -> None:
    """What was sealed is gone, so that there is something to kill again."""
    for path in folder.iterdir():
        path.unlink()
    for path in (home / "exports").rglob("counts.json"):
        path.unlink()
