"""Counts of what is too much to keep."""

import random

from aliquot.legacy.sketches import Distinct, Spread


def test_distinct_cells_are_exact_up_to_the_bound_and_near_beyond_it() -> None:
    few, many = Distinct(), Distinct()
    few.add([f"D{number}" for number in range(10_000)])
    for start in range(0, 400_000, 4000):
        many.add([f"D{number}" for number in range(start, start + 4000)])
    assert (few.count(), few.exact, few.repeated) == (10_000, True, False)
    assert not many.exact
    assert len(many.sample) <= Distinct.BOUND
    assert abs(many.count() - 400_000) < 400_000 * 0.03


def test_a_cell_that_comes_again_is_seen() -> None:
    column = Distinct()
    column.add(["a", "b"])
    column.add(["b", "c"])
    assert column.repeated
    assert column.count() == 3


def test_orphans_are_found_in_exact_columns_and_in_samples() -> None:
    keys, exact, sampled = Distinct(), Distinct(), Distinct()
    for start in range(0, 100_000, 4000):
        keys.add([f"{number}" for number in range(start, start + 4000)])
        sampled.add([f"{number}" for number in range(start + 50_000, start + 54_000)])
    exact.add([f"{number}" for number in range(99_000, 101_000)])
    lost, seen = sampled.orphans(keys)
    assert abs(lost / seen - 0.5) < 0.05
    lost, seen = exact.orphans(keys)
    assert abs(lost / seen - 0.5) < 0.1


def test_the_middle_and_the_tails_of_many_numbers_are_near() -> None:
    chance = random.Random(5)
    spread = Spread()
    for _ in range(50_000):
        spread.add(chance.gauss(140, 10), 1)
    assert spread.count == 50_000
    assert abs(spread.at(0.5) - 140) < 1.5
    assert abs(spread.at(0.05) - 123.6) < 2.5
    assert abs(spread.at(0.95) - 156.4) < 2.5


def test_a_number_that_occurs_often_weighs_as_often() -> None:
    spread = Spread()
    spread.add(1.0, 900)
    spread.add(100.0, 100)
    assert (spread.least, spread.most, spread.at(0.5), spread.at(0.95)) == (1.0, 100.0, 1.0, 100.0)
