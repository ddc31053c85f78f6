"""The figures of a move are taken of real steps, small here: what they count is what came in."""

import os
import time

import pytest

from aliquot.cli.attack import plan
from aliquot.cli.bench import apart, ground, legacy
from aliquot.cli.bench.measured import Figure
from aliquot.cli.bench.moving import Size
from aliquot.terms.errors import Broken

_STEPS = ("profile", "rehearse", "carry", "load", "reconcile")


@pytest.fixture(params=["sqlite", "postgresql"])
def figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """A laboratory of a few people moves in, on each engine, in portions so small that lanes take turns."""
    with ground.laid(request.param, plan.of) as laid:
        from aliquot.cli.bench import bulk
        from aliquot.legacy import loading

        monkeypatch.setattr(loading, "RESULTS_AT_ONCE", 4)
        monkeypatch.setattr(bulk, "_AT_ONCE", 7)
        return legacy.measure(laid, Size(16, 6.0), lambda what, more: None)


def test_each_step_has_its_floor_beside_it_and_its_memory_at_two_sizes(figures: list[Figure]) -> None:
    names = [figure.name.split()[0] for figure in figures if figure.aim.startswith("at ")]
    assert names[: len(_STEPS) + 1] == ["profile", "rehearse", "load", "carry", "of", "reconcile"]
    assert [figure.name for figure in figures[-6:]] == [
        *(f"memory of {step}" for step in _STEPS),
        "memory of custody meanwhile",
    ]
    assert all(figure.holds is not None for figure in figures[-6:])
    loaded = next(figure for figure in figures if figure.name.startswith("load"))
    compared = next(figure for figure in figures if figure.name.startswith("reconcile"))
    assert loaded.name.split()[-2:] == compared.name.split()[-2:] != ["0", "results"]


def test_what_is_done_apart_is_measured_there_and_what_fails_there_is_told_here(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def busy() -> dict[str, float]:
        over = time.process_time() + 0.05
        while time.process_time() < over:
            pass
        return {"process": os.getpid(), "held": len(b"x" * 50_000_000)}

    ran = apart.ran(busy)
    assert ran.said["process"] != os.getpid()
    assert ran.processor >= 0.05
    assert ran.memory >= 50_000_000
    with pytest.raises(Broken):
        apart.ran(lambda: {"never": 1 / 0})
    assert "ZeroDivisionError" in capfd.readouterr().err
