"""How wide the terminal is, and lines that go on in the next one without tearing a digest or a name apart.

What no terminal shows stays on one line: `grep` finds it there.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from typing import Final

from rich.cells import cell_len

PIPED: Final = 10_000
"""Columns of what no terminal shows."""
_FURTHER: Final = "    "
_INDENT: Final = re.compile(r" *")
_WORD: Final = re.compile(r"\S+ *")


def wide() -> int:
    """Columns of the terminal; very many where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED


def show(text: str) -> None:
    """Print some lines at the width that there is."""
    for line in text.split("\n"):
        for part in folded(line, wide()):
            print(part)


def folded(line: str, columns: int) -> Iterator[str]:
    """A line as lines that fit, cut between words: a digest stands whole, and behind it what is said of it."""
    indent = _INDENT.match(line)
    said = indent[0] if indent else ""
    further = said + _FURTHER
    for word in _WORD.findall(line):
        if said.strip() and cell_len(said) + cell_len(word.rstrip()) > columns:
            yield said.rstrip()
            said = further
        said += word
    yield said.rstrip()
