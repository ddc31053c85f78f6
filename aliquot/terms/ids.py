"""Identifiers of everything that is kept: 16 bytes, of which 4 name the organization and 2 the week of creation."""

import functools
import os
from datetime import UTC, date, datetime
from typing import NewType

Id = NewType("Id", bytes)
"""One patient, act, specimen, result: 4 bytes of organization, 2 of week, 10 random (3 of them another's: `beside`)."""

Org = NewType("Org", bytes)
"""One organization (a laboratory): the first 4 bytes of every id that belongs to it."""

_MONDAY_ZERO = date(2001, 1, 1)
_ID_BYTES = 16
_ORG_BYTES = 4
_RANDOM_AT = 6
_BESIDE_BYTES = 3
_INSTANTS = 16


def new(org: Org, at: datetime) -> Id:
    """A fresh identifier; it tells its organization and its week, and nothing else."""
    return Id(org + week(at).to_bytes(2, "big") + os.urandom(10))


def derived(org: Org, at: datetime, digest: bytes) -> Id:
    """The identifier that the same cause always gives, so that a resend is recognised.

    `digest` is a keyed hash of the cause (at least 10 bytes); an unkeyed hash of content must never be given here.
    """
    return Id(org + week(at).to_bytes(2, "big") + digest[:10])


def beside(near: Id, at: datetime) -> Id:
    """A fresh identifier that stands beside another of its week: 3 of its random bytes are the other's, 7 its own.

    What is written together then lies together in every index, where else each record of it takes a page of its own.
    """
    return derived(org_of(near), at, stem_of(near) + os.urandom(7))


def stem_of(identifier: Id) -> bytes:
    """The part of an identifier's random bytes that others have which stand beside it."""
    return identifier[_RANDOM_AT : _RANDOM_AT + _BESIDE_BYTES]


def org_of(identifier: Id) -> Org:
    """The organization to which an identifier belongs."""
    return Org(identifier[:_ORG_BYTES])


# Hundreds of ids are made of one instant.
@functools.lru_cache(_INSTANTS)
def week(at: datetime) -> int:
    """Whole weeks since Monday 2001-01-01, in UTC: the only time that a closed dossier shows in clear."""
    return (at.astimezone(UTC).date() - _MONDAY_ZERO).days // 7


def parse(text: str) -> Id:
    """An identifier from its 32 hexadecimal digits.

    Raises:
        ValueError: the text is not 16 bytes in hexadecimal.
    """
    raw = bytes.fromhex(text)
    if len(raw) != _ID_BYTES:
        raise ValueError("an identifier has 16 bytes")
    return Id(raw)
