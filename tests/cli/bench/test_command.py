"""`aliquot bench` says what it cannot measure, and prints what it measured."""

import pytest

from aliquot.cli import main
from aliquot.cli.bench import table
from aliquot.cli.bench.measured import Costs, Figure
from aliquot.cli.exits import Exit


def test_a_figure_that_does_not_exist_is_refused_before_anything_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["bench", "speed"]) == Exit.FOUND
    assert "messages, line, dossier, find, log, page" in capsys.readouterr().err


def test_the_table_says_what_falls_short(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    costs = Costs({"custody": 1.0, "record": 0.0}, 2.0, 0.5, 0.25)
    table.show([Figure("one", "3 ms", "1 ms", "3x", "at most 2x", False, costs)], "sqlite")
    said = " ".join(capsys.readouterr().out.split())
    assert "NO" in said
    assert "round trips: 2" in said
