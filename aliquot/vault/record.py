"""The sealed record: content that opens only for its patient, at its place, in its version and in its state.

Layout: docs/formats/sealed-record.md. What the associated data cannot catch - an old version put back, a row deleted -
the history does.
"""

import os
import struct
from typing import Final, NewType

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Harm
from aliquot.vault import padding
from aliquot.vault.errors import KeyExhausted, Unopenable
from aliquot.vault.keys import DerivedKey, PatientKey

Sealed = NewType("Sealed", bytes)
"""A sealed record: `0x01 | 0x01 | pk_n u32 | nonce12 | ciphertext | tag16`."""

FORMAT: Final = 1
WHOLE: Final = 1
"""`alg` of a record that is sealed in one piece."""
STREAMED: Final = 2
"""`alg` of a document that is sealed in chunks (`vault.document`)."""
SEALS_PER_KEY: Final = 2**20
LARGEST_BODY: Final = 2**20

HEAD = struct.Struct(">BHI")
"""What stands before the body in the plaintext: class, schema, length of the body."""
PREFIX = struct.Struct(">BBI")
"""What stands in clear before a sealed record: format, algorithm, number of the patient's key."""

_AAD = struct.Struct(">15s16s16sH16sQHI32s")
_AAD_LABEL = b"aliquot/rec/v1\x00"
_NONCE_BYTES = 12
_BODY_AT = PREFIX.size + _NONCE_BYTES
_SHORTEST = _BODY_AT + padding.CLASSES[0] + 16
_HARMS = tuple(Harm)  # looked up by number: constructing the enumeration costs a tenth of an opening
_ASIDE_INFO = b"aliquot/aside/v1"
_DOCUMENT_INFO = b"aliquot/document/v1"


class Address(msgspec.Struct, frozen=True, gc=False):
    """Where a record belongs. `deciding` is `terms.canonical.deciding` of its state and parents."""

    lab: Org
    patient: Id
    kind: int
    resource: Id
    version: int
    deciding: bytes

    def __post_init__(self) -> None:
        # `struct` would cut or fill a field of another length in silence, and two addresses could then be one.
        if (len(self.lab), len(self.patient), len(self.resource), len(self.deciding)) != (4, 16, 16, 32):
            raise Broken("address: a field has the wrong length")


class Opened(msgspec.Struct, frozen=True, gc=False):
    """What a sealed record says: its class of harm, the schema its body is written in, and the body."""

    harm: Harm
    schema: int
    body: bytes

    def __repr__(self) -> str:
        return f"Opened(harm={self.harm!r}, schema={self.schema}, body=sealed)"


class Sealer:
    """Seals and opens what belongs to one patient under one of the patient's keys.

    `n` is the number of that key; `seals` how often it has sealed before, as custody counted.
    """

    __slots__ = ("_key", "_prefix", "n", "seals")

    def __init__(self, key: PatientKey, n: int, seals: int = 0) -> None:
        self._key = key
        self._prefix = PREFIX.pack(FORMAT, WHOLE, n)
        self.n = n
        self.seals = seals

    def seal(self, address: Address, harm: Harm, schema: int, body: bytes) -> Sealed:
        """The record as it may be stored.

        Raises:
            KeyExhausted: this key has sealed 2**20 times (collision of nonces at most 2**-57).
            Refused: the body is over 1 MiB and must be sealed as a document.
        """
        self.spend()
        return self._seal(address, HEAD.pack(harm, schema, len(body)) + body, schema, os.urandom(_NONCE_BYTES))

    def open(self, address: Address, schema: int, sealed: Sealed) -> Opened:
        """The record's content, provided that it is the one sealed for this address, in this schema, by this key.

        Raises:
            Unopenable: it is not.
        """
        if len(sealed) < _SHORTEST or sealed[: PREFIX.size] != self._prefix:
            raise Unopenable("record: not in format 1 under this key")
        nonce = sealed[PREFIX.size : _BODY_AT]
        try:
            plain = self._key.aead.decrypt(nonce, sealed[_BODY_AT:], self.associated(address, schema))
        except InvalidTag:
            raise Unopenable("record: does not open at this address") from None
        harm, inner_schema, length = HEAD.unpack_from(plain)
        if inner_schema != schema or HEAD.size + length > len(plain):
            raise Unopenable("record: sealed against its own format")
        return Opened(_HARMS[harm], schema, plain[HEAD.size : HEAD.size + length])

    def associated(self, address: Address, schema: int) -> bytes:
        """The 111 bytes that must be the same at opening as at sealing."""
        return _AAD.pack(
            _AAD_LABEL,
            address.lab,  # filled with zero bytes to `lab16`
            address.patient,
            address.kind,
            address.resource,
            address.version,
            schema,
            self.n,
            address.deciding,
        )

    def spend(self) -> None:
        """Counts one seal against this key.

        Raises:
            KeyExhausted: there is none left.
        """
        if self.seals >= SEALS_PER_KEY:
            raise KeyExhausted("patient key: sealed as often as it may")
        self.seals += 1

    def aside(self) -> DerivedKey:
        """The key for what is kept about the patient beside the records, and is to be forgotten with them."""
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_ASIDE_INFO)
        return DerivedKey(hkdf.derive(self._key.reveal()))

    def document_aead(self, salt: bytes) -> AESGCM:
        """The cipher of one document, under a key of its own, so that chunk counters may start at zero."""
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=_DOCUMENT_INFO)
        return AESGCM(hkdf.derive(self._key.reveal()))

    def _seal(self, address: Address, content: bytes, schema: int, nonce: bytes) -> Sealed:
        if len(content) > HEAD.size + LARGEST_BODY:
            raise Refused("record: a body over 1 MiB is sealed as a document")
        sealed = self._key.aead.encrypt(nonce, padding.pad(content), self.associated(address, schema))
        return Sealed(self._prefix + nonce + sealed)
