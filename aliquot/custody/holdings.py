"""What the custodian holds in memory while it serves: open keys, history, policies, search indexes, living grants."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from aliquot.custody import sessions, subjects
from aliquot.custody.answers import NewWork
from aliquot.custody.denial import Denial
from aliquot.custody.factors import Passwords
from aliquot.custody.grants import LIFETIME, Grant, Grants
from aliquot.custody.history import History, Leaf
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.parts import Parts
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.policy import Policies
from aliquot.custody.search import Index
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
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
    parts: Parts = field(default_factory=Parts)
    superseded: dict[tuple[bytes, int], int] = field(default_factory=dict)
    """When a version gave way to the next, for as long as a grant of before may still live."""
    indexes: defaultdict[Org, Index] = field(default_factory=lambda: defaultdict(Index))
    counted: dict[Id, tuple[int, NewWork]] = field(default_factory=dict)
    """When the work beside a migration was counted last, and what came out."""

    def subject(self, turn: Turn, subject: Id) -> Subject | None:
        """A subject with its key open."""
        return subjects.load(turn, self.unlocked, subject)

    def grant(self, turn: Turn, token: bytes) -> Grant:
        """The living grant of a token, in a session that still lives.

        Raises:
            Denial: `grant-over`, `signed-out`.
        """
        return self.granted(turn, (token,))[0]

    def granted(self, turn: Turn, tokens: Iterable[bytes]) -> list[Grant]:
        """The living grants of some tokens, each in a session that still lives.

        Raises:
            Denial: `grant-over`, `signed-out`.
        """
        grants = [self.grants.of(turn.at, token) for token in tokens]
        if not all(sessions.lives(turn, session) for session in {grant.asker.session for grant in grants}):
            raise Denial("signed-out", "sign in again")
        return grants

    def give_way(self, turn: Turn, resource: bytes, version: int) -> None:
        """A version is no longer the latest, once the turn is durable. Who had entered before may still read it."""

        def durable() -> None:
            self.superseded[resource, version] = turn.at

        turn.later.append(durable)

    def sweep(self, at: int) -> None:
        """Forget grants whose minute is over, and what only they could still read."""
        self.grants.sweep(at)
        for place in [place for place, since in self.superseded.items() if since + LIFETIME < at]:
            del self.superseded[place]

    def index(self, org: Org) -> Index:
        """The search index of a laboratory."""
        return self.indexes[org]

    def learn(self, turn: Turn, subject: Subject, demography: Demography) -> None:
        """Let search know a patient as it is called now, once the turn is durable."""
        known = subject.card.demography is not None

        def durable() -> None:
            index = self.index(subject.org)
            if known:
                index.remove(subject.id)
            index.add(subject.id, demography)

        turn.later.append(durable)

    def unlearn(self, turn: Turn, subject: Subject) -> None:
        """Let search forget a patient, once the turn is durable."""
        if subject.card.demography is not None:
            turn.later.append(lambda: self.index(subject.org).remove(subject.id))

    def ring(self, turn: Turn, alarms: Sequence[Alarm], *, subject: bytes = b"", reason: str = "") -> None:
        """Raise the alarms that counting has rung, with the reason that was typed, if any."""
        for alarm in alarms:
            self._alarm(turn, alarm, subject, reason)

    def alarm(self, turn: Turn, org: Org, kind: str, *, person: bytes = b"", n: int = 0, subject: bytes = b"") -> None:
        """An alarm: a leaf in the history and a notice at the privacy desk that nobody can withhold."""
        self._alarm(turn, Alarm(kind, org, person, n), subject, "")

    def load_indexes(self, turn: Turn) -> None:
        """Build the search indexes from the sealed cards of every patient that is known."""
        for subject in subjects.known(turn, self.unlocked):
            if subject.card.demography is not None:
                self.index(subject.org).add(subject.id, subject.card.demography)

    def _alarm(self, turn: Turn, alarm: Alarm, subject: bytes, reason: str) -> None:
        org, kind, person, n = alarm.org, alarm.kind, alarm.person, alarm.n
        leaf = Leaf(act=f"alarm.{kind}", step=Step.EVENT, actor=person.hex(), id="", n=n, subject=subject)
        seq = self.history.append(turn, org, leaf)
        body = canonical.encode(
            {
                "person": person.hex(),
                "n": n,
                "subject": subject.hex(),
                "leaf": seq,
                "typed": self._typed(turn, subject, reason).hex(),
            }
        )
        box = self.unlocked.box(org)
        turn.db.execute(
            "INSERT INTO notice (org, at, kind, sealed) VALUES (?, ?, ?, ?)",
            (org, turn.at, kind, box.seal("notice", body)),
        )

    def _typed(self, turn: Turn, subject: bytes, reason: str) -> bytes:
        """What was typed about a patient is forgotten with the patient."""
        about = self.subject(turn, Id(subject)) if reason else None
        return b"" if about is None else subjects.seal(about, "notice", reason.encode())


def organization(org: Org) -> Id:
    """The id of an organization as the subject of its own acts."""
    return Id(org + bytes(12))
