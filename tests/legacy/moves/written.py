"""Moves as they are written down: a source, the mandate under which it is read, and its completed map.

A move may share part of its map with others (`shares`); of two entries its own counts. `fates.toml` has for each move
and table how many rows ended where, and why.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from aliquot.legacy.description import Form
from aliquot.legacy.map import Map
from aliquot.terms.mandates import Scope

FOLDER = Path(__file__).parent
Fates = dict[str, dict[str, int]]
"""By table, and by `bin` or `bin reason`, how many rows ended there."""


class Written(msgspec.Struct, frozen=True):
    """One move. `people` is the most that its mandate lets come."""

    name: str
    source: Form
    mandate: Scope
    map: Map
    people: int


def read(name: str) -> Written:
    """The move of this name."""
    told = _toml(name)
    shared: dict[str, Any] = _toml(told["shares"])["map"] if "shares" in told else {}  # as TOML holds it
    drawn = {"mandate": "00", "profile": "11", **shared, **told["map"]}
    return Written(
        name=name,
        source=msgspec.convert(told["source"], type=Form),
        mandate=msgspec.convert(told["mandate"], Scope),
        map=msgspec.convert(drawn, Map),
        people=told.get("people", 1000),
    )


def fates() -> dict[str, Fates]:
    """The fate of every row of every move."""
    return _toml("fates")


def _toml(name: str) -> dict[str, Any]:  # as TOML holds it
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
