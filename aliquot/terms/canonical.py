"""The one encoding of what is hashed, signed or sealed: JSON with sorted keys, no spaces, UTF-8.

There are no floats: a number with a fraction is a `Decimal` and travels as a string that keeps its trailing zeros.
"""

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

Json = None | bool | int | str | Decimal | Sequence["Json"] | Mapping[str, "Json"]

_ENCODER = msgspec.json.Encoder(order="sorted", decimal_format="string")


def encode(content: Json | msgspec.Struct) -> bytes:
    """Canonical bytes of `content`: equal content gives equal bytes, on any machine."""
    return _ENCODER.encode(content)


def deciding(state: str, parents: Sequence[bytes]) -> bytes:
    """SHA-256 over the deciding columns of a row: its state and the ids of its parents, in their order.

    A sealed record carries this in its associated data, so that a state or a parent that was changed in storage shows.
    """
    return hashlib.sha256(encode([state, [parent.hex() for parent in parents]])).digest()
