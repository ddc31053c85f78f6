"""Reads the vectors of the vault: typed, unknown fields refused, bytes in hexadecimal."""

from pathlib import Path
from typing import TypeVar

import msgspec

_FOLDER = Path(__file__).parents[1] / "vectors" / "vault"
T = TypeVar("T")


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One vector."""


def read(name: str, shape: type[T]) -> T:
    """The content of one vector file."""
    return msgspec.json.decode((_FOLDER / name).read_bytes(), type=shape)


def flipped(content: bytes, at: int) -> bytes:
    """`content` with one bit of the byte at `at` turned."""
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
