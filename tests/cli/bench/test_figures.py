"""Each figure is taken of real work, small here: what it says of commits and round trips holds at any size."""

from collections.abc import Iterator

import pytest

from aliquot.cli.bench import dossier, find, ground, house, log, messages
from aliquot.cli.bench.house import House
from aliquot.terms.errors import Broken


def _silent(what: str, more: int) -> None:
    """Nobody is told."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def built(request: pytest.FixtureRequest) -> Iterator[House]:
    """A laboratory with a few tubes, on each engine."""
    with ground.laid(request.param, ground.plan) as laid, house.built(laid, 40, _silent) as made:
        yield made


def test_a_batch_of_messages_costs_a_fixed_number_of_commits(built: House) -> None:
    filed, bulk, _ = messages.measure(built, 5)
    assert filed.costs is not None
    assert filed.costs.commits["record"] == pytest.approx(1 / 5)
    assert filed.costs.trips <= 10 / 5
    assert filed.holds is not None
    assert bulk.holds is None


def test_a_dossier_is_opened_with_one_durable_commit_and_two_round_trips(built: House) -> None:
    commits, spent = dossier.measure(built, 3)
    assert commits.holds is True
    assert commits.costs is not None
    assert (commits.costs.commits, commits.costs.trips) == ({"custody": 1, "record": 0}, 2)
    assert spent.costs is not None
    assert spent.costs.custody_ms > 0


def test_nobody_measures_a_case_twice(built: House) -> None:
    first = built.take(1)
    assert built.take(1) != first
    with pytest.raises(Broken):
        built.take(10_000)


def test_patients_are_found_and_entries_are_appended() -> None:
    told: list[int] = []
    found, unlock = find.measure(300, lambda what, more: told.append(more))
    assert (sum(told), found.holds is not None, unlock.holds) == (300, True, None)
    single, batches = log.measure(20)
    assert (single.holds is not None, batches.holds is not None) == (True, True)
