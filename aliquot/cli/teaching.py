"""How `--help` is set: at the width of the terminal, with lists and examples as they were written."""

import argparse
import re
import textwrap
from collections.abc import Iterator
from typing import Final

_MARK: Final = re.compile(r" *(?:\d+\. +|\S+ {2,})?")
"""What a line of a list begins with: a number, or a word and a gap."""


class Teaching(argparse.RawDescriptionHelpFormatter):
    """Sets a description at the width that there is; argparse itself would run lists and examples together."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(line for each in _items(text) for line in _set(each, width))


def _items(text: str) -> Iterator[list[str]]:
    """Lines that belong together: those of a paragraph, or of one point of a list."""
    item: list[str] = []
    for line in text.splitlines():
        if item and item[0].strip() and line.strip() and _indent(line) == _hang(line) == _hang(item[0]):
            item.append(line)
            continue
        if item:
            yield item
        item = [line]
    yield item


def _set(item: list[str], width: int) -> list[str]:
    if max(map(len, item)) <= width:
        return item
    said = " ".join([item[0], *map(str.strip, item[1:])])
    hang = " " * _hang(item[0])
    return textwrap.wrap(said, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _hang(line: str) -> int:
    found = _MARK.match(line)
    return found.end() if found else 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
