"""The sealed bundle `aqb1`: what is carried from one site to another, and opened by nobody on the way.

This is the public half: what a bundle is, how its parts are sealed, and who signed them. Opening is `vault.bundlekey`,
in custody. A bundle is a folder: a header, parts that are each finished whole, and a manifest that says which parts
there are. Layout: docs/formats/bundle.md.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Protocol, Self, TypeVar, final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aliquot.terms import canonical
from aliquot.terms.errors import Broken, Refused
from aliquot.vault import letterbox
from aliquot.vault.errors import Forged
from aliquot.vault.letterbox import SlotKey

CHUNK: Final = 2**20
TAG: Final = 16
MAGIC: Final = b"aqb1"
LONGEST: Final = timedelta(days=30)
"""A bundle is good for no longer, whoever signs."""
AHEAD: Final = timedelta(days=1)
"""A sender's clock may be ahead by as much: a bundle that was begun later than that would outlive every limit."""
MOST_HEAD: Final = 64 * 1024

_INFO = b"aliquot/bundle/v1\x00"
_PAYLOAD = b"aliquot/bundle/payload/v1\x00"
_SENDER = b"aliquot/bundle-sender/v1\x00"
_SLOT = b"aliquot/slot/v1\x00"
_LEAF, _NODE = b"\x00", b"\x01"
SLOT_BYTES: Final = 1216
"""How long a public key is that a bundle is sealed to."""
_SEED_BYTES = 32
_KEY_BYTES = 32

Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*\Z")]
Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Label = Annotated[str, msgspec.Meta(max_length=500)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Sender(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The public keys of whoever seals: Ed25519 (32 bytes) and ML-DSA-44 (1312 bytes), hexadecimal."""

    ed25519: Hex
    mldsa44: Hex


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle says of itself, in clear: under which mandate, to whom, from whom, until when.

    `recipients` are `slot_id` of the keys that it is sealed to.
    """

    format: Literal["aqb1"]
    id: Id
    mandate: Id
    suite: Literal["MLKEM768-X25519, HKDF-SHA256, AES-256-GCM"]
    chunk: Literal[1048576]
    created: Instant
    expires: Instant
    recipients: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1, max_length=8)]
    sender: Sender


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The beginning of a part: its number from 1, a label that names a place, and its key for each recipient."""

    part: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    label: Label
    keys: tuple[Hex, ...]


class Trailer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sender signs at the end of a part. `root` is over the tags of its chunks, `head` SHA-256 of the head."""

    header: Sha256
    part: int
    head: Sha256
    label: Label
    rows: Count
    bytes: Count
    chunks: Count
    root: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the sender signs when a bundle is whole: SHA-256 of each part's trailer, in order, and all rows together."""

    header: Sha256
    parts: tuple[Sha256, ...]
    rows: Count


class _Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    said: msgspec.Raw
    ed25519: Hex
    mldsa44: Hex


T = TypeVar("T", Trailer, Manifest)


class Signs(Protocol):
    """Whoever signs a bundle: the site of an old system with its own keys, or custody for a laboratory."""

    def public(self) -> Sender:
        """The public halves."""

    def sign(self, said: Trailer | Manifest) -> bytes:
        """Canonical JSON of what is said, with both signatures."""


@final
class SenderKey:
    """The keys with which a site signs what it carries. Whoever has them can forge its bundles, and open none."""

    __slots__ = ("_ed25519", "_mldsa44", "_seed")

    def __init__(self, seed: bytes) -> None:
        """From the 64 bytes of `reveal`: the seed of Ed25519, then that of ML-DSA-44."""
        if len(seed) != 2 * _SEED_BYTES:
            raise Broken("sender key: has the wrong length")
        self._seed = bytes(seed)
        self._ed25519 = Ed25519PrivateKey.from_private_bytes(seed[:_SEED_BYTES])
        self._mldsa44 = MLDSA44PrivateKey.from_seed_bytes(seed[_SEED_BYTES:])

    @classmethod
    def generate(cls) -> Self:
        """New keys."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw() + MLDSA44PrivateKey.generate().private_bytes_raw())

    def reveal(self) -> bytes:
        """The 64 bytes themselves, for the one file of the site that keeps them."""
        return self._seed

    def public(self) -> Sender:
        """The public halves."""
        return Sender(
            self._ed25519.public_key().public_bytes_raw().hex(), self._mldsa44.public_key().public_bytes_raw().hex()
        )

    def sign(self, said: Trailer | Manifest) -> bytes:
        """Canonical JSON of what is said, with both signatures."""
        told = canonical.encode(said)
        message = _label(type(said)) + told
        ed25519, mldsa44 = self._ed25519.sign(message), self._mldsa44.sign(message)
        return canonical.encode(_Signed(msgspec.Raw(told), ed25519.hex(), mldsa44.hex()))

    def __repr__(self) -> str:
        return "SenderKey(sealed)"


def header(read: bytes) -> Header:
    """The header of a bundle.

    Raises:
        Refused: it is none, or promises to be good for longer than thirty days.
    """
    try:
        found = _HEADERS.decode(read)
    except canonical.UNREADABLE:
        raise Refused("bundle: the header cannot be read") from None
    if canonical.encode(found) != read:
        raise Refused("bundle: the header is not in canonical form")
    if not timedelta(0) < found.expires - found.created <= LONGEST:
        raise Refused(f"bundle: it is not good for at most {LONGEST.days} days")
    return found


def head(read: bytes) -> Head:
    """The head of a part.

    Raises:
        Refused: it is none.
    """
    try:
        return _HEADS.decode(read)
    except canonical.UNREADABLE:
        raise Refused("bundle: the head of a part cannot be read") from None


def verified(read: bytes, of: Header, kind: type[T]) -> T:
    """What the sender of this bundle signed: a trailer, or the manifest.

    It establishes that the holder of the keys in the header said it of this bundle; that these are the keys that the
    mandate names is `fingerprint`'s to establish.

    Raises:
        Refused: it cannot be read.
        Forged: it was not signed so, or is of another bundle.
    """
    try:
        signed = _SIGNED.decode(read)
        said = msgspec.json.decode(signed.said, type=kind)
    except canonical.UNREADABLE:
        raise Refused("bundle: what the sender signed cannot be read") from None
    message = _label(kind) + bytes(signed.said)
    try:
        ed25519, mldsa44 = bytes.fromhex(of.sender.ed25519), bytes.fromhex(of.sender.mldsa44)
        Ed25519PublicKey.from_public_bytes(ed25519).verify(bytes.fromhex(signed.ed25519), message)
        MLDSA44PublicKey.from_public_bytes(mldsa44).verify(bytes.fromhex(signed.mldsa44), message)
    except (InvalidSignature, ValueError):
        raise Forged("bundle: not signed by its sender") from None
    if said.header != header_hash(of).hex():
        raise Forged("bundle: signed for another bundle")
    return said


def fingerprint(sender: Sender) -> str:
    """What the signers of a mandate name a sender by: SHA-256 over both public keys."""
    return hashlib.sha256(_SENDER + bytes.fromhex(sender.ed25519) + bytes.fromhex(sender.mldsa44)).hexdigest()


def slot(named: str) -> SlotKey:
    """A public key to seal to, from its hexadecimal."""
    return SlotKey(bytes.fromhex(named))


def slot_id(slot: SlotKey) -> str:
    """What a header names a recipient by: 16 bytes of SHA-256 over the public key."""
    return hashlib.sha256(_SLOT + slot).digest()[:16].hex()


def header_hash(of: Header) -> bytes:
    """SHA-256 of the header: everything in the bundle is bound to it."""
    return hashlib.sha256(canonical.encode(of)).digest()


def head_hash(raw: bytes) -> bytes:
    """SHA-256 of a part's head as it stands: the keys in it are bound to the sender's signature by this."""
    return hashlib.sha256(raw).digest()


def trailer_hash(of: Trailer) -> bytes:
    """SHA-256 of a part's trailer: what the manifest names the part by."""
    return hashlib.sha256(canonical.encode(of)).digest()


def info(of: Header, part: int) -> bytes:
    """What HPKE binds the key of a part to."""
    return _INFO + header_hash(of) + part.to_bytes(4, "big")


def payload(of: Header, part: int, key: bytes) -> AESGCM:
    """The cipher of a part's chunks, from the key that its head carries."""
    label = _PAYLOAD + part.to_bytes(4, "big")
    return AESGCM(HKDF(hashes.SHA256(), _KEY_BYTES, salt=header_hash(of), info=label).derive(key))


def associated(of: Header, part: int) -> bytes:
    """What every chunk of a part is bound to, beside its number."""
    return header_hash(of) + part.to_bytes(4, "big")


def nonce(number: int, *, last: bool) -> bytes:
    """STREAM: the chunk's number from 0 in 11 bytes, then 1 if it is the last."""
    return number.to_bytes(11, "big") + bytes([last])


def sealed_key(of: Header, part: int, slot: SlotKey, key: bytes) -> bytes:
    """The key of a part, for one recipient."""
    return letterbox.SUITE.encrypt(key, letterbox.public(slot), info(of, part))


def leaf(number: int, size: int, tag: bytes) -> bytes:
    """A chunk in the tree: its number, its size in clear, and the tag that authenticates it.

    The tag and not the chunk: a hash over every byte would take eight times as long as sealing does, and for whoever
    does not hold the part's key the tag says as much.
    """
    return hashlib.sha256(_LEAF + number.to_bytes(8, "big") + size.to_bytes(8, "big") + tag).digest()


def root(leaves: list[bytes]) -> bytes:
    """The root of the tree of RFC 9162 over the leaves; of none, the hash of nothing."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(_NODE + root(leaves[:split]) + root(leaves[split:])).digest()


def _label(kind: type[Trailer | Manifest]) -> bytes:
    return f"aliquot/bundle-{kind.__name__.lower()}/v1".encode() + b"\x00"


_HEADERS = msgspec.json.Decoder(Header)
_HEADS = msgspec.json.Decoder(Head)
_SIGNED = msgspec.json.Decoder(_Signed)
