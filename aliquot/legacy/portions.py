"""A source in portions that are brought in, or compared, at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from aliquot.legacy.sorting import Dossier, Found

PEOPLE: Final = 1000
"""As many people as custody compares in one question."""

T = TypeVar("T")


def of_people(people: Iterable[Found]) -> Iterator[list[Found]]:
    """People in portions of `PEOPLE`, in their order."""
    return _portions(people, PEOPLE, lambda _: 1)


def of_results(dossiers: Iterable[Dossier], most: int) -> Iterator[list[Dossier]]:
    """Whole dossiers in portions of about so many results, in their order."""
    return _portions(dossiers, most, lambda dossier: len(dossier.lines))


def _portions(items: Iterable[T], most: int, weight: Callable[[T], int]) -> Iterator[list[T]]:
    some: list[T] = []
    heavy = 0
    for item in items:
        some.append(item)
        heavy += weight(item)
        if heavy >= most:
            yield some
            some, heavy = [], 0
    if some:
        yield some
