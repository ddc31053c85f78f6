"""What comes off the belt has no gap and is in order, whichever portion was done first, and whatever fails."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aliquot.access.custodian import Line
from aliquot.legacy.belt import LANES, Belt
from aliquot.terms.errors import Refused

LINE = Line(Path("no connection is opened"), "work")


def alone(_: int) -> frozenset[object]:
    return frozenset()


def carried(do: Callable[[int], int], portions: range, about: Callable[[int], frozenset[object]] = alone) -> list[int]:
    with closing(Belt(do, LINE)) as belt, closing(belt.run(portions, about)) as came:
        return [done for _, done in came]


def test_portions_come_out_in_the_order_in_which_they_went_in() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number % 2 == 0 else 0)
        return number

    assert carried(slow_first, range(12)) == list(range(12))


def test_two_are_done_at_the_same_time() -> None:
    both = threading.Barrier(LANES)

    def do(number: int) -> int:
        both.wait(10)
        return number

    assert carried(do, range(2 * LANES)) == list(range(2 * LANES))


def test_portions_about_the_same_are_never_on_their_way_together() -> None:
    at_work: list[int] = []

    def do(number: int) -> int:
        at_work.append(number)
        time.sleep(0.005)
        assert at_work == [number]
        at_work.clear()
        return number

    assert carried(do, range(6), lambda _: frozenset({"one dossier"})) == list(range(6))


def test_what_fails_is_told_in_its_place_and_nothing_after_it_comes_out() -> None:
    def do(number: int) -> int:
        if number == 2:
            raise Refused("no")
        return number

    came: list[int] = []
    with closing(Belt(do, LINE)) as belt, pytest.raises(Refused), closing(belt.run(range(9), alone)) as coming:
        came.extend(done for _, done in coming)
    assert came == [0, 1]


def test_no_more_is_read_than_is_under_way() -> None:
    read: list[int] = []

    def portions() -> Iterator[int]:
        for number in range(100):
            read.append(number)
            yield number

    with closing(Belt[int, int](lambda number: number, LINE)) as belt, closing(belt.run(portions(), alone)) as came:
        next(came)
        assert len(read) == LANES + 2


def test_nothing_is_at_work_any_more_when_it_ends() -> None:
    done: list[int] = []

    def do(number: int) -> int:
        time.sleep(0.01)
        done.append(number)
        return number

    with closing(Belt(do, LINE)) as belt, closing(belt.run(range(50), alone)) as came:
        next(came)
    after = len(done)
    time.sleep(0.05)
    assert len(done) == after <= LANES + 2
