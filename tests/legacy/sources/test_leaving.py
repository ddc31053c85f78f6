"""The lines of what left another installation, cut out of the chunks of its parts."""

import re
from collections.abc import Iterator

import pytest

from aliquot.legacy.sources import leaving
from aliquot.terms.errors import Refused


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("content", [b"", b"ab\n\ncd\n", b"ab\ncd", b"\n\n", b"abcdef"])
def test_lines_are_the_same_however_chunks_were_cut(content: bytes, size: int) -> None:
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    assert list(leaving.cut(chunks)) == content.splitlines()


def test_a_part_without_line_ends_is_refused_and_not_looked_through_again_for_each_chunk() -> None:
    taken = []

    def chunks() -> Iterator[bytes]:
        for number in range(100):
            taken.append(number)
            yield bytes(1 << 20)

    with pytest.raises(Refused, match=re.escape("bundle: a line of more than 8 MB")):
        list(leaving.cut(chunks()))
    assert len(taken) == 9
