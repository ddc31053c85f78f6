"""Signed notes: a text that people can read, and below it the signatures of those who stand for it.

Standard library and one Ed25519 implementation, so that an auditor can read and run it alone.
Source: C2SP signed-note.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aliquot.terms.errors import Refused

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06

_KEY_BYTES = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
_DASH = "\N{EM DASH} "
_MAX_BYTES = 1 << 20
_MAX_SIGNATURES = 64
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says that they signed, the id of their key, and the signature itself."""

    name: str
    key_id: bytes
    raw: bytes

    def line(self) -> str:
        """The line as it stands in the note."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.raw).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text with its signature lines; being read says nothing about who signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def render(self) -> str:
        """The note as it is stored and sent."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class Key:
    """A public key that someone trusts: its name, its signature type, its bytes."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if len(self.public) != _KEY_BYTES.get(self.kind):
            raise Refused("verifier key: unknown type or wrong length")
        check_name(self.name)

    @property
    def key_id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def render(self) -> str:
        """The key as one word: name, id and key, joined by plus signs."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"


class Signer:
    """Who signs notes with the plain Ed25519 type. The name and the key are looked at once, not at each note."""

    __slots__ = ("_key_id", "_name", "_private")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._name = name
        self._key_id = Key(name, ED25519, private.public_key().public_bytes_raw()).key_id
        self._private = private

    def sign(self, text: str) -> Signature:
        """The signature under a note's text."""
        return Signature(self._name, self._key_id, self._private.sign(text.encode()))


def key(text: str) -> Key:
    """A verifier key from its one word.

    Raises:
        Refused: it is not a verifier key, or its id is not the one of its bytes.
    """
    # A name has no plus sign, but base64 has: the first two separate.
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise Refused("verifier key: not name, id and key")
    material = unbase64(parts[2], "verifier key")
    if not material:
        raise Refused("verifier key: empty")
    found = Key(parts[0], material[0], material[1:])
    if parts[1] != found.key_id.hex():
        raise Refused("verifier key: the id is not the one of the key")
    return found


def parse(text: str) -> Note:
    """The text of a note and its signature lines.

    Raises:
        Refused: it is not a signed note.
    """
    if len(text) > _MAX_BYTES or _CONTROL.search(text):
        raise Refused("note: too long, or with control characters")
    body, blank, lines = text.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise Refused("note: no signatures")
    rows = lines[:-1].split("\n")
    if len(rows) > _MAX_SIGNATURES:
        raise Refused("note: too many signatures")
    return Note(body + "\n", tuple(_signature(row) for row in rows))


def holds(text: str, signature: Signature, signer: Key) -> bool:
    """Whether a plain Ed25519 signature is this key's, over this text."""
    return valid(signer.public, signature.raw, text.encode())


def valid(public: bytes, raw: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is true."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(raw, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_name(name: str) -> None:
    """Refuses a key name that a signature line cannot carry."""
    if not name or "+" in name or name.split() != [name]:
        raise Refused("key name: empty, or with a space or a plus sign")


def unbase64(text: str, place: str) -> bytes:
    """Bytes from standard base64; `place` is named in the refusal."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as unreadable:
        raise Refused(f"{place}: not base64") from unreadable
    # Unused bits must be zero: one value has one spelling.
    if base64.b64encode(raw).decode() != text:
        raise Refused(f"{place}: not base64")
    return raw


def _signature(row: str) -> Signature:
    name, _, encoded = row.removeprefix(_DASH).partition(" ")
    if not row.startswith(_DASH):
        raise Refused("note: a signature line does not begin with a dash")
    check_name(name)
    raw = unbase64(encoded, "note signature")
    if len(raw) < 5:
        raise Refused("note: a signature line is too short")
    return Signature(name, raw[:4], raw[4:])
