"""`aliquot attack` at the terminal."""

import json

import pytest

from aliquot.cli import main
from aliquot.cli.exits import Exit


def test_the_table_for_a_machine_names_control_attack_wanted_measured_and_outcome(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main.main(["attack", "--quick", "--json", "F1", "K3"])
    said = capsys.readouterr()
    built, missing = json.loads(said.out)
    assert [line.split()[:2] for line in said.err.splitlines() if line[:2] in {"F1", "K3"}] == [
        ["F1", "holds"],
        ["K3", "not-yet"],
    ]
    assert list(built) == ["control", "attack", "wanted", "measured", "outcome"]
    assert (built["control"], built["outcome"], built["measured"]) == ("F1", "holds", "60 of 60 detected")
    assert (missing["control"], missing["outcome"], missing["measured"]) == ("K3", "not-yet", "")
    assert status == Exit.DONE


def test_a_control_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["attack", "Z9"]) == Exit.USAGE
    assert "Z9" in capsys.readouterr().err
