"""A stranger's program: it opens an exit bundle and rebuilds every record from it, and has never seen the exporter.

It is written from docs/formats/exit.md alone and reads the tables of fields there. What opens the bundle is a
stranger's too (`aliquot/cli/attack/stranger.py`): neither has anything of ours.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aliquot.cli.attack import stranger

DOCUMENT = Path(__file__).parents[2] / "docs" / "formats" / "exit.md"
Json = Any  # Any: JSON of somebody else
EMPTY: dict[str, Json] = {"text": ""}


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
    for part in stranger.opened(folder, secret):
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
