"""Which column of one table refers to which key of another, and how many of its cells lead nowhere."""

from collections.abc import Mapping
from difflib import SequenceMatcher

import msgspec

from aliquot.legacy.shapes import Sort
from aliquot.legacy.sketches import Distinct

SORTS = frozenset({Sort.INTEGER, Sort.CODE, Sort.WORD})
"""What keys are made of."""

_FEWEST = 20
_MOST_ORPHANS = 50
_LIKE = 0.6


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column whose distinct cells are keys of another table, but for so many per mille of them."""

    table: str
    column: str
    to: str
    key: str
    orphans_per_mille: int


Place = tuple[str, str]


def found(samples: Mapping[Place, Distinct]) -> tuple[Link, ...]:
    """The best key for each column that refers to one at all: a like name, and few cells that are not there."""
    keys = [place for place, sample in samples.items() if not sample.repeated and sample.count() >= _FEWEST]
    best = (_best(place, samples, [key for key in keys if key[0] != place[0]]) for place in samples)
    return tuple(link for link in best if link is not None)


def _best(place: Place, samples: Mapping[Place, Distinct], keys: list[Place]) -> Link | None:
    ranked: list[tuple[float, int, Place]] = []
    for key in keys:
        like = _like(place, key)
        if like < _LIKE:
            continue
        lost, seen = samples[place].orphans(samples[key])
        if seen >= _FEWEST and 100 * lost <= _MOST_ORPHANS * seen:
            ranked.append((lost / seen - like, 1000 * lost // seen, key))
    if not ranked:
        return None
    _, lost, key = min(ranked)
    return Link(place[0], place[1], key[0], key[1], lost)


def _like(place: Place, key: Place) -> float:
    """How like two names are: numbers are contained in numbers by chance, and names are not alike by chance."""
    column = _bare(place[1])
    best = max(SequenceMatcher(None, column, _bare(other)).ratio() for other in (key[1], f"{key[0]}{key[1]}"))
    # Where two keys have the same name, the one whose table is called so too.
    return best + SequenceMatcher(None, column, _bare(key[0])).ratio() / 10


def _bare(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalpha())
