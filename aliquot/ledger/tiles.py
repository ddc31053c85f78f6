"""The export of a log: plain files that anyone can copy, serve and check.

A folder holds `checkpoint`, `cosigned`, `policy`, `tile/<L>/<N>[.p/<W>]` (hashes) and `tile/entries/<N>[.p/<W>]`
(entries). The custodian's database decides; these files are its copy. Source: C2SP tlog-tiles.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from aliquot.ledger import checkpoint, tree
from aliquot.terms.errors import Broken, Refused

CHECKPOINT = "checkpoint"
COSIGNED = "cosigned"
POLICY = "policy"
MAX_ENTRY_BYTES = 65_535
MAX_TEXT_BYTES = 1 << 20

_MAX_BUNDLE_BYTES = tree.TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

Read = Callable[[int], Iterable[bytes]]
"""Gives the entries of a log from this index on, in order."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Up to 256 neighbouring hashes of one tile level."""

    level: int
    index: int
    hashes: Sequence[bytes]

    @property
    def path(self) -> str:
        """Where it stands in the export."""
        return path(str(self.level), self.index, len(self.hashes))


class Rows:
    """The right edge of the tile rows: fed with bundles of leaves, it says which tiles are complete."""

    def __init__(self) -> None:
        self._full = [0]
        self._open: list[list[bytes]] = [[]]

    def take(self, leaves: list[bytes]) -> list[Tile]:
        """Takes the next bundle (256 leaf hashes, or fewer if it is the last) and gives the tiles it completes."""
        self._open[0] = leaves
        complete = []
        level = 0
        while len(self._open[level]) == tree.TILE_WIDTH:
            complete.append(self._close(level))
            level += 1
        return complete

    def rest(self) -> list[Tile]:
        """The partial tiles at the right edge."""
        return [Tile(level, self._full[level], row) for level, row in enumerate(self._open) if row]

    def root(self, leaves: Sequence[bytes] = ()) -> bytes:
        """The root over what was taken, with these leaves in place of an open bundle."""
        peaks = [peak for row in reversed(self._open[1:]) for peak in tree.grow(row).peaks]
        return tree.fold(peaks + tree.grow(leaves or self._open[0]).peaks)

    def restore(self, row: tree.Row, size: int) -> None:
        """Stands where it stood after `size` leaves, a multiple of 256."""
        counts = [size]
        while counts[-1] >= tree.TILE_WIDTH:
            counts.append(counts[-1] // tree.TILE_WIDTH)
        self._full = [count // tree.TILE_WIDTH for count in counts]
        starts = [full * tree.TILE_WIDTH for full in self._full]
        spans = list(zip(starts, counts, strict=True))
        self._open = [list(row(level, start, stop)) for level, (start, stop) in enumerate(spans)]

    def _close(self, level: int) -> Tile:
        tile = Tile(level, self._full[level], self._open[level])
        if level + 1 == len(self._open):
            self._full.append(0)
            self._open.append([])
        self._open[level + 1].append(tree.root(tile.hashes))
        self._full[level] += 1
        self._open[level] = []
        return tile


def path(row: str, index: int, width: int) -> str:
    """The place of a tile or of a bundle (`row` is "entries"): index 1234067 stands at `x001/x234/067`."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    place = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{row}/{place}" + ("" if width == tree.TILE_WIDTH else f".p/{width}")


def write(folder: Path, read: Read, signed: str, trust: str, cosigned: str = "") -> int:
    """Brings an export up to a signed checkpoint and gives the number of entries added; what stands is not rewritten.

    The checkpoint is replaced when everything under it is durable, and after it the last one that bears a second
    signature; partial tiles that are no longer needed go then.

    Raises:
        Broken: the entries do not give the checkpoint's root, or the folder holds another or a longer history.
        Refused: what stands in the folder cannot be read.
    """
    goal = checkpoint.parse(signed).checkpoint
    before = _standing(folder, goal)
    writer = _Writer(folder)
    rows = _write_bundles(writer, read, before, goal.head.size)
    if rows.root() != goal.head.root:
        raise Broken("export: the entries do not give the root of the checkpoint")
    for tile in rows.rest():
        writer.put(tile.path, b"".join(tile.hashes))
    writer.put(POLICY, trust.encode())
    writer.settle()
    writer.put(CHECKPOINT, signed.encode())
    writer.settle()
    if cosigned:
        writer.put(COSIGNED, cosigned.encode())
        writer.settle()
    for outdated in partials(before.size) - partials(goal.head.size):
        writer.drop(outdated)
    return goal.head.size - before.size


def partials(size: int) -> set[str]:
    """The places of the partial tiles and of the partial bundle of a log of this size."""
    places: set[str] = set()
    level, count = 0, size
    while count:
        index, width = divmod(count, tree.TILE_WIDTH)
        if width:
            places.update(path(kind, index, width) for kind in ([str(level)] if level else ["0", "entries"]))
        level, count = level + 1, index
    return places


def pack(taken: Iterable[bytes]) -> bytes:
    """Entries as one bundle: each with its length before it, in 2 bytes, big-endian."""
    packed = bytearray()
    for entry in taken:
        if len(entry) > MAX_ENTRY_BYTES:
            raise Refused("entry: longer than 65,535 bytes")
        packed += len(entry).to_bytes(2, "big") + entry
    return bytes(packed)


def unpack(packed: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        Refused: the last entry is not whole.
    """
    found = []
    at = 0
    while at < len(packed):
        stop = at + 2 + int.from_bytes(packed[at : at + 2], "big")
        if at + 2 > len(packed) or stop > len(packed):
            raise Refused("bundle: the last entry is not whole")
        found.append(packed[at + 2 : stop])
        at = stop
    return found


def text(file: Path) -> str:
    """A checkpoint or a policy.

    Raises:
        Refused: it cannot be read, is too long or is not UTF-8; the message names the file.
    """
    try:
        return _content(file, file.name, MAX_TEXT_BYTES).decode()
    except UnicodeDecodeError as unreadable:
        raise Refused(f"{file.name}: not UTF-8") from unreadable


def hashes(folder: Path, tile: tuple[int, int, int]) -> list[bytes]:
    """The hashes of the tile at (level, index, width).

    Raises:
        Refused: the file cannot be read or is not as wide as that; the message names its place.
    """
    level, index, width = tile
    place = path(str(level), index, width)
    raw = _content(folder / place, place, tree.TILE_WIDTH * tree.HASH_BYTES)
    if len(raw) != width * tree.HASH_BYTES:
        raise Refused(f"{place}: not as wide as its name says")
    return tree.split(raw)


def bundle(folder: Path, index: int, width: int) -> list[bytes]:
    """The entries of one bundle.

    Raises:
        Refused: the file cannot be read or does not hold so many entries; the message names its place.
    """
    place = path("entries", index, width)
    found = unpack(_content(folder / place, place, _MAX_BUNDLE_BYTES))
    if len(found) != width:
        raise Refused(f"{place}: does not hold as many entries as its name says")
    return found


def entries(folder: Path, size: int) -> Iterator[bytes]:
    """All entries of an exported log of this size, in order."""
    for start in range(0, size, tree.TILE_WIDTH):
        yield from bundle(folder, start // tree.TILE_WIDTH, min(tree.TILE_WIDTH, size - start))


def row(folder: Path, size: int) -> tree.Row:
    """The tile rows of an exported log of this size, for `tree.over`."""

    def hashes_of(level: int, start: int, stop: int) -> Sequence[bytes]:
        if start == stop:
            return []
        index = start // tree.TILE_WIDTH
        first = index * tree.TILE_WIDTH
        width = min(tree.TILE_WIDTH, (size >> (tree.TILE_LEVELS * level)) - first)
        return hashes(folder, (level, index, width))[start - first : stop - first]

    return hashes_of


def _standing(folder: Path, goal: checkpoint.Checkpoint) -> tree.Head:
    if not (folder / CHECKPOINT).exists():
        return tree.Head(0, tree.EMPTY_ROOT)
    standing = checkpoint.parse(text(folder / CHECKPOINT)).checkpoint
    if standing.origin != goal.origin or standing.head.size > goal.head.size:
        raise Broken("export: the folder holds another or a longer history")
    size = standing.head.size
    if tree.span_root(0, size, tree.over(row(folder, size))) != standing.head.root:
        raise Broken("export: the tiles in the folder do not give the root of their checkpoint")
    return standing.head


def _write_bundles(writer: "_Writer", read: Read, before: tree.Head, stop: int) -> Rows:
    start = before.size - before.size % tree.TILE_WIDTH
    rows = Rows()
    rows.restore(row(writer.folder, before.size), start)
    source = iter(read(start))
    for first in range(start, stop, tree.TILE_WIDTH):
        taken = list(islice(source, min(tree.TILE_WIDTH, stop - first)))
        leaves = [tree.leaf_hash(entry) for entry in taken]
        if first < before.size and rows.root(leaves[: before.size - first]) != before.root:
            raise Broken("export: the log no longer begins with what was exported")
        if not taken:
            break
        writer.put(path("entries", first // tree.TILE_WIDTH, len(taken)), pack(taken))
        for tile in rows.take(leaves):
            writer.put(tile.path, b"".join(tile.hashes))
    return rows


def _content(file: Path, place: str, limit: int) -> bytes:
    try:
        with file.open("rb") as opened:
            raw = opened.read(limit + 1)
    except (OSError, ValueError) as unreadable:
        raise Refused(f"{place}: cannot be read") from unreadable
    if len(raw) > limit:
        raise Refused(f"{place}: too long")
    return raw


class _Writer:
    """Files that are whole or not there, and durable when `settle` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._touched: set[Path] = set()

    def put(self, place: str, raw: bytes) -> None:
        file = self.folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.new")
        with draft.open("wb") as opened:
            opened.write(raw)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
        depth = len(Path(place).parents)
        self._touched.update([file.parent, *file.parents[:depth]])

    def settle(self) -> None:
        for folder in self._touched:
            opened = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(opened)
            finally:
                os.close(opened)
        self._touched.clear()

    def drop(self, place: str) -> None:
        file = self.folder / place
        file.unlink()
        if not any(file.parent.iterdir()):
            file.parent.rmdir()
