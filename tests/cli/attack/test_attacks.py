"""Each attack, small: it is repelled. `make mutants` shows that it falls when its protection is taken away."""

from collections.abc import Iterator

import pytest

from aliquot.cli.attack import trial
from aliquot.cli.attack.controls import CONTROLS, Control
from aliquot.cli.attack.ground import Grounds
from aliquot.cli.attack.plan import QUICK

_BUILT = [control for control in CONTROLS if control.attack]


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    """Two laboratories on the embedded engine."""
    with Grounds("sqlite", QUICK, lambda _: None) as opened:
        yield opened


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Grounds]:
    """Two laboratories on PostgreSQL."""
    with Grounds("postgresql", QUICK, lambda _: None) as opened:
        yield opened


@pytest.mark.parametrize("control", _BUILT, ids=lambda control: f"{control.id}-{control.attack}")
def test_what_is_built_holds(grounds: Grounds, control: Control) -> None:
    (outcome,) = trial.hold([control], grounds, QUICK)
    assert outcome.outcome == "holds", outcome.measured


@pytest.mark.parametrize(
    "name", ["whole-base", "altered-records", "miscopied-results", "other-laboratory", "ordered-portion"]
)
def test_what_rests_on_the_record_database_holds_on_postgresql(postgresql: Grounds, name: str) -> None:
    (control,) = [one for one in CONTROLS if one.attack == name]
    (outcome,) = trial.hold([control], postgresql, QUICK)
    assert outcome.outcome == "holds", outcome.measured


def test_what_is_not_built_is_never_said_to_hold(grounds: Grounds) -> None:
    missing = [control for control in CONTROLS if not control.attack]
    assert {outcome.outcome for outcome in trial.hold(missing, grounds, QUICK)} == {"not-yet"}


def test_every_attack_belongs_to_a_control() -> None:
    assert sorted(trial.ATTACKS) == sorted(control.attack for control in _BUILT)
