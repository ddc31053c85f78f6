"""Sealed things come in few sizes, so that a length does not tell which test was asked for."""

from bisect import bisect_left
from itertools import accumulate, repeat, takewhile

from aliquot.terms.errors import Refused

LARGEST = 2**32 - 1
"""The longest padded plaintext: what a 32-bit length can say."""

_STEPS = takewhile(lambda size: size <= LARGEST, accumulate(repeat(0), lambda size, _: size + size // 8, initial=4096))
CLASSES: tuple[int, ...] = (256, 512, 1024, 2048, *_STEPS)
"""256, 512, 1024, 2048, 4096; from there each is the one before and an eighth of it, rounded down."""


def size_class(length: int) -> int:
    """The smallest class that holds `length` bytes.

    Raises:
        Refused: longer than anything that is sealed in one piece.
    """
    if length > CLASSES[-1]:
        raise Refused("content: longer than the largest sealed size")
    return CLASSES[bisect_left(CLASSES, length)]


def pad(content: bytes) -> bytes:
    """`content` followed by zero bytes up to its class."""
    return content.ljust(size_class(len(content)), b"\x00")
