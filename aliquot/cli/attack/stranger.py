"""A stranger with the receiver's key: opens an exit bundle, and has never seen the program that made it.

It is written from docs/formats/bundle.md and docs/formats/exit.md, and imports nothing but Python and its cryptography.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
CHUNK, TAG = 1 << 20, 16
Json = Any  # Any: JSON of somebody else


class NotThat(Exception):
    """The bundle is not what its sender signed, or this is not its receiver's key."""


@dataclass
class Part:
    """One open part: its label and its lines."""

    label: Json
    lines: list[Json]


def opened(folder: Path, secret: bytes) -> Iterator[Part]:
    """The parts of a bundle in their order, each checked against what the sender signed and then opened."""
    raw = (folder / "header.json").read_bytes()
    header, header_hash = json.loads(raw), hashlib.sha256(raw).digest()
    key, name = _private(secret)
    _agree(name in header["recipients"])
    manifest = _signed(header, (folder / "manifest.json").read_bytes(), b"manifest")
    files = sorted(folder.glob("*.part"))
    _agree(len(files) == len(manifest["parts"]))
    for file, named in zip(files, manifest["parts"], strict=True):
        content = file.read_bytes()
        length = int.from_bytes(content[4:8], "big")
        head_raw, ending = content[8 : 8 + length], int.from_bytes(content[-4:], "big")
        trailer = _signed(header, content[-4 - ending : -4], b"trailer")
        _agree(content[:4] == b"aqb1" and trailer["header"] == header_hash.hex())
        _agree(hashlib.sha256(_canonical(trailer)).hexdigest() == named)
        _agree(hashlib.sha256(head_raw).hexdigest() == trailer["head"])
        head = json.loads(head_raw)
        number = head["part"].to_bytes(4, "big")
        sealed_key = bytes.fromhex(head["keys"][header["recipients"].index(name)])
        part_key = SUITE.decrypt(sealed_key, key, b"aliquot/bundle/v1\0" + header_hash + number)
        info = b"aliquot/bundle/payload/v1\0" + number
        aead = AESGCM(HKDF(hashes.SHA256(), 32, salt=header_hash, info=info).derive(part_key))
        plain = b"".join(_chunks(content[8 + length : -4 - ending], aead, header_hash + number))
        _agree(len(plain) == trailer["bytes"])
        yield Part(json.loads(trailer["label"]), [_line(line) for line in plain.splitlines()])


def leaves(resource: Json) -> Iterator[tuple[str, str]]:
    """Every field that a resource keeps word for word, as (name of the record and of the field, what it says)."""
    for extension in resource.get("extension", []):
        if extension["url"] == "urn:aliquot:record":
            said = {part["url"]: part for part in extension["extension"]}
            named = "/".join(str(_value(said[one])) for one in ("kind", "id", "version") if one in said)
            yield from _fields(named, said["content"])


def _fields(name: str, part: Json) -> Iterator[tuple[str, str]]:
    if "extension" not in part:
        yield name, str(_value(part))
        return
    for inner in part["extension"]:
        if inner["url"] != "empty":
            yield from _fields(f"{name}/{inner['url']}", inner)


def _value(part: Json) -> Json:
    (value,) = [value for key, value in part.items() if key.startswith("value")]
    return base64.b64decode(value).decode() if "valueBase64Binary" in part else value


def _line(line: bytes) -> Json:
    return json.loads(line, parse_float=Decimal, parse_int=Decimal)


def _private(secret: bytes) -> tuple[hpke.MLKEM768X25519PrivateKey, str]:
    """The receiver's key, and what a header names it by."""
    mlkem, x25519 = MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
    public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
    name = hashlib.sha256(b"aliquot/slot/v1\0" + public).digest()[:16].hex()
    return hpke.MLKEM768X25519PrivateKey(mlkem, x25519), name


def _chunks(sealed: bytes, aead: AESGCM, associated: bytes) -> Iterator[bytes]:
    count = max(1, -(-len(sealed) // (CHUNK + TAG)))
    for number in range(count):
        chunk = sealed[number * (CHUNK + TAG) : (number + 1) * (CHUNK + TAG)]
        yield aead.decrypt(number.to_bytes(11, "big") + bytes([number == count - 1]), chunk, associated)


def _signed(header: Json, raw: bytes, kind: bytes) -> Json:
    read = json.loads(raw)
    message = b"aliquot/bundle-" + kind + b"/v1\0" + _canonical(read["said"])
    keys = header["sender"]
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(keys["ed25519"])).verify(bytes.fromhex(read["ed25519"]), message)
    MLDSA44PublicKey.from_public_bytes(bytes.fromhex(keys["mldsa44"])).verify(bytes.fromhex(read["mldsa44"]), message)
    return read["said"]


def _canonical(said: Json) -> bytes:
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _agree(holds: bool) -> None:  # it is what is checked
    if not holds:
        raise NotThat
