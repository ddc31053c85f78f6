"""Processes that ask on their own account: each has a name, a key, one role and an end, and none signs in like people.

A service proves itself by signing custody's challenge with its Ed25519 key; the listener signs letters instead.
"""

from datetime import datetime, timedelta

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from aliquot.custody import people, store
from aliquot.custody.denial import Denial
from aliquot.custody.roles import SERVICES
from aliquot.custody.store import Turn
from aliquot.terms import ids
from aliquot.terms.ids import Id, Org

LONGEST_TERM = timedelta(days=366)

_LABEL = b"aliquot/service/v1\x00"
_KEY_BYTES = 32


class Service(msgspec.Struct, frozen=True):
    """An enrolled service. `role` is the one that it holds; `org` the only organization that it serves, or all."""

    name: str
    id: Id
    public_key: bytes
    role: str
    until: int
    org: Org


def message(installation: str, name: str, challenge: bytes) -> bytes:
    """What a service signs: it is of no use to another service, nor in another installation."""
    return _LABEL + b"\x00".join((installation.encode(), name.encode(), challenge))


def enrol(turn: Turn, org: Org, name: str, public_key: bytes, *, role: str, until: datetime) -> Id:
    """A new service with its own key and an end. `org` is the installation for one that serves every laboratory.

    Raises:
        Denial: `name-taken`, `key`, `role`, `term`.
    """
    _check_key(public_key)
    check(turn, name, role=role, until=until)
    identity = ids.new(org, turn.now)
    turn.db.execute(
        "INSERT INTO service (name, id, public_key, purpose, until, org) VALUES (?, ?, ?, ?, ?, ?)",
        (name, identity, public_key, role, store.micros(until), org),
    )
    return identity


def enrol_listener(turn: Turn, org: Org, name: str, public_key: bytes) -> Id:
    """A new listener, whose letters count from 1. `org` is the installation for one that hears every laboratory.

    Raises:
        Denial: `name-taken`, `key`.
    """
    _check_key(public_key)
    check_listener(turn, name)
    identity = ids.new(org, turn.now)
    turn.db.execute(
        "INSERT INTO listener (id, name, public_key, next, org) VALUES (?, ?, ?, 1, ?)",
        (identity, name, public_key, org),
    )
    return identity


def check(turn: Turn, name: str, *, role: str, until: datetime) -> None:
    """Whether a service may be enrolled so.

    Raises:
        Denial: `name-taken`, `role`, `term`.
    """
    if role not in SERVICES:
        raise Denial("role", "a service is a worker, a loader or an exporter")
    people.check_term(turn, until, LONGEST_TERM)
    if find(turn, name) is not None:
        raise Denial("name-taken", "there is a service of this name")


def check_listener(turn: Turn, name: str) -> None:
    """Whether a listener may have this name.

    Raises:
        Denial: `name-taken`.
    """
    if turn.db.execute("SELECT 1 FROM listener WHERE name = ?", (name,)).fetchone():
        raise Denial("name-taken", "there is a listener of this name")


def find(turn: Turn, name: str) -> Service | None:
    """The service of this name."""
    row = turn.db.execute(
        "SELECT name, id, public_key, purpose, until, org FROM service WHERE name = ?", (name,)
    ).fetchone()
    return None if row is None else Service(row[0], Id(row[1]), row[2], row[3], row[4], Org(row[5]))


def proved(turn: Turn, name: str, signed: bytes, signature: bytes) -> Service:
    """The service that signed; `signed` is `message` over the challenge of this connection.

    Raises:
        Denial: `service`; the same for a name that is not enrolled, one whose term is over, and a wrong signature.
    """
    service = find(turn, name)
    if service is None or turn.at >= service.until or not _signed(service.public_key, signed, signature):
        raise Denial("service", "this service is not enrolled, or not with this key")
    return service


def _check_key(public_key: bytes) -> None:
    if len(public_key) != _KEY_BYTES:
        raise Denial("key", "an Ed25519 public key has 32 bytes")


def _signed(public_key: bytes, signed: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True
