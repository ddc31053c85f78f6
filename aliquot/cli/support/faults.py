"""Errors as a bundle may name them: types that the program knows, lines of modules that there are."""

import builtins
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import aliquot
from aliquot.cli.support.bundle import Failure
from aliquot.terms.events import Failed

ANOTHER, ELSEWHERE = "Another", "elsewhere"


def of(error: BaseException) -> Failure:
    """What may be said of an error."""
    told = Failed.of(error)
    return Failure(name(told.error), place(told.place))


def name(said: str) -> str:
    """The type of an error, if it is one that this program or Python has; whatever else was said is `Another`."""
    return said if said in _known() else ANOTHER


def place(said: str) -> str:
    """A line of a module of this program; whatever else was said is `elsewhere`."""
    file, _, line = said.rpartition(":")
    return f"{file}:{line}" if file in _modules() and line.isascii() and line.isdigit() and len(line) < 6 else ELSEWHERE


@cache
def _known() -> frozenset[str]:
    own = {
        each.__name__ for each in _below(Exception) if each.__module__.startswith(("aliquot.", "django.", "sqlite3"))
    }
    every = own | {each for each in vars(builtins) if each.endswith("Error")}
    return frozenset(each for each in every if each.isalpha() and each[0].isupper())


@cache
def _modules() -> frozenset[str]:
    return frozenset(file.name for file in Path(aliquot.__file__).parent.rglob("*.py"))


def _below(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
