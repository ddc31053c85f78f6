from itertools import pairwise

import pytest

from aliquot.lab import numbers
from aliquot.terms import identifiers
from aliquot.terms.errors import Unclear


def test_the_number_of_a_request_cannot_pass_for_a_tube() -> None:
    number = numbers.requisition(12_345)
    assert number[:-1] == "R00000012345"
    assert identifiers.check_character(number[:-1]) == number[-1]
    with pytest.raises(Unclear):
        identifiers.read_accession(number)


def test_tubes_count_on_and_start_anew_after_the_last_number() -> None:
    last = 10**11 - 1
    assert [numbers.accession(last, tube)[:11] for tube in (0, 1)] == ["99999999999", "00000000000"]


def test_drawn_numbers_are_read_back_and_do_not_count_up() -> None:
    steps = {later - earlier for earlier, later in pairwise(numbers.draw() for _ in range(4))}
    assert len(steps) == 3
    assert identifiers.read_accession(numbers.accession(numbers.draw(), 0))
    assert identifiers.read_file_number(numbers.draw_file_number()) != numbers.draw_file_number()
