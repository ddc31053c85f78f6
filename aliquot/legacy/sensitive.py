"""Words in free text that hurt most when they get out: counted by class, and never repeated."""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from importlib import resources

_CLASSES: dict[str, list[str]] = tomllib.loads(
    resources.files(__package__).joinpath("sensitive.toml").read_text("utf-8")
)["words"]


def _pattern(words: list[str]) -> str:
    return "|".join(re.escape(word.rstrip("*")) + (r"\w*" if word.endswith("*") else "") for word in words)


_EACH = {name: re.compile(rf"\b(?:{_pattern(words)})\b") for name, words in _CLASSES.items()}
_ANY = re.compile("|".join(pattern.pattern for pattern in _EACH.values()))


def counts(cells: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many cells speak of each class, given distinct cells with the number of times that they occur."""
    found: Counter[str] = Counter()
    for cell, times in cells:
        plain = _plain(cell)
        if _ANY.search(plain):
            found.update({name: times for name, pattern in _EACH.items() if pattern.search(plain)})
    return found


def _plain(text: str) -> str:
    """Small letters without accents."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFD", text.lower())
    return "".join(sign for sign in parted if not unicodedata.combining(sign))
