"""The secrets of the key tree, each a type of its own, none of which shows itself.

Derivation is HKDF-SHA256 with the organization as salt, so that one label never gives two laboratories the same key.
"""

import os
from enum import StrEnum
from typing import NoReturn, Self, final

from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Org

_KEY_BYTES = 32
_ORG_BYTES = 4


class LabLabel(StrEnum):
    """What a laboratory's constant secret is good for; the text is the HKDF info."""

    BLIND_NIR = "aliquot/bi/v1|nir"
    BLIND_FILE = "aliquot/bi/v1|file"
    BLIND_ACCESSION = "aliquot/bi/v1|accession"
    BLIND_EXTID = "aliquot/bi/v1|extid"
    BLIND_LOGIN = "aliquot/bi/v1|login"
    SEARCH = "aliquot/search/v1"
    CONFIG = "aliquot/config/v1"
    AUDIT_PAYLOAD = "aliquot/audit/payload/v1"
    DIGEST = "aliquot/digest/v1"


class ForensicLabel(StrEnum):
    """What the two custodians' secret is good for; no laboratory's key gives any of these."""

    LINK = "aliquot/forensic/link/v1"
    FINGERPRINT = "aliquot/forensic/fp/v1"
    PANEL = "aliquot/forensic/panel/v1"


class Secret:
    """32 random bytes that open something. It cannot be printed, pickled, hashed or changed."""

    __slots__ = ("_material",)

    _material: bytes

    def __init__(self, material: bytes) -> None:
        if len(material) != _KEY_BYTES:
            raise Broken(f"{type(self).__name__}: a key has {_KEY_BYTES} bytes")
        object.__setattr__(self, "_material", bytes(material))

    @classmethod
    def generate(cls) -> Self:
        """A fresh secret from the machine's random source."""
        return cls(os.urandom(_KEY_BYTES))

    def reveal(self) -> bytes:
        """The bytes themselves, for wrapping and derivation inside this room and nothing else."""
        return self._material

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sealed)"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return constant_time.bytes_eq(self.reveal(), other.reveal())

    __hash__ = None  # type: ignore[assignment]  # a secret in a set or as a dictionary key would be compared in the open

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} does not leave its process")


class _AeadSecret(Secret):
    """A secret with its AES-256-GCM object made once: a new one for each record would double the cost."""

    __slots__ = ("aead",)

    aead: AESGCM

    def __init__(self, material: bytes) -> None:
        super().__init__(material)
        object.__setattr__(self, "aead", AESGCM(material))


@final
class PatientKey(_AeadSecret):
    """Seals everything about one patient of one laboratory; destroying it is forgetting the patient."""

    __slots__ = ()


@final
class LabKek(_AeadSecret):
    """Wraps the patient keys of one laboratory for one weekly epoch."""

    __slots__ = ()


@final
class LabSecret(Secret):
    """A laboratory's constant secret, from which its token, search and configuration keys are derived."""

    __slots__ = ()


@final
class ForensicSecret(Secret):
    """What linkage during a case rests on; two custodians together hold it, and no laboratory."""

    __slots__ = ()


@final
class Root(Secret):
    """The top of one organization's key tree; it never leaves its key store."""

    __slots__ = ()


@final
class DerivedKey(Secret):
    """A key for one labelled purpose of one organization."""

    __slots__ = ()


def derive(secret: LabSecret, org: Org, label: LabLabel) -> DerivedKey:
    """The laboratory's key for one purpose. Source: HKDF-SHA256, RFC 5869, salt `lab16`, info the label."""
    return _hkdf(secret, org, label)


def derive_forensic(secret: ForensicSecret, org: Org, label: ForensicLabel) -> DerivedKey:
    """The custodians' key for one forensic purpose about one organization."""
    return _hkdf(secret, org, label)


def lab16(org: Org) -> bytes:
    """An organization in the 16 bytes that associated data and salts give it: its 4 bytes, then 12 zero bytes.

    Raises:
        Broken: an organization has exactly 4 bytes.
    """
    if len(org) != _ORG_BYTES:
        raise Broken("lab16: an organization has 4 bytes")
    return org + bytes(12)


def _hkdf(secret: Secret, org: Org, label: StrEnum) -> DerivedKey:
    hkdf = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=lab16(org), info=label.value.encode())
    return DerivedKey(hkdf.derive(secret.reveal()))
