"""What the custodian holds in memory while it serves: open keys, history, policies, search indexes, living grants."""

import sqlite3
from dataclasses import dataclass, field
from typing import final

from aliquot.custody import subjects
from aliquot.custody.factors import Factors
from aliquot.custody.grants import Grants
from aliquot.custody.history import History, Leaf
from aliquot.custody.policy import Policies
from aliquot.custody.search import Index
from aliquot.custody.store import Turn
from aliquot.custody.subjects import KeyJournal, Subject
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id, Org
from aliquot.vault.keystore import INSTALLATION


@final
@dataclass
class Holdings:
    """Everything but the database. Nothing here decides; it is what decisions are made with."""

    unlocked: Unlocked
    journal: KeyJournal
    history: History
    policies: Policies
    factors: Factors
    grants: Grants = field(default_factory=Grants)
    indexes: dict[Org, Index] = field(default_factory=dict)

    def subject(self, turn: Turn, subject: Id) -> Subject | None:
        """A subject with its key open."""
        return subjects.load(turn, self.unlocked, subject)

    def index(self, org: Org) -> Index:
        """The search index of a laboratory."""
        return self.indexes.setdefault(org, Index())

    def learn(self, turn: Turn, org: Org, patient: Id, demography: Demography) -> None:
        """Let search know a patient, once the turn is durable."""
        turn.later.append(lambda: self.index(org).add(patient, demography))

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

    def load_indexes(self, db: sqlite3.Connection, turn: Turn) -> None:
        """Build the search indexes from the sealed cards of every patient that is known."""
        for (patient,) in db.execute("SELECT id FROM subject WHERE state = ?", (subjects.KNOWN,)).fetchall():
            subject = subjects.load(turn, self.unlocked, patient)
            if subject is not None and subject.card.demography is not None:
                self.index(subject.org).add(patient, subject.card.demography)


def organization(org: Org) -> Id:
    """The id of an organization as the subject of its own acts."""
    return Id(org + bytes(12))


def is_installation(org: Org) -> bool:
    """Whether this is the installation itself, and no laboratory."""
    return org == INSTALLATION
