"""How the resources of a document are named, pruned and written, so that the same report gives the same bytes."""

import uuid
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from aliquot.lab.content import Report
from aliquot.terms.canonical import Json
from aliquot.terms.errors import Broken

Resource = dict[str, Json]
Entry = tuple[str, Resource]
"""The fullUrl of a resource, and the resource."""

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
LAB_PROFILES = "http://hl7.eu/fhir/laboratory/StructureDefinition/"
BASE_PROFILES = "http://hl7.eu/fhir/base/StructureDefinition/"

_NAMESPACE = uuid.UUID("5b0f6c0e-6d0c-4c53-9a54-5f8a2f4f3d10")
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_NOT_IN_FHIR = {code: "\ufffd" for code in range(32) if chr(code) not in "\t\r\n"}


def url(kind: str, *keys: str | int) -> str:
    """The name of a thing inside and across documents: derived from its ids, never from what they stand for."""
    return uuid.uuid5(_NAMESPACE, "/".join((kind, *map(str, keys)))).urn


def entry(name: str, kind: str, profile: str, content: Resource) -> Entry:
    """One resource, with nothing empty in it, for FHIR has no empty element."""
    meta: Json = {"profile": [profile]} if profile else None
    head: Resource = {"resourceType": kind, "id": name.removeprefix("urn:uuid:"), "meta": meta}
    pruned = filled({**head, **content})
    if not isinstance(pruned, dict):
        raise Broken("a resource is an object")
    return name, pruned


def reference(name: str, display: str = "") -> Json:
    """A reference to a resource of the same document."""
    return {"reference": name, "display": display}


def coding(system: str, code: str, display: str = "") -> Json:
    """One code, with the system that gives it its meaning."""
    return {"system": system, "code": code, "display": display}


def concept(text: str, *codings: Json) -> Json:
    """What is meant, in codes and in the laboratory's own words."""
    return {"coding": list(codings), "text": text}


def identifier(name: str) -> Json:
    """A urn as an identifier."""
    return {"system": "urn:ietf:rfc:3986", "value": name}


def instant(at: datetime | None, report: Report) -> Json:
    """An instant at the laboratory's own time, with its distance to UTC."""
    if at is None:
        return None
    return at.astimezone(ZoneInfo(report.laboratory.time_zone)).isoformat(timespec="seconds")


def filled(content: Json) -> Json:
    """`content` without what is empty. Zero and false are content."""
    match content:
        case str():
            return content.translate(_NOT_IN_FHIR) or None
        case dict():
            kept = {key: filled(value) for key, value in content.items()}
            return {key: value for key, value in kept.items() if value is not None} or None
        case list() | tuple():
            return [value for value in map(filled, content) if value is not None] or None
        case Decimal() if not content.is_finite():
            raise Broken("FHIR document: a number is not finite")
        case _:
            return content


def encode(content: Json) -> bytes:
    """FHIR JSON. A decimal is a JSON number with the digits that were reported: 72.50 stays 72.50."""
    return _ENCODER.encode(content)
