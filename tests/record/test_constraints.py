"""Rows that the program never writes are refused by the database itself, on each engine."""

from dataclasses import dataclass, field

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, connection, models, transaction

from tests.plan import NORD, SUD
from tests.world import World

HERE, THERE = NORD + bytes(12), SUD + bytes(12)
AT = "2026-11-23 08:00:00+00:00"
HASH = bytes(32)
Cell = bytes | str | int


@dataclass(frozen=True)
class Row:
    """One row as somebody at the database would write it."""

    table: str
    cells: dict[str, Cell] = field(default_factory=dict)

    def insert(self) -> None:
        """Write it, now and with every check."""
        columns = ", ".join(f'"{name}"' for name in self.cells)
        marks = ", ".join(["%s"] * len(self.cells))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {self.table} ({columns}) VALUES ({marks})", list(self.cells.values()))

    def but(self, **cells: Cell) -> "Row":
        """The same row with something else in it."""
        return Row(self.table, {**self.cells, **cells})


def of(org: bytes, number: int) -> bytes:
    return org + number.to_bytes(12, "big")


SUBJECT = Row("subject", {"id": of(NORD, 1)})
ACT = Row("act", {"id": of(NORD, 2), "outcome": "kept", "log_size": 1, "log_root": HASH})
REQUISITION = Row(
    "requisition",
    {
        "id": of(NORD, 3),
        "subject": of(NORD, 1),
        "site": "nord",
        "priority": "routine",
        "awaits": "results",
        "opened_at": AT,
    },
)
TUBE = Row(
    "specimen",
    {
        "id": of(NORD, 4),
        "requisition": of(NORD, 3),
        "site": "nord",
        "bench": "b",
        "awaits": "results",
        "since": AT,
        "tries": 0,
    },
)
MESSAGE = Row("message", {"id": of(NORD, 5), "subject": of(NORD, 1), "state": "waiting", "since": AT, "tries": 0})
TOKEN = Row("token", {"org": NORD, "field": "accession", "token": 7, "resource": of(NORD, 4), "act": of(NORD, 2)})
VERSION = Row(
    "version",
    {
        "resource": of(NORD, 6),
        "version": 1,
        "kind": 1,
        "subject": of(NORD, 1),
        "requisition": of(NORD, 3),
        "act": of(NORD, 2),
        "schema": 1,
        "state": "known",
        "parents": b"",
        "sealed": b"\x01",
    },
)
FOUND = (SUBJECT, ACT, REQUISITION, TUBE, MESSAGE, TOKEN, VERSION)
FOREIGN = (
    SUBJECT.but(id=of(SUD, 1)),
    ACT.but(id=of(SUD, 2)),
    REQUISITION.but(id=of(SUD, 3), subject=of(SUD, 1)),
)
HOSTILE = {
    "an id that is too short": SUBJECT.but(id=b"\x01" * 15),
    "an id that is too long": ACT.but(id=b"\x01" * 17),
    "an act twice": ACT.but(outcome="lost"),
    "an outcome that no act has": ACT.but(id=of(NORD, 20), outcome="maybe"),
    "work of another laboratory's patient": REQUISITION.but(id=of(NORD, 30), subject=of(SUD, 1)),
    "work of nobody": REQUISITION.but(id=of(NORD, 30), subject=of(NORD, 99)),
    "a tube of another laboratory's work": TUBE.but(id=of(NORD, 40), requisition=of(SUD, 3)),
    "a message of another laboratory": MESSAGE.but(id=of(NORD, 50), subject=of(SUD, 1)),
    "an identifier twice": TOKEN.but(resource=of(NORD, 41)),
    "an identifier of another laboratory's resource": TOKEN.but(token=8, resource=of(SUD, 4), act=of(SUD, 2)),
    "an identifier by another laboratory's act": TOKEN.but(token=8, act=of(SUD, 2)),
    "a version twice": VERSION.but(sealed=b"\x02"),
    "a version of another laboratory's patient": VERSION.but(version=2, subject=of(SUD, 1)),
    "a version of another laboratory's work": VERSION.but(version=2, requisition=of(SUD, 3)),
    "a version by another laboratory's act": VERSION.but(version=2, act=of(SUD, 2)),
    "a version by no act": VERSION.but(version=2, act=of(NORD, 98)),
    "a version that counts backwards": VERSION.but(version=-1),
}


@pytest.mark.parametrize("row", HOSTILE.values(), ids=HOSTILE)
def test_a_row_that_no_act_writes_is_refused(lab: World, row: Row) -> None:
    for sound in (*FOUND, *FOREIGN):
        sound.insert()
    with pytest.raises((IntegrityError, DataError)):
        row.insert()


def test_every_reference_is_held_to_its_organization() -> None:
    for model in apps.get_app_config("record").get_models():
        held = {constraint.name for constraint in model._meta.constraints}
        for one in model._meta.get_fields():
            if isinstance(one, models.ForeignKey):
                table = model._meta.db_table
                assert f"{table}_{one.column}_in_its_organization" in held, f"{table}.{one.column}"
