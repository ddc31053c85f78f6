"""Custody's tables with laboratories, patients and work put straight in, and two clocks that the test moves."""

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aliquot.custody import budgets, elapsed, explanation, limits, store
from aliquot.custody.asker import Asker
from aliquot.custody.explanation import Explanation
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Act
from aliquot.custody.store import Store, Turn
from aliquot.custody.tallies import Alarm
from aliquot.terms.ids import Org

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
NORTH, SOUTH = Org(b"NRTH"), Org(b"STH_")


@dataclass
class Entered:
    """What an act was explained by, what it cost, and what rang."""

    explained: Explanation
    weighing: budgets.Weighing
    alarms: tuple[Alarm, ...]


class Bureau:
    """A custodian's budgets without its door: acts are explained, weighed and spent one by one."""

    def __init__(self, folder: Path, patients: int = 2_000) -> None:
        self.store = Store(folder / "custody.db")
        self.store.db.execute("PRAGMA synchronous=OFF")
        self.now, self.steady, self.boot = MONDAY, 1, b"first"
        self.patients = {org: [subject(org, n) for n in range(patients)] for org in (NORTH, SOUTH)}
        self._next = 0
        turn = self.turn()
        for org, subjects in self.patients.items():
            turn.db.execute("INSERT INTO organization (org, secret) VALUES (?, x'00')", (org,))
            _insert_subjects(turn.db, org, subjects)
        budgets.lapse(turn)

    def turn(self) -> Turn:
        """The present turn, its time counted. Every statement commits by itself."""
        turn = store.Turn(self.store.db, self.now)
        elapsed.advance(turn, self.steady, self.boot)
        return turn

    def wait(self, **passed: float) -> None:
        """Time passes, and both clocks say so."""
        self.now += timedelta(**passed)
        self.steady += round(timedelta(**passed).total_seconds() * 1_000_000)

    def id(self, org: Org) -> bytes:
        """A fresh identifier."""
        self._next += 1
        return org + b"\1\1" + self._next.to_bytes(10, "big")

    def enter(self, asker: Asker, name: str, patient: bytes, *, factor: bool = False, **fields: object) -> Entered:
        """An act as the door enters it, or the Denial."""
        act = replace_act(Act(self.id(asker.org), name, patient, "TREAT"), fields)
        turn, portion = self.turn(), PORTIONS[name]
        explained = explanation.explain(turn, asker, act, portion, factor=factor)
        weighing = budgets.weigh(turn, asker, act, portion, explained)
        alarms: tuple[Alarm, ...] = ()
        if not budgets.shown_already(turn, asker, act, portion):
            alarms = budgets.spend(turn, asker, act, weighing)
        return Entered(explained, weighing, alarms)

    def order(self, asker: Asker, patient: bytes, site: str = "main") -> tuple[bytes, tuple[Alarm, ...], Entered]:
        """An order from its form to `end(kept)`."""
        work = self.id(asker.org)
        entered = self.enter(asker, "PlaceOrder", patient, work=work)
        alarms = budgets.work_opened(self.turn(), work, patient, site, asker.person)
        return work, entered.alarms + alarms, entered

    def work(self, patient: bytes, site: str = "main", *, confirmed: bool = True, age: int = 0) -> bytes:
        """Work that stands already, without anybody of this test having ordered it."""
        work = self.id(Org(patient[:4]))
        at = elapsed.moment(self.turn()) - age
        self.store.db.execute(
            "INSERT INTO work VALUES (?, ?, ?, ?, x'00', ?, ?, NULL, 0)",
            (work, patient[:4], patient, site, at, at if confirmed else None),
        )
        return work


def replace_act(act: Act, fields: dict[str, object]) -> Act:
    """The act with other fields."""
    return Act(**{name: getattr(act, name) for name in act.__struct_fields__} | fields)


def asker(person: str, role: str = "secretary", org: Org = NORTH, **fields: object) -> Asker:
    """Somebody signed in, at the site `main` unless told otherwise."""
    service = role in {"worker", "loader"}
    found = Asker(
        session=f"session of {person}".encode(),
        person=org + person.encode().ljust(12, b"\0")[:12],
        name=person,
        org=org,
        roles=frozenset({role}),
        sites=frozenset() if service else frozenset({"main"}),
        service=person if service else "",
        factor=0,
        seen=0,
    )
    return replace(found, **fields)  # type: ignore[arg-type]  # the tests name fields of Asker


def subject(org: Org, n: int) -> bytes:
    """The n-th patient of a laboratory."""
    return org + b"\0\1" + n.to_bytes(10, "big")


def days(n: int) -> int:
    """So many days in microseconds."""
    return n * limits.DAY


def _insert_subjects(db: sqlite3.Connection, org: Org, subjects: list[bytes]) -> None:
    db.execute("BEGIN")
    db.executemany(
        "INSERT INTO subject (id, org, state, n, epoch, key, seals, card, kept) VALUES (?, ?, 'known', ?, 1, x'', 0, x'', 1)",  # noqa: E501 - one statement
        [(subject, org, n) for n, subject in enumerate(subjects)],
    )
    db.execute("COMMIT")
