"""The slot of the letterbox: what came in is sealed before it is stored, by a process that cannot read it again.

This is the public half: it holds no secret but the listener's own signing key. Opening is `vault.letterkey`, in
custody. Layout: docs/formats/letter.md.
"""

import functools
import hashlib
import struct
from datetime import UTC, datetime, timedelta
from typing import Final, NewType

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.vault import padding
from aliquot.vault.errors import Forged

SlotKey = NewType("SlotKey", bytes)
"""The letterbox's public key: 1184 bytes of ML-KEM-768, then 32 of X25519."""

SealedLetter = NewType("SealedLetter", bytes)
"""`0x01 | HPKE encapsulation (1120 bytes) | ciphertext | tag16`."""

SUITE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
VERSION: Final = b"\x01"
LENGTH = struct.Struct(">I")
"""Length of the message, before it in the plaintext."""

_MLKEM_BYTES = 1184
_SLOT_BYTES = 1216
_INFO = b"aliquot/letter/v1\x00"
_SIGNED = b"aliquot/letter-signature/v1\x00"
_HEADER = struct.Struct(">B16sQqB")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_PEER = 255
_KNOWN_SLOTS = 4


class Envelope(msgspec.Struct, frozen=True):
    """What is written on a letter: which listener took it, its number there, when, and from which enrolled peer.

    `peer` is the name under which the peer was enrolled; never anything that the message says.
    """

    listener: Id
    number: int
    received_at: datetime
    peer: str


class Letter(msgspec.Struct, frozen=True):
    """One thing that came in, as the letterbox keeps it."""

    envelope: Envelope
    sealed: SealedLetter
    signature: bytes


def seal(key: SlotKey, envelope: Envelope, message: bytes) -> SealedLetter:
    """The message sealed to the letterbox; it opens only in this envelope.

    HPKE in base mode does not say who sealed it: that is what `sign` is for.
    """
    content = padding.pad(LENGTH.pack(len(message)) + message)
    return SealedLetter(VERSION + SUITE.encrypt(content, public(key), info(envelope)))


def sign(key: Ed25519PrivateKey, envelope: Envelope, sealed: SealedLetter) -> Letter:
    """The letter with its listener's signature over envelope and sealed bytes."""
    return Letter(envelope, sealed, key.sign(_signed(envelope, sealed)))


def verify(key: Ed25519PublicKey, letter: Letter) -> None:
    """Establishes that the listener with this enrolled key took exactly this letter, at this number and time.

    It does not establish that no letter is missing: the numbers do.

    Raises:
        Forged: it did not.
    """
    try:
        key.verify(letter.signature, _signed(letter.envelope, letter.sealed))
    except InvalidSignature:
        raise Forged("letter: not signed by its listener") from None


def info(envelope: Envelope) -> bytes:
    """What HPKE binds a letter to: the label of the format, and the envelope."""
    return _INFO + _header(envelope)


# A letterbox keeps its key for years, and reading it took a fifth of sealing a letter.
@functools.lru_cache(_KNOWN_SLOTS)
def public(key: SlotKey) -> hpke.MLKEM768X25519PublicKey:
    """The public half of a slot, as HPKE takes it.

    Raises:
        Broken: it has another length.
    """
    if len(key) != _SLOT_BYTES:
        raise Broken("letterbox: the public key has the wrong length")
    mlkem = MLKEM768PublicKey.from_public_bytes(key[:_MLKEM_BYTES])
    return hpke.MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(key[_MLKEM_BYTES:]))


def _signed(envelope: Envelope, sealed: SealedLetter) -> bytes:
    return _SIGNED + _header(envelope) + hashlib.sha256(sealed).digest()


def _header(envelope: Envelope) -> bytes:
    peer = envelope.peer.encode()
    if len(peer) > _LONGEST_PEER or len(envelope.listener) != 16:
        raise Broken("letter: the envelope has a field of the wrong length")
    micros = (envelope.received_at - _EPOCH) // timedelta(microseconds=1)
    return _HEADER.pack(1, envelope.listener, envelope.number, micros, len(peer)) + peer
