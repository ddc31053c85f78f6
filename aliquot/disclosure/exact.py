"""A record word for word inside a FHIR resource: one extension with what was kept, field by field, under its own name.

FHIR's own elements are made for readers and lose what they have no place for. Whoever rebuilds the records reads this.
Format: docs/formats/exit.md.
"""

import base64
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

import msgspec

from aliquot.access.grant import Record
from aliquot.terms.canonical import Json
from aliquot.terms.errors import Broken

URL = "urn:aliquot:record"
_NOT_IN_FHIR = frozenset(map(chr, range(32))) - frozenset("\t\r\n")
_EMPTY: Json = {"url": "empty", "valueBoolean": True}


def extension(record: Record, says: msgspec.Struct) -> Json:
    """One version of one record: where it stands, and what it says. Bytes stand in the resource's attachments."""
    place: list[Json] = [
        {"url": "kind", "valueCode": record.kind.name.lower()},
        {"url": "id", "valueId": record.id.hex()},
        {"url": "version", "valuePositiveInt": record.version},
        {"url": "schema", "valuePositiveInt": record.schema},
        {"url": "state", "valueCode": record.state},
        {"url": "harm", "valueCode": record.harm.name.lower()},
        *({"url": "parent", "valueId": parent.hex()} for parent in record.parents),
    ]
    return {"url": URL, "extension": [*place, _struct("content", says)]}


def fields(kind: str, says: msgspec.Struct) -> Json:
    """Something that is not a record of its own, in the same way: an entry of the history."""
    return {"url": URL, "extension": [{"url": "kind", "valueCode": kind}, _struct("content", says)]}


def _struct(name: str, says: msgspec.Struct) -> Json:
    parts = [part for field in says.__struct_fields__ for part in _values(field, getattr(says, field))]
    tag = says.__struct_config__.tag
    tagged: list[Json] = [{"url": "type", "valueCode": str(tag)}] if tag is not None else []
    return {"url": name, "extension": [*tagged, *parts] or [_EMPTY]}


def _values(name: str, value: object) -> Iterator[Json]:
    """What has nothing to say is not written: an empty text, an empty list, nothing at all."""
    if isinstance(value, tuple):
        yield from (_value(name, one) for one in value)
    elif value is not None and value != "" and not isinstance(value, bytes):
        yield _value(name, value)


def _value(name: str, value: object) -> Json:
    match value:
        case Enum():
            return _value(name, value.value)
        case "":
            return {"url": name, "extension": [_EMPTY]}
        case str() if _NOT_IN_FHIR.isdisjoint(value):
            return {"url": name, "valueString": value}
        case str():
            # FHIR's texts cannot hold control characters, and old systems left some.
            return {"url": name, "valueBase64Binary": base64.b64encode(value.encode()).decode()}
        case bool():
            return {"url": name, "valueBoolean": value}
        case int():
            return {"url": name, "valueInteger": value}
        case Decimal():
            return {"url": name, "valueDecimal": value}
        case datetime():
            return {"url": name, "valueInstant": str(msgspec.to_builtins(value))}
        case date():
            return {"url": name, "valueDate": value.isoformat()}
        case msgspec.Struct():
            return _struct(name, value)
        case _:
            raise Broken(f"export: the field {name} has no form in the bundle")
