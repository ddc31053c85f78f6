"""What the custodian holds in memory while it serves: open keys, history, policies, search indexes, living grants."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from aliquot.custody import subjects
from aliquot.custody.factors import Passwords
from aliquot.custody.grants import Grants
from aliquot.custody.history import History, Leaf
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.policy import Policies
from aliquot.custody.search import Index
from aliquot.custody.store import Turn
from aliquot.custody.subjects import KeyJournal, Subject
from aliquot.custody.tallies import Alarm
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id, Org


@final
@dataclass
class Holdings:
    """Everything but the database. Nothing here decides; it is what decisions are made with."""

    unlocked: Unlocked
    journal: KeyJournal
    history: History
    policies: Policies
    passwords: Passwords
    passkeys: Passkeys
    tiles: Path
    installation: str
    grants: Grants = field(default_factory=Grants)
    indexes: dict[Org, Index] = field(default_factory=dict)

    def subject(self, turn: Turn, subject: Id) -> Subject | None:
        """A subject with its key open."""
        return subjects.load(turn, self.unlocked, subject)

    def index(self, org: Org) -> Index:
        """The search index of a laboratory."""
        return self.indexes.setdefault(org, Index())

    def learn(self, turn: Turn, subject: Subject, demography: Demography) -> None:
        """Let search know a patient as it is called now, once the turn is durable."""
        known = subject.card.demography is not None

        def durable() -> None:
            index = self.index(subject.org)
            if known:
                index.remove(subject.id)
            index.add(subject.id, demography)

        turn.later.append(durable)

    def ring(self, turn: Turn, alarms: Sequence[Alarm], *, subject: bytes = b"") -> None:
        """Raise the alarms that counting has rung."""
        for alarm in alarms:
            self.alarm(turn, alarm.org, alarm.kind, person=alarm.person, n=alarm.n, subject=subject)

    def alarm(self, turn: Turn, org: Org, kind: str, *, person: bytes = b"", n: int = 0, subject: bytes = b"") -> None:
        """An alarm: a leaf in the history and a notice at the privacy desk that nobody can withhold."""
        leaf = Leaf(act=f"alarm.{kind}", step=Step.EVENT, actor=person.hex(), id="", n=n, subject=subject)
        seq = self.history.append(turn, org, leaf)
        body = canonical.encode({"person": person.hex(), "n": n, "subject": subject.hex(), "leaf": seq})
        box = self.unlocked.box(org)
        turn.db.execute(
            "INSERT INTO notice (org, at, kind, sealed) VALUES (?, ?, ?, ?)",
            (org, turn.at, kind, box.seal("notice", body)),
        )

    def load_indexes(self, turn: Turn) -> None:
        """Build the search indexes from the sealed cards of every patient that is known."""
        for (patient,) in turn.db.execute("SELECT id FROM subject WHERE state = ?", (subjects.KNOWN,)).fetchall():
            subject = subjects.load(turn, self.unlocked, patient)
            if subject is not None and subject.card.demography is not None:
                self.index(subject.org).add(patient, subject.card.demography)


def organization(org: Org) -> Id:
    """The id of an organization as the subject of its own acts."""
    return Id(org + bytes(12))
