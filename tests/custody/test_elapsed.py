"""Trusted time: what both clocks say has passed."""

from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.custody import elapsed, limits, store
from aliquot.terms.errors import Broken
from tests.custody.bureau import MONDAY, Bureau

HOUR = 60 * limits.MINUTE


@pytest.fixture
def bureau(tmp_path: Path) -> Bureau:
    return Bureau(tmp_path, patients=1)


def passed(bureau: Bureau) -> int:
    return elapsed.moment(bureau.turn()) - store.micros(MONDAY)


def test_a_quiet_night_counts_in_full(bureau: Bureau) -> None:
    bureau.wait(hours=12)
    assert passed(bureau) == 12 * HOUR


def test_a_wall_clock_set_forward_or_back_counts_for_nothing(bureau: Bureau) -> None:
    bureau.now += timedelta(days=5)
    assert passed(bureau) == 0
    bureau.now -= timedelta(days=9)
    assert passed(bureau) == 0
    bureau.wait(hours=1)
    assert passed(bureau) == HOUR


def test_a_steady_clock_alone_counts_for_nothing(bureau: Bureau) -> None:
    bureau.steady += 5 * limits.DAY
    assert passed(bureau) == 0


def test_over_restarts_of_the_machine_one_day_is_believed_until_it_is_earned_back(bureau: Bureau) -> None:
    for boot in (b"second", b"third", b"fourth"):
        bureau.now += timedelta(days=3)
        bureau.boot, bureau.steady = boot, 1
        assert passed(bureau) == limits.DAY
    bureau.wait(hours=6)
    bureau.turn()
    bureau.now += timedelta(days=3)
    bureau.boot, bureau.steady = b"fifth", 1
    assert passed(bureau) == limits.DAY + 12 * HOUR


def test_an_officer_confirms_the_wall_clock(bureau: Bureau) -> None:
    bureau.now += timedelta(days=5)
    turn = bureau.turn()
    before = elapsed.moment(turn)
    elapsed.confirm(turn)
    assert elapsed.moment(turn) == before + 5 * limits.DAY
    assert passed(bureau) == 5 * limits.DAY


def test_time_that_nobody_counted_is_not_guessed(bureau: Bureau) -> None:
    bureau.store.db.execute("DELETE FROM elapsed")
    with pytest.raises(Broken):
        elapsed.moment(store.Turn(bureau.store.db, bureau.now))
