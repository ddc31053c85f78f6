"""How many there are is said as people say it."""

import pytest

from aliquot.cli import amounts


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (1200, "1,200 files")])
def test_one_is_one_and_any_other_number_is_several(number: int, said: str) -> None:
    assert amounts.of(number, "file") == said


def test_a_word_of_its_own_stands_for_several() -> None:
    assert (amounts.of(1, "person", "people"), amounts.of(3, "person", "people")) == ("1 person", "3 people")
