"""What is inside the parts of a bundle: rows with their places, and what was left behind. Pure.

Layout: docs/formats/carried.md.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from aliquot.legacy.source import Cell, Chunk, Spoiled
from aliquot.terms import canonical
from aliquot.terms.errors import Refused

_LENGTH_BYTES: Final = 4
_MOST: Final = 2**26
_ENOUGH: Final = 2**24


class Carried(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Some consecutive rows of a table, as they travel: `numbers` are their places in the source."""

    rows: tuple[tuple[Cell, ...], ...]
    numbers: tuple[int, ...]
    spoiled: tuple[tuple[int, str], ...]
    foreign: int


class Ended(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A table is over: how many of its rows the far side left behind, by reason, and how it read their days."""

    outside: dict[str, int]
    order: str = ""
    forms: tuple[str, ...] = ()


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a part says of itself, in clear: places in the source, and no value. The part that ends a table has none."""

    table: str
    after: int = 0
    upto: int = 0
    ends: bool = False


class Piece(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one frame of a part holds: rows, or the end of a table."""

    rows: Carried | None = None
    ended: Ended | None = None


def frame(piece: Piece) -> bytes:
    """A piece as it stands in a part: four bytes of length (big endian), then msgpack."""
    raw = _ENCODER.encode(piece)
    return len(raw).to_bytes(_LENGTH_BYTES, "big") + raw


def frames(piece: Piece) -> Iterator[bytes]:
    """A piece as it stands in a part, as several of them where its rows are many megabytes: who opens it holds one.

    Raises:
        Refused: one row is more than a frame may hold.
    """
    whole, rows = frame(piece), piece.rows
    if rows is not None and len(whole) > _ENOUGH and len(rows.numbers) > 1:
        half = len(rows.numbers) // 2
        first = Carried(rows.rows[:half], rows.numbers[:half], rows.spoiled, rows.foreign)
        second = Carried(rows.rows[half:], rows.numbers[half:], (), 0)
        yield from (each for part in (first, second) for each in frames(Piece(part)))
    elif len(whole) > _MOST:
        raise Refused("carry: a row of more than 64 MB: this is no row of a table")
    else:
        yield whole


def pieces(plain: Iterator[bytes]) -> Iterator[Piece]:
    """The frames of an open part, from its chunks in order.

    Raises:
        Refused: they are not frames.
    """
    waiting = bytearray()
    for chunk in plain:
        waiting += chunk
        while len(waiting) >= _LENGTH_BYTES:
            length = int.from_bytes(waiting[:_LENGTH_BYTES], "big")
            if length > _MOST:
                raise Refused("bundle: a part does not hold what it should")
            if len(waiting) < _LENGTH_BYTES + length:
                break
            yield _piece(bytes(waiting[_LENGTH_BYTES : _LENGTH_BYTES + length]))
            del waiting[: _LENGTH_BYTES + length]
    if waiting:
        raise Refused("bundle: a part ends in the middle")


def write_label(label: Label) -> str:
    """A part's label as it stands in the bundle."""
    return msgspec.json.encode(label).decode()


def read_label(written: str) -> Label:
    """What a part's label says.

    Raises:
        Refused: it says nothing of the kind.
    """
    try:
        return msgspec.json.decode(written, type=Label)
    except canonical.UNREADABLE:
        raise Refused("bundle: a part does not say where it belongs") from None


def _piece(raw: bytes) -> Piece:
    try:
        return _DECODER.decode(raw)
    except canonical.UNREADABLE:
        raise Refused("bundle: a part does not hold what it should") from None


def chunk_of(carried: Carried) -> Chunk:
    """The rows as a reader gives them."""
    spoiled = tuple(Spoiled(row, reason) for row, reason in carried.spoiled)
    return Chunk(carried.rows, carried.numbers, spoiled, carried.foreign)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Piece)
