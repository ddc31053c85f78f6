"""A stranger's program: it opens an exit bundle and rebuilds every record from it, and has never seen the exporter.

It is written from docs/formats/bundle.md and docs/formats/exit.md alone, reads the tables of fields in the latter, and
imports nothing but Python and its cryptography.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats" / "exit.md"
SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
CHUNK, TAG = 1 << 20, 16
Json = Any  # Any: JSON of somebody else
EMPTY: dict[str, Json] = {"text": ""}


@dataclass
class Part:
    """One open part: its label and its lines."""

    label: Json
    lines: list[Json]


@dataclass
class Rebuilt:
    """What a bundle says: records by (patient, kind, id, version), the history by patient, catalogue and manifest."""

    records: dict[tuple[str, str, str, int], Json] = field(default_factory=dict)
    places: dict[tuple[str, str, str, int], Json] = field(default_factory=dict)
    history: dict[str, list[Json]] = field(default_factory=dict)
    catalogue: Json = None
    manifest: Json = None
    resources: list[Json] = field(default_factory=list)


def rebuilt(folder: Path, secret: bytes) -> Rebuilt:
    """Everything that is in a bundle, with the receiver's key."""
    found, tables = Rebuilt(), fields()
    for part in opened(folder, secret):
        if part.label["holds"] == "manifest":
            (found.manifest,) = part.lines
            continue
        for resource in part.lines:
            found.resources.append(resource)
            if resource["resourceType"] == "DocumentReference" and resource.get("id") == "catalogue":
                found.catalogue = json.loads(base64.b64decode(resource["content"][0]["attachment"]["data"]))
            for extension in resource.get("extension", []):
                if extension["url"] == "urn:aliquot:record":
                    _take(found, tables, resource, extension["extension"])
    return found


def opened(folder: Path, secret: bytes) -> Iterator[Part]:
    """The parts of a bundle in their order, each checked against what the sender signed and then opened."""
    raw = (folder / "header.json").read_bytes()
    header, header_hash = json.loads(raw), hashlib.sha256(raw).digest()
    key, name = _private(secret)
    manifest = _signed(header, (folder / "manifest.json").read_bytes(), b"manifest")
    files = sorted(folder.glob("*.part"))
    assert len(files) == len(manifest["parts"])
    for file, named in zip(files, manifest["parts"], strict=True):
        content = file.read_bytes()
        length = int.from_bytes(content[4:8], "big")
        head_raw, ending = content[8 : 8 + length], int.from_bytes(content[-4:], "big")
        trailer = _signed(header, content[-4 - ending : -4], b"trailer")
        assert content[:4] == b"aqb1"
        assert hashlib.sha256(_canonical(trailer)).hexdigest() == named
        assert hashlib.sha256(head_raw).hexdigest() == trailer["head"]
        assert trailer["header"] == header_hash.hex()
        head = json.loads(head_raw)
        number = head["part"].to_bytes(4, "big")
        sealed_key = bytes.fromhex(head["keys"][header["recipients"].index(name)])
        part_key = SUITE.decrypt(sealed_key, key, b"aliquot/bundle/v1\0" + header_hash + number)
        info = b"aliquot/bundle/payload/v1\0" + number
        aead = AESGCM(HKDF(hashes.SHA256(), 32, salt=header_hash, info=info).derive(part_key))
        plain = b"".join(_chunks(content[8 + length : -4 - ending], aead, header_hash + number))
        assert len(plain) == trailer["bytes"]
        yield Part(json.loads(trailer["label"]), [_line(line) for line in plain.splitlines()])


def fields() -> dict[str, dict[str, tuple[str, str]]]:
    """The tables of the document: for each structure its fields, with form and place."""
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    for block in re.split(r"^### ", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]:
        name = block.split("\n", 1)[0].strip("`")
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]*) \|$", block, re.MULTILINE)
        tables[name] = {field_: (form.strip(), place.strip().strip("`")) for field_, form, place in rows}
    return tables


def _take(found: Rebuilt, tables: dict[str, dict[str, tuple[str, str]]], resource: Json, parts: list[Json]) -> None:
    said = {part["url"]: part for part in parts}
    kind = said["kind"]["valueCode"]
    patient = resource["id"] if resource["resourceType"] == "Patient" else ""
    if kind == "history":
        patient = resource["entity"][0]["what"]["reference"].removeprefix("Patient/")
        found.history.setdefault(patient, []).append(_struct(tables, "history", resource, said["content"]))
        return
    patient = patient or resource["subject"]["reference"].removeprefix("Patient/")
    key = (patient, kind, said["id"]["valueId"], said["version"]["valuePositiveInt"])
    assert key not in found.records
    found.records[key] = _struct(tables, kind, resource, said["content"])
    parents = [part["valueId"] for part in parts if part["url"] == "parent"]
    found.places[key] = (
        *(said["state"]["valueCode"], said["harm"]["valueCode"], said["schema"]["valuePositiveInt"]),
        parents,
    )


def _struct(tables: dict[str, dict[str, tuple[str, str]]], name: str, resource: Json, said: Json) -> Json:
    """One structure: every field of its table, from its extension or from where the table says."""
    parts: dict[str, list[Json]] = {}
    for part in said["extension"]:
        parts.setdefault(part["url"], []).append(part)
    tag = parts.pop("type", None)
    parts.pop("empty", None)
    kind = f"{name} {tag[0]['valueCode']}" if tag else name
    table = tables[kind]
    assert set(parts) <= set(table), (kind, set(parts) - set(table))
    made: dict[str, Json] = {"type": tag[0]["valueCode"]} if tag else {}
    for field_, (form, place) in table.items():
        if place:
            made[field_] = _at(resource, place)
        elif form.startswith("list of "):
            made[field_] = [_one(tables, form.removeprefix("list of "), resource, one) for one in parts.get(field_, [])]
        elif field_ in parts:
            made[field_] = _one(tables, form.removesuffix(" or nothing"), resource, parts[field_][0])
        else:
            made[field_] = None if form.endswith(" or nothing") else EMPTY[form]
    return made


def _one(tables: dict[str, dict[str, tuple[str, str]]], form: str, resource: Json, part: Json) -> Json:
    if form not in {"text", "number", "count", "yes or no", "instant", "day"}:
        return _struct(tables, form.strip("`"), resource, part)
    if "extension" in part:
        return ""
    (value,) = [value for key, value in part.items() if key.startswith("value")]
    if "valueBase64Binary" in part:
        return base64.b64decode(value).decode()
    return str(value) if form == "number" else int(value) if form == "count" else value


def _at(resource: Json, place: str) -> Json:
    for step in re.findall(r"\w+", place):
        resource = resource[int(step)] if step.isdigit() else resource.get(step, "")
    return resource


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
