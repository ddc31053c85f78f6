"""Whom a slip of the hand in the birth date hides: patients by how their family name sounds, with the year or the day.

A slip leaves one of the two as it was, the year or the day of the year, so each patient is filed twice and few are
looked at. It is made for migrations, where thousands of people are compared at once, and only when the first of them
is: dates and ends of ids under a checksum, 40 bytes a patient, in custody's memory only.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import date
from typing import final
from zlib import crc32

TAIL = 12
"""All of an id but its organization, which is the same for everybody here."""

_FILED = struct.Struct(">I12s")
_SHELVES = 0xFFFF


@final
class Sounds:
    """The patients of one laboratory, filed by sound and year, and by sound and day of the year."""

    __slots__ = ("_shelves",)

    def __init__(self) -> None:
        self._shelves: dict[int, bytearray] = {}

    def add(self, sound: str, born: int, patient: bytes) -> None:
        """Somebody whose family name sounds so. Who was removed from the index stays here, and is not found there."""
        filed = _FILED.pack(born, patient[-TAIL:])
        for place in _places(sound, born):
            self._shelves.setdefault(place, bytearray()).extend(filed)

    def born(self, sound: str, born: int, around: Mapping[int, str]) -> Iterator[tuple[int, bytes]]:
        """Who may sound so and was born on one of the days around: the day, and the end of the id."""
        for place in _places(sound, born):
            for day, tail in _FILED.iter_unpack(self._shelves.get(place, b"")):
                if day in around:
                    yield day, tail


def written(day: date) -> int:
    """A date as its eight digits make a number."""
    return day.year * 10_000 + day.month * 100 + day.day


def ordinal(day: int) -> int:
    """The ordinal of a date that was written as a number."""
    return date(day // 10_000, day // 100 % 100, day % 100).toordinal()


def _places(sound: str, born: int) -> tuple[int, int]:
    year, day = divmod(born, 10_000)
    heard = crc32(sound.encode())
    # Even places are of years, odd ones of days.
    return (heard + year * 40_503 & _SHELVES) << 1, (heard + day * 40_503 & _SHELVES) << 1 | 1
