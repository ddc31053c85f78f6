from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms.errors import Refused
from aliquot.vault import padding


def test_the_classes_begin_as_documented() -> None:
    assert padding.CLASSES[:10] == (256, 512, 1024, 2048, 4096, 4608, 5184, 5832, 6561, 7381)


def test_from_4096_each_class_is_the_one_before_and_an_eighth() -> None:
    steps = [size for size in padding.CLASSES if size >= 4096]
    assert all(after == before + before // 8 for before, after in pairwise(steps))
    assert steps[-1] <= 2**32 - 1 < steps[-1] + steps[-1] // 8


@given(st.integers(0, 2**31))
def test_a_length_goes_to_the_smallest_class_that_holds_it(length: int) -> None:
    size = padding.size_class(length)
    assert length <= size
    assert all(other < length or other >= size for other in padding.CLASSES)


@given(st.binary(max_size=9000))
def test_padding_is_zero_bytes_up_to_the_class(content: bytes) -> None:
    padded = padding.pad(content)
    assert len(padded) in padding.CLASSES
    assert padded[: len(content)] == content
    assert not any(padded[len(content) :])


def test_what_is_longer_than_the_largest_class_is_refused() -> None:
    assert padding.size_class(padding.CLASSES[-1]) == padding.CLASSES[-1]
    with pytest.raises(Refused):
        padding.size_class(padding.CLASSES[-1] + 1)
