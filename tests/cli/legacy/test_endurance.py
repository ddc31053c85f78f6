"""Every step of a move killed at random moments: nothing is doubled, nothing is lost, nothing readable is left.

`make endure` kills each step a hundred times; ALIQUOT_SEED says at which moments, ALIQUOT_KILLS how often.
"""

import json
import os
import random
from pathlib import Path

import pytest

from aliquot.vault import mandate
from tests.cli import terminal
from tests.cli.legacy import endurance, laboratory
from tests.cli.legacy.conftest import Ground
from tests.cli.legacy.endurance import STEPS, Endurance, Table
from tests.cli.legacy.site import PASSPHRASE, Site
from tests.world import Templates

AT_ONCE = 25
"""Kills of each step in one move: then another begins, so that each step is killed before it was ever taken, too."""


def test_each_step_is_killed_once_and_comes_to_its_end(ground: Ground, templates: Templates, tmp_path: Path) -> None:
    table = Table()
    endure(ground, templates, tmp_path, random.Random(4), table, kills=1)
    assert [table.ends[step]["done"] for step in STEPS] == [1] * len(STEPS)


@pytest.mark.slow
@pytest.mark.timeout(36_000)
def test_each_step_is_killed_a_hundred_times(ground: Ground, templates: Templates, tmp_path: Path) -> None:
    kills = int(os.environ.get("ALIQUOT_KILLS", "100"))
    rng, table = random.Random(int(os.environ.get("ALIQUOT_SEED", "1"))), Table()
    for number in range(0, kills, AT_ONCE):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        endure(ground, templates, folder, rng, table, kills=min(AT_ONCE, kills - number))
        print(table, flush=True)
    assert all(table.ends[step]["killed"] >= kills for step in STEPS)


def endure(ground: Ground, templates: Templates, folder: Path, rng: random.Random, table: Table, *, kills: int) -> None:
    """One move from the carrying to the sweep."""
    (folder / "site").mkdir()
    (folder / "temporary").mkdir()
    source = endurance.old(folder / "old")
    said = terminal.run("legacy", "sender", str(folder / "site" / "site.sender"), "--json", passphrase=PASSPHRASE)
    with laboratory.opened(ground, templates, "sqlite", folder) as world:
        lab = laboratory.moved(world, source, json.loads(said.out)["fingerprint"])
        document = folder / "site" / "mandate.aqm"
        assert lab.word("show", lab.mandate, "--document", str(document)).status == 0
        site = Site(source, folder / "site", mandate.key_of(document.read_bytes()).hex())
        Endurance(lab, site, folder / "temporary", kills, rng, table).through()
