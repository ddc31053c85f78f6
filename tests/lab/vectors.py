"""Cases that any other language could run: `tests/vectors/lab/*.json`, read into typed structs."""

from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def read(name: str, kind: type[T]) -> T:
    """One file of vectors; a case with an unknown key is an error."""
    return msgspec.json.decode((Path(__file__).parents[1] / "vectors" / "lab" / name).read_bytes(), type=kind)


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """What every struct of vectors inherits: unknown keys are refused."""
