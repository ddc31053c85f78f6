"""A passkey in software: a real peer that makes keys, keeps them and signs, and can be told to misbehave."""

import base64
import copy
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from fido2 import cbor

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One device with at most one passkey. `origin` is what its browser says; `party` the rp id that it was asked by.

    `verifies` says that it checks its owner's finger or PIN; `counts` that it counts its signatures;
    `algorithm` is what it claims to sign with.
    """

    origin: str
    party: str = ""
    verifies: bool = True
    counts: bool = True
    algorithm: int = -7
    counter: int = 0
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    owner: bytes = b""
    key: EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: str) -> str:
        """The browser's answer to `navigator.credentials.create`."""
        asked = json.loads(options)["publicKey"]
        self.owner = unweb(asked["user"]["id"])
        client = self._client("webauthn.create", asked["challenge"])
        attested = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + self._public()
        data = self._data(_ATTESTED) + attested
        attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": web(client), "attestationObject": web(attestation)})

    def sign(self, options: str) -> str:
        """The browser's answer to `navigator.credentials.get`."""
        asked = json.loads(options)["publicKey"]
        client = self._client("webauthn.get", asked["challenge"])
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": web(client),
                "authenticatorData": web(data),
                "signature": web(signature),
                "userHandle": web(self.owner),
            }
        )

    def clone(self) -> Self:
        """A copy with the same key and count, as a thief would make it."""
        return copy.copy(self)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int) -> bytes:
        self.counter += self.counts
        party = self.party or urlsplit(self.origin).hostname or ""
        flags |= _PRESENT | (_VERIFIED if self.verifies else 0)
        return hashlib.sha256(party.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _public(self) -> bytes:
        point = self.key.public_key().public_numbers()
        # COSE: key type EC2, algorithm ES256, curve P-256, x, y (RFC 9053).
        return cbor.encode({1: 2, 3: self.algorithm, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})

    def _answer(self, response: dict[str, Any]) -> str:  # WebAuthn's own JSON form
        said = web(self.credential)
        return json.dumps(
            {"id": said, "rawId": said, "type": "public-key", "response": response, "clientExtensionResults": {}}
        )


def web(raw: bytes) -> str:
    """Base64url without padding, as WebAuthn writes bytes in JSON."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unweb(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
