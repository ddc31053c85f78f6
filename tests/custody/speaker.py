"""A process that speaks the protocol itself: no door of ours stands between it and custody, and it may lie."""

from datetime import date
from typing import Any, Literal

import msgspec

from aliquot.access.custodian import Line
from aliquot.cli.scratch import World
from aliquot.custody.client import Client
from aliquot.custody.frames import Row
from aliquot.custody.protocol import (
    Act,
    Denied,
    Done,
    End,
    Ending,
    Enter,
    Entered,
    Granted,
    Open,
    Opened,
    Prepare,
    Prepared,
    Reading,
    ReadOut,
    Sealed,
    Write,
    Writing,
)
from aliquot.terms import canonical, ids
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind

BORN = date(1961, 4, 1)
JEANNE = Demography("Zélande", ("Jeanne",), BORN, Sex.FEMALE)
EMPTY = b"{}"
Outcome = Literal["kept", "abandoned", "lost"]


class Speaker:
    """One session over one line."""

    def __init__(self, lab: World, line: Line, ticket: bytes, org: Org) -> None:
        self.lab, self.line, self.ticket, self.org = lab, line, ticket, org

    def id(self) -> Id:
        """A fresh id of this organization."""
        return ids.new(self.org, self.lab.clock())

    def act(self, name: str, subject: bytes, purpose: str = "TREAT", work: bytes = b"") -> Act:
        """An act with a fresh id."""
        return Act(self.id(), name, subject, purpose, work=work)

    def enter(self, *acts: Act) -> tuple[Granted | Denied, ...]:
        """Ask for acts."""
        return self.line.ask(Enter(self.ticket, acts), Entered).outcomes

    def granted(self, act: Act) -> Granted:
        """The grant of an act that is allowed."""
        (outcome,) = self.enter(act)
        assert isinstance(outcome, Granted), outcome
        return outcome

    def denied(self, act: Act) -> str:
        """The code with which an act is refused."""
        (outcome,) = self.enter(act)
        assert isinstance(outcome, Denied), outcome
        return outcome.code

    def prepare(self, grant: bytes, *writes: Write) -> tuple[Sealed, ...]:
        """Have one act's writes sealed."""
        return self.line.ask(Prepare((Writing(grant, writes),)), Prepared).writings[0]

    def end(self, act: bytes, outcome: Outcome = "kept") -> None:
        """End an act."""
        self.line.ask(End(self.ticket, (Ending(act, outcome),)), Done)

    def open(self, grant: bytes, *rows: Row, history: bool = False, stored: int = -1) -> ReadOut:
        """Open rows under a grant."""
        return self.line.ask(Open((Reading(grant, rows, history, stored),)), Opened).readings[0]

    def state(self, grant: bytes, row: Row, *, history: bool = False) -> str:
        """What custody says of one row."""
        return self.open(grant, row, history=history).contents[0].state

    def register(self, demography: Demography = JEANNE) -> tuple[Id, Row]:
        """A patient with one record."""
        patient = self.id()
        act = self.act("RegisterPatient", patient, "PATADMIN")
        write = identity(self.id(), demography)
        (sealed,) = self.prepare(self.granted(act).grant, write)
        self.end(act.id)
        return patient, row(write, sealed)

    def order(self, patient: bytes, site: str = "nord") -> tuple[Id, Row]:
        """Open work of a patient: one requisition."""
        work = self.id()
        act = self.act("PlaceOrder", patient, "TREAT", work)
        write = Write(Kind.REQUISITION, work, 1, 1, "open", (), 0, EMPTY, site=site)
        (sealed,) = self.prepare(self.granted(act).grant, write)
        self.end(act.id)
        return work, row(write, sealed)

    def result(self, patient: bytes, work: bytes, write: Write) -> Row:
        """One version of a result, typed and kept."""
        act = self.act("TypeResult", patient, "TREAT", work)
        (sealed,) = self.prepare(self.granted(act).grant, write)
        self.end(act.id)
        return row(write, sealed)


def person(lab: World, who: str) -> Speaker:
    """Somebody's session, on a line of its own."""
    actor = lab.sign_in(who)
    return Speaker(lab, actor.line, actor.ticket, actor.org)


def worker(lab: World, org: Org) -> Speaker:
    """The worker's session."""
    actor = lab.work(org)
    return Speaker(lab, actor.line, actor.ticket, org)


def identity(identifier: bytes, demography: Demography = JEANNE) -> Write:
    """The first version of a person's demography."""
    return Write(Kind.DEMOGRAPHY, identifier, 1, 1, "known", (), 0, canonical.encode(demography))


def observation(identifier: bytes, work: bytes, version: int = 1, body: bytes = EMPTY, harm: int = 0) -> Write:
    """One version of a result of a requisition."""
    return Write(Kind.OBSERVATION, identifier, version, 1, "measured", (work,), harm, body)


def row(write: Write, sealed: Sealed) -> Row:
    """What the record database would hold."""
    return Row(write.kind, write.id, write.version, write.schema, write.state, write.parents, sealed.sealed)


def altered(kept: Row, **changed: Any) -> Row:  # Any: columns of several types
    """A row that somebody changed in storage."""
    return msgspec.structs.replace(kept, **changed)


def notices(lab: World) -> list[str]:
    """The kinds of the alarms that were raised, in their order."""
    rows = lab.custodian.custodian.store.db.execute("SELECT kind FROM notice ORDER BY id").fetchall()
    return [kind for (kind,) in rows]


def leaves(lab: World, org: Org) -> int:
    """How many entries an organization's log has."""
    row_ = lab.custodian.custodian.store.db.execute("SELECT size FROM log WHERE org = ?", (org,)).fetchone()
    return int(row_[0])


def raw(lab: World, process: str = "web") -> Client:
    """A bare connection."""
    return Client(lab.installation.custody.socket, process)


def other(act: Act, **changed: Any) -> Act:  # Any: fields of several types
    """The same act with something else in it."""
    return msgspec.structs.replace(act, **changed)
