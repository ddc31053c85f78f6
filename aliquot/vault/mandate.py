"""The signed mandate of a migration: what the site of an old system needs to know to read no more than was permitted.

It is verified with the laboratory's export key and without a custodian. It holds names of tables and columns, ids and
one public key; no value of anybody. Layout: docs/formats/mandate.md.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from aliquot.terms import canonical, mandates
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope
from aliquot.vault.errors import Forged

_SIGNED = b"aliquot/mandate/v1\x00"
_Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2})*\Z")]


class MandateDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two people signed, and what custody made for it. Ids, hashes and keys are hexadecimal.

    `annex` is SHA-256 of the processing terms; `signers` are ids of people; `staging` is the public key to which
    bundles are sealed (1216 bytes); `sender` is `vault.bundle.fingerprint` of the only keys that may sign one, or empty
    when the source is read in place.
    """

    id: _Hex
    organization: _Hex
    purpose: str
    source: str
    annex: _Hex
    scope: Scope
    service: str
    allowed: int
    signers: tuple[_Hex, ...]
    signed_at: datetime
    until: Annotated[datetime, msgspec.Meta(tz=True)]
    staging: _Hex
    sender: _Hex


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal["aqm1"]
    key: _Hex
    mandate: MandateDocument
    signature: _Hex


def sign(key: Ed25519PrivateKey, document: MandateDocument) -> bytes:
    """The mandate as it is handed over: canonical JSON with the export key's signature."""
    public = key.public_key().public_bytes_raw()
    signature = key.sign(_SIGNED + canonical.encode(document))
    return canonical.encode(_File("aqm1", public.hex(), document, signature.hex()))


def read(raw: bytes, public_key: bytes) -> MandateDocument:
    """The mandate, if the laboratory with this export key signed exactly it.

    It does not establish that the mandate is still in force: its end date is compared by whoever reads, and only
    custody knows whether it was ended before.

    Raises:
        Refused: it is no mandate document, or names something that never travels.
        Forged: it was signed with another key, or altered.
    """
    file = _read(raw)
    try:
        signed = _SIGNED + canonical.encode(file.mandate)
        Ed25519PublicKey.from_public_bytes(public_key).verify(bytes.fromhex(file.signature), signed)
    except (InvalidSignature, ValueError):
        raise Forged("mandate: not signed by this laboratory's export key") from None
    if file.key != public_key.hex() or canonical.encode(file) != raw:
        raise Forged("mandate: it is not written as it was signed")
    mandates.check(file.mandate.scope)
    return file.mandate


def key_of(raw: bytes) -> bytes:
    """The export key that the document names. Nothing is proved by it: compare it with what the laboratory tells."""
    return bytes.fromhex(_read(raw).key)


def _read(raw: bytes) -> _File:
    try:
        return _FILES.decode(raw)
    except canonical.UNREADABLE:
        raise Refused("mandate: this is no mandate document") from None


_FILES = msgspec.json.Decoder(_File)
