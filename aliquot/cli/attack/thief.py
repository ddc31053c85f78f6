"""A process that speaks the custodian's protocol itself, with sessions that are not its own, and counts its booty.

It holds the record database, so it has every sealed row; custody alone decides which of them it may read.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aliquot.access import rows
from aliquot.cli.attack.ground import Ground
from aliquot.custody.client import Client
from aliquot.custody.denial import Denial
from aliquot.custody.frames import Row
from aliquot.custody.protocol import Act, Enter, Entered, Granted, Open, Opened, Reading
from aliquot.terms import ids
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

_SHOWN = (Kind.DEMOGRAPHY, Kind.OBSERVATION)


@dataclass(frozen=True)
class Rang:
    """When the privacy desk first heard of it: after how many patients and how much time."""

    patients: int
    after: timedelta


class Thief:
    """Counts whose content came out in clear without confirmed open work, and when the alarm rang."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.clock = ground.world.clock
        self.client = Client(ground.world.installation.custody.socket, "web")
        self.booty: set[bytes] = set()
        self.rang: Rang | None = None
        self._began: datetime = self.clock()
        self._explained: set[bytes] = {work.patient for house in (ground.nord, ground.sud) for work in house.works}
        self._rows = _stolen(ground)
        self._referee = _Referee(ground)

    def watch(self, patients: Iterable[bytes]) -> None:
        """Count these even though somebody has open work about them."""
        self._explained -= set(patients)

    def act(self, name: str, patient: bytes, purpose: str = Purpose.TREAT, work: bytes = b"", reason: str = "") -> Act:
        """An act about somebody."""
        return Act(self.id(patient), name, patient, purpose, work=work, reason=reason)

    def id(self, patient: bytes) -> Id:
        """A fresh id in the patient's laboratory."""
        return ids.new(ids.org_of(Id(patient)), self.clock())

    def try_(self, ticket: bytes, acts: Sequence[Act]) -> list[Granted | None]:
        """Ask for acts and open whatever they let be opened; the grants, in order."""
        try:
            outcomes = self.client.ask(Enter(ticket, tuple(acts)), Entered).outcomes
        except Denial:
            return [None for _ in acts]
        granted = [
            (act, one) for act, one in zip(acts, outcomes, strict=True) if isinstance(one, Granted) and one.grant
        ]
        if granted:
            self._open(granted)
        self._listen()
        return [one if isinstance(one, Granted) and one.grant else None for one in outcomes]

    def close(self) -> None:
        """Hang up."""
        self.client.close()
        self._referee.close()

    def _open(self, granted: Iterable[tuple[Act, Granted]]) -> None:
        readings = [(act, Reading(one.grant, self._rows.get(act.subject, ()))) for act, one in granted]
        opened = self.client.ask(Open(tuple(reading for _, reading in readings)), Opened)
        for (act, _), read_out in zip(readings, opened.readings, strict=True):
            if act.subject not in self._explained and any(one.state in {"open", "masked"} for one in read_out.contents):
                self.booty.add(act.subject)

    def _listen(self) -> None:
        if self.rang is None and self._referee.heard():
            self.rang = Rang(len(self.booty), self.clock() - self._began)


class _Referee:
    """Looks into custody's own database, which the thief cannot: has a notice been written, and its leaf?"""

    def __init__(self, ground: Ground) -> None:
        self._db = sqlite3.connect(f"file:{ground.world.installation.custody.database}?mode=ro", uri=True)
        (self._notices,) = self._db.execute("SELECT coalesce(max(id), 0) FROM notice").fetchone()
        self._leaves: dict[bytes, int] = dict(self._db.execute("SELECT org, size FROM log").fetchall())

    def heard(self) -> bool:
        """Whether the privacy desk has a notice since the attack began, with the leaf that nobody can withhold."""
        since = self._db.execute("SELECT org FROM notice WHERE id > ?", (self._notices,)).fetchall()
        return any(self._leaf(Org(org)) for (org,) in since)

    def close(self) -> None:
        self._db.close()

    def _leaf(self, org: Org) -> bool:
        query = "SELECT entry FROM leaf WHERE org = ? AND seq >= ?"
        return any(b'"act":"alarm.' in entry for (entry,) in self._db.execute(query, (org, self._leaves[org])))


def _stolen(ground: Ground) -> dict[bytes, tuple[Row, ...]]:
    """Of every patient the rows that say most."""
    found: dict[bytes, tuple[Row, ...]] = {}
    for house in (ground.nord, ground.sud):
        for stored in rows.of_subjects(house.patients, _SHOWN):
            found[stored.subject] = (*found.get(stored.subject, ()), stored.row)
    return found
