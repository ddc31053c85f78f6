"""What every message of the protocol is made of: its two bases, and what a field may hold at all.

A field's bounds are refused here, at the door; further in, a number fits its column.
"""

from datetime import datetime
from typing import Annotated

import msgspec

AT_ONCE = 1000
"""The most acts, readings, writings, endings, names or identities in one request."""

Id = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
IdOrNothing = Annotated[bytes, msgspec.Meta(max_length=16)]
Digest = Annotated[bytes, msgspec.Meta(max_length=64)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Short = Annotated[int, msgspec.Meta(ge=0, le=2**16 - 1)]
Code = Annotated[str, msgspec.Meta(max_length=64)]
Sentence = Annotated[str, msgspec.Meta(max_length=2000)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Few = msgspec.Meta(max_length=AT_ONCE)


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True, array_like=True):
    """A frame. Fields travel by position, so a new field is a new protocol version."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True, array_like=True):
    """A piece of a frame."""


class Row(Part, frozen=True):
    """A sealed record as it stands in storage, with the deciding columns beside it."""

    kind: int
    id: bytes
    version: int
    schema: int
    state: str
    parents: tuple[bytes, ...]
    sealed: bytes
