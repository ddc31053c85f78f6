"""The one encoding of what is hashed, signed or sealed: JSON with sorted keys, no spaces, UTF-8.

There are no floats: a number with a fraction is a `Decimal` and travels as a string that keeps its trailing zeros.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import msgspec

Json = None | bool | int | str | Decimal | Sequence["Json"] | Mapping[str, "Json"]

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for bytes that are not what was asked for: garbage, a broken UTF-8 sequence, a deep nest."""

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string")


def encode(content: Json | msgspec.Struct) -> bytes:
    """Canonical bytes of `content`: equal content gives equal bytes, on any machine."""
    return _ENCODER.encode(content)


def deciding(state: str, parents: Sequence[bytes]) -> bytes:
    """SHA-256 over the deciding columns of a row: its state and the ids of its parents, in their order.

    A sealed record carries this in its associated data, so that a state or a parent that was changed in storage shows.
    """
    return hashlib.sha256(encode([state, [parent.hex() for parent in parents]])).digest()


def stored(subject: bytes, place: tuple[int, int], deciding_: bytes, sealed: bytes) -> bytes:
    """SHA-256 over a whole row as it must stand in storage: whose it is, what, in which state, and the sealed bytes.

    `place` is kind and schema; `deciding_` is `deciding` of the row. It is compared without opening anything.
    """
    kind, schema = place
    return hashlib.sha256(
        encode([subject.hex(), kind, schema, deciding_.hex(), hashlib.sha256(sealed).hexdigest()])
    ).digest()
