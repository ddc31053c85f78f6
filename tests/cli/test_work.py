"""The worker goes on: a session that has come to its end is followed by another, and a refusal is said and no end."""

import json
from dataclasses import dataclass
from datetime import timedelta

import pytest

from aliquot.cli import work
from aliquot.cli.signals import Stop
from tests.custody import moving
from tests.legacy import left
from tests.world import World


@dataclass
class Rounds(Stop):
    """Stops after a number of rounds with nothing to do; a night passes in each pause."""

    lab: World
    left: int
    told: bool = False

    def rest(self, seconds: float) -> None:
        """Half a day, instead of seconds."""
        self.lab.clock.pass_(timedelta(hours=13))
        self.left -= 1
        self.told = self.left == 0


def test_a_worker_whose_session_has_ended_opens_another(small_lab: World, capsys: pytest.CaptureFixture[str]) -> None:
    work.work(small_lab.installation, small_lab.home, Rounds(small_lab, 3))
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["serving", "failed"]
    assert events[1]["error"] == "Denial"


def test_a_worker_deletes_at_its_start_what_a_move_that_is_over_left(
    small_lab: World, capsys: pytest.CaptureFixture[str]
) -> None:
    migration = moving.declared(small_lab)
    left.bundle(small_lab.home / "incoming", migration.mandate.hex())
    migration.step("abort")
    capsys.readouterr()
    work.work(small_lab.installation, small_lab.home, Rounds(small_lab, 1))
    swept = [json.loads(line) for line in capsys.readouterr().err.splitlines()][1:]
    assert [(event["event"], event["mandate"], event["files"], event["left"]) for event in swept] == [
        ("staging-swept", migration.mandate.hex(), 6, 0)
    ]
    assert not (small_lab.home / "incoming").exists()
