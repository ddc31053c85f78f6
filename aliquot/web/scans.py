"""What was typed or scanned into one field, told by its shape: a tube, a file, a national number, or another."""

import re
from typing import Literal

import msgspec

from aliquot.terms import identifiers

Shape = Literal["tube", "file", "nir", "request", "other"]

_SHAPES: tuple[tuple[Shape, re.Pattern[str]], ...] = (
    ("tube", re.compile(r"[0-9]{11}[0-9A-Z]")),
    ("file", re.compile(r"P[0-9]{8}[0-9A-Z]")),
    ("request", re.compile(r"R[0-9]{11}[0-9A-Z]")),
    ("nir", re.compile(r"[0-9]{5}(?:[0-9]{2}|2[AB])[0-9]{8}")),
)


class Scan(msgspec.Struct, frozen=True):
    """One value and what its shape says that it is. A shape proves nothing: check characters are looked at later."""

    shape: Shape
    value: str


def read(typed: str) -> Scan:
    """What a person or a scanner meant. Spaces and small letters are forgiven where the shape is ours."""
    compact = re.sub(r"\s", "", typed).upper()
    for shape, pattern in _SHAPES:
        if pattern.fullmatch(compact):
            return Scan(shape, compact)
    return Scan("other", typed.strip())


def masked(nir: str) -> str:
    """A national number as a page shows it: enough to compare with a card, too little to use it."""
    return f"{nir[0]} {nir[1:3]} {nir[3:5]} •• ••• ••• ••"


def system_of(shape: Shape) -> str:
    """The system of an identifier that has a shape of its own; another's has to be named."""
    return {"file": identifiers.FILE_NUMBER_SYSTEM, "nir": identifiers.NIR_SYSTEM}.get(shape, "")
