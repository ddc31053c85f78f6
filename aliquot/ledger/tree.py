"""The Merkle tree over a history: one root says all of it, and a short proof says that nothing of it was rewritten.

Standard library only, so that an auditor can read and run it alone.
Source: RFC 9162, section 2.1 (the same tree as RFC 6962).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS

Hashes = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree at (level, index): level 0 is the leaves, level n spans 2**n of them."""

Row = Callable[[int, int, int], Sequence[bytes]]
"""Gives the stored hashes `start` to `stop` of one tile level: tile level n holds subtrees of 256**n leaves."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a whole history is at one moment: how many entries, and the root over them."""

    size: int
    root: bytes


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: all that must be kept to append, at most 64 hashes."""

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Takes in the hash of the next leaf."""
        size = self.size
        self.size = size + 1
        while size & 1:
            leaf = hashlib.sha256(b"\x01" + self.peaks.pop() + leaf).digest()
            size >>= 1
        self.peaks.append(leaf)

    def root(self) -> bytes:
        """The root over everything that was appended."""
        return fold(self.peaks)

    def head(self) -> Head:
        """Size and root."""
        return Head(self.size, self.root())

    def copy(self) -> "Frontier":
        """A second edge that can grow on its own, for a group that may yet be given up."""
        return Frontier(self.size, self.peaks)

    def __bytes__(self) -> bytes:
        """The size in 8 bytes, big-endian, then the peaks from left to right."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)


def frontier(stored: bytes) -> Frontier:
    """The edge that `bytes(Frontier)` wrote.

    Raises:
        ValueError: the number of hashes is not the one that the size asks for.
    """
    size = int.from_bytes(stored[:8], "big")
    if len(stored) != 8 + HASH_BYTES * size.bit_count():
        raise ValueError("a frontier has one hash for each bit of its size")
    return Frontier(size, split(stored[8:]))


def split(packed: bytes) -> list[bytes]:
    """Hashes that were written one after the other."""
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]


def grow(leaves: Iterable[bytes]) -> Frontier:
    """The edge of the tree over these leaf hashes."""
    edge = Frontier()
    for leaf in leaves:
        edge.append(leaf)
    return edge


def root(leaves: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes; the empty history has a root too."""
    return grow(leaves).root()


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    folded = peaks[-1]
    for peak in reversed(peaks[:-1]):
        folded = node_hash(peak, folded)
    return folded


def over(row: Row) -> Hashes:
    """Any subtree's hash from the rows that tiles (or a table of the same shape) keep; at most 128 are read at once."""

    def hash_at(level: int, index: int) -> bytes:
        tile_level, above = divmod(level, TILE_LEVELS)
        return root(row(tile_level, index << above, (index + 1) << above))

    return hash_at


def span_root(start: int, stop: int, hashes: Hashes) -> bytes:
    """The root over leaves `start` to `stop`, where `start` is a multiple of a power of two that spans them."""
    peaks = []
    while start < stop:
        level = (stop - start).bit_length() - 1
        peaks.append(hashes(level, start >> level))
        start += 1 << level
    return fold(peaks)


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """What someone who holds entry `index` needs in order to find it under the root over `size` entries.

    Raises:
        ValueError: there is no such entry in a history of that size.
    """
    if not 0 <= index < size:
        raise ValueError("the entry lies outside the history")
    start, stop = 0, size
    path = []
    while stop - start > 1:
        middle = start + _left(stop - start)
        if index < middle:
            path.append(span_root(middle, stop, hashes))
            stop = middle
        else:
            path.append(span_root(start, middle, hashes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """What someone who remembers the head at size `old` needs in order to see that `new` only added to it.

    Raises:
        ValueError: the sizes are not in order.
    """
    if not 0 <= old <= new:
        raise ValueError("the older history is larger than the newer one")
    if old in (0, new):
        return []
    start, stop = 0, new
    path = []
    while old != stop:
        middle = start + _left(stop - start)
        if old <= middle:
            path.append(span_root(middle, stop, hashes))
            stop = middle
        else:
            path.append(span_root(start, middle, hashes))
            start = middle
    if start:
        path.append(span_root(start, stop, hashes))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, proof: Sequence[bytes], head: Head) -> bool:
    """Whether the entry with this leaf hash stands at `index` in the history that `head` names.

    It does not establish who signed the head. Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < head.size:
        return False
    position, last = index, head.size - 1
    found = leaf
    for neighbour in proof:
        if not last:
            return False
        if position & 1 or position == last:
            found = node_hash(neighbour, found)
            position, last = _skip(position, last)
        else:
            found = node_hash(found, neighbour)
        position, last = position >> 1, last >> 1
    return not last and found == head.root


def verify_consistency(old: Head, new: Head, proof: Sequence[bytes]) -> bool:
    """Whether the newer history begins with all of the older one, unchanged.

    It does not establish who signed either head. Source: RFC 9162, section 2.1.4.2.
    """
    if not 0 < old.size < new.size:
        same = old.size == new.size and old.root == new.root
        return not proof and (same or (old == Head(0, EMPTY_ROOT) and new.size > 0))
    path = list(proof) if old.size & (old.size - 1) else [old.root, *proof]
    if not path:
        return False
    return _climb(path, old.size - 1, new.size - 1) == (old.root, new.root)


def _climb(path: Sequence[bytes], position: int, last: int) -> tuple[bytes, bytes] | None:
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = path[0]
    for neighbour in path[1:]:
        if not last:
            return None
        if position & 1 or position == last:
            older, newer = node_hash(neighbour, older), node_hash(neighbour, newer)
            position, last = _skip(position, last)
        else:
            newer = node_hash(newer, neighbour)
        position, last = position >> 1, last >> 1
    return None if last else (older, newer)


def _skip(position: int, last: int) -> tuple[int, int]:
    # A subtree at the right edge has no right neighbour on some levels: nothing is hashed there.
    while position and not position & 1:
        position, last = position >> 1, last >> 1
    return position, last


def _left(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)
