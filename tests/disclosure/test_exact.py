"""A record word for word inside a FHIR resource: nothing is lost, whatever it says."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from aliquot.access.grant import Record
from aliquot.custody import answers
from aliquot.disclosure import exact, resources
from aliquot.lab.content import Import, Original
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.terms.quantities import Quantity
from tests.lab.desk import SODIUM


def extension(kind: Kind, says: msgspec.Struct) -> dict[str, object]:
    record = Record(kind, Id(b"r" * 16), 3, 1, "released", (b"p" * 16, b"q" * 16), Harm.SENSITIVE, b"")
    read: dict[str, object] = json.loads(resources.encode(exact.extension(record, says)), parse_float=str)
    return read


def test_where_a_record_stands_is_told_with_it() -> None:
    told = extension(Kind.OBSERVATION, SODIUM)["extension"]
    assert isinstance(told, list)
    assert told[:8] == [
        {"url": "kind", "valueCode": "observation"},
        {"url": "id", "valueId": "72" * 16},
        {"url": "version", "valuePositiveInt": 3},
        {"url": "schema", "valuePositiveInt": 1},
        {"url": "state", "valueCode": "released"},
        {"url": "harm", "valueCode": "sensitive"},
        {"url": "parent", "valueId": "70" * 16},
        {"url": "parent", "valueId": "71" * 16},
    ]


def test_a_number_keeps_its_digits() -> None:
    said = extension(Kind.OBSERVATION, msgspec.structs.replace(SODIUM, value=Quantity(Decimal("72.50"), "mmol/L")))
    assert '"valueDecimal": "72.50"' in json.dumps(said)


def test_what_an_old_system_left_empty_keeps_its_place() -> None:
    said = Import("aa", "1", "2", ("bb", "cc"), (Original(), Original(value="x")))
    told = json.dumps(extension(Kind.IMPORT, said))
    empty, full = told.index('"empty"'), told.index('"valueString": "x"')
    assert empty < full


def test_what_fhir_cannot_hold_is_kept_all_the_same() -> None:
    opening = answers.Opening(
        at=datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        person="",
        name="a\x00b",
        roles=("", "x"),
        act="",
        step="",
        why="",
        portion=(),
        explained="",
        reason="",
        seq=0,
    )
    read = json.loads(canonical.encode(exact.fields("history", opening)))
    parts = {part["url"]: part for part in read["extension"][1]["extension"] if part["url"] != "roles"}
    assert parts["name"] == {"url": "name", "valueBase64Binary": "YQBi"}
    assert parts["at"]["valueInstant"] == "2026-01-02T03:04:05.678000Z"
