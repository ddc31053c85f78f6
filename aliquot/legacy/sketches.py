"""Counts of what is too much to keep: how many distinct cells, and where the middle and the tails of numbers lie.

Two readings of the same source give the same sketch, so that a profile has one digest.
"""

from array import array
from collections.abc import Collection
from zlib import crc32

_SPACE = 1 << 32
_MIX = 0x9E3779B1
"""An odd number that spreads the checksums of neighbours (Knuth, The Art of Computer Programming, vol. 3, 6.4)."""


class Distinct:
    """The distinct cells of a column: exact up to a bound, then estimated from a sample that shrinks by halves.

    Of cells whose mixed checksum is below `below` all are kept, so that the samples of two columns can be compared.
    Source: Wegman's adaptive sampling (Flajolet, Computing 43, 1990); the error is about 1.2 / sqrt(bound).
    """

    BOUND = 16_384
    ERROR_PERCENT = 1

    def __init__(self) -> None:
        self.below = _SPACE
        self.sample: set[int] = set()
        self.repeated = False

    def add(self, cells: Collection[str]) -> None:
        """Cells that are distinct among themselves."""
        below, sample = self.below, self.sample
        before = len(sample)
        mixed = [key for key in map(crc32, map(str.encode, cells)) if key * _MIX % _SPACE < below]
        sample.update(mixed)
        if len(sample) - before < len(mixed):
            self.repeated = True
        while len(self.sample) > self.BOUND:
            self._halve(self.below // 2)

    def count(self) -> int:
        """How many there are."""
        return len(self.sample) * (_SPACE // self.below)

    @property
    def exact(self) -> bool:
        """Whether nothing was left out. Two cells of one checksum count once: a few in a million."""
        return self.below == _SPACE

    def orphans(self, keys: "Distinct") -> tuple[int, int]:
        """How many of a common sample of these cells are not among the keys, and how many it has."""
        below = min(self.below, keys.below)
        mine = {key for key in self.sample if key * _MIX % _SPACE < below}
        return len(mine - keys.sample), len(mine)

    def _halve(self, below: int) -> None:
        self.below = below
        self.sample = {key for key in self.sample if key * _MIX % _SPACE < below}


class Spread:
    """Numbers, of which every n-th is kept: their count and ends exactly, their middle and tails nearly."""

    BOUND = 1024

    def __init__(self) -> None:
        self.count = 0
        self.least = float("inf")
        self.most = float("-inf")
        self._kept = array("d")
        self._stride = 1
        self._next = 0

    def add(self, number: float, times: int) -> None:
        """A number that occurs so many times."""
        self.least, self.most = min(self.least, number), max(self.most, number)
        self.count += times
        while self._next < self.count:
            self._kept.append(number)
            self._next += self._stride
            if len(self._kept) >= 2 * self.BOUND:
                self._kept = self._kept[::2]
                self._stride *= 2
                self._next = self.count - self.count % self._stride + self._stride

    def at(self, share: float) -> float:
        """The number below which this share of them lies, within about three hundredths of their rank."""
        kept = sorted(self._kept)
        return kept[min(int(share * len(kept)), len(kept) - 1)]
