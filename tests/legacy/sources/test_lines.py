"""Lines of two character sets in one file: each is read in its own, wherever it stands."""

from pathlib import Path
from random import Random

import pytest

from aliquot.legacy.description import MIXED
from aliquot.legacy.sources import lines
from aliquot.legacy.sources.lines import Reach, Text

_WORDS = (b"MARTIN", "LEFÈVRE".encode(), "LEFÈVRE".encode("cp1252"), b"", b";;", "Éa".encode("cp1252"), b"\x81\xff")
_ENDS = (b"\r\n", b"\n", b"\r")


@pytest.mark.parametrize("seed", range(20))
def test_a_line_that_is_not_utf_8_is_read_in_the_second_set_and_no_other_with_it(tmp_path: Path, seed: int) -> None:
    chance = Random(seed)
    written = [b"".join(chance.choices(_WORDS, k=3)) + chance.choice(_ENDS) for _ in range(40)]
    # A carriage return before a line feed of the next line would be one end with it.
    block = b"".join(line for line in written if line not in _ENDS) + chance.choice((b"", "Zoë".encode("cp1252")))
    file = tmp_path / "rows.txt"
    file.write_bytes(block)
    text = Text(file, MIXED, Reach())
    expected = [lines.either(line) for line in block.splitlines(keepends=True)]
    assert "".join(text) == "".join(expected)
    assert text.foreign == sum(not _is_utf_8(line) for line in block.splitlines())


def _is_utf_8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
