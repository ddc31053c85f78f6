"""Writing history: one log for each organization, and one of the installation over their checkpoints.

Entries are gathered in a turn and become durable with it; what was not durable was never in the tree.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from aliquot.custody import store
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger import checkpoint, entry, note, policy, tiles, tree
from aliquot.ledger.entry import Entry, Outcome, Step
from aliquot.terms.ids import Org
from aliquot.vault.keystore import INSTALLATION

COSIGNED_EVERY = 3_600 * 1_000_000
"""How long after the last one a log's second signature follows, in microseconds."""
_SECOND = 1_000_000
_EXPORTED = """
SELECT log.note, coalesce(cosigned.note, '') FROM log LEFT JOIN cosigned USING (org) WHERE log.org = ?
"""
_BLANK = tree.Head(0, tree.root(()))


class Leaf(msgspec.Struct, frozen=True):
    """What the door wants written: an entry without the fields that history itself knows."""

    act: str
    step: Step
    actor: str
    id: str
    ses: str = ""
    why: str = ""
    pat: str = ""
    portion: tuple[str, ...] = ()
    n: int = 0
    root: str = ""
    outcome: Outcome = Outcome.OPEN
    subject: bytes = b""
    """Custody's own index of whose dossier the entry is about; it is not in the entry."""


@dataclass
class _Log:
    org: Org
    key: note.Key
    issuer: checkpoint.Issuer
    frontier: tree.Frontier
    head: tree.Head
    at: int
    second: MLDSA44PrivateKey
    cosigned: tuple[int, int] = (0, 0)
    witnessed: int = 0
    exported: tuple[int, int] = (0, 0)
    grown: tree.Frontier | None = None
    entries: list[tuple[bytes, int, bytes]] = field(default_factory=list)
    subjects: list[tuple[bytes, bytes, int]] = field(default_factory=list)


@final
class History:
    """The logs of an installation, open for writing."""

    def __init__(self, unlocked: Unlocked, policy_hash: str) -> None:
        self._unlocked = unlocked
        self._policy = policy_hash
        self._logs: dict[Org, _Log] = {}

    def load(self, db: sqlite3.Connection) -> None:
        """Take up every log where it ended."""
        query = (
            "SELECT log.org, frontier, log.at, signing, cosigning, cosigned.note, cosigned.at"
            " FROM log LEFT JOIN cosigned USING (org)"
        )
        for org, frontier, at, signing, cosigning, cosigned, cosigned_at in db.execute(query).fetchall():
            private = Ed25519PrivateKey.from_private_bytes(self._unlocked.unwrap_signing(org, signing))
            key = note.Key(origin(org), note.ED25519, private.public_key().public_bytes_raw())
            edge = tree.frontier(frontier)
            second = self._second(db, org, cosigning)
            log = _Log(org, key, checkpoint.Issuer(origin(org), private), edge, edge.head(), at, second)
            if cosigned:
                log.cosigned = (checkpoint.parse(cosigned).checkpoint.head.size, cosigned_at)
            self._logs[org] = log

    def found(self, db: sqlite3.Connection, org: Org) -> None:
        """Begin the log of a new organization."""
        secret = os.urandom(32)
        private = Ed25519PrivateKey.from_private_bytes(secret)
        signed = checkpoint.Issuer(origin(org), private).sign(_BLANK)
        db.execute(
            "INSERT INTO log (org, size, frontier, root, note, at, signing) VALUES (?, 0, ?, ?, ?, 0, ?)",
            (org, bytes(tree.Frontier()), _BLANK.root, signed, self._unlocked.wrap_signing(org, secret)),
        )
        self._second(db, org, None)

    def forget(self) -> None:
        """Forget what a turn gathered and did not make durable."""
        for log in self._logs.values():
            log.grown = None
            log.entries.clear()
            log.subjects.clear()

    def append(self, turn: Turn, org: Org, leaf: Leaf) -> int:
        """Gather one entry and give its number. Log time never decreases, whatever the machine's clock does."""
        log = self._logs[org]
        seq = self._gather(log, entry.encode(self._entry(turn, log, leaf)))
        if leaf.subject:
            log.subjects.append((leaf.subject, org, seq))
        return seq

    def witness(self, turn: Turn) -> None:
        """Take each laboratory's durable checkpoint that is new into the installation's log."""
        for org, log in self._logs.items():
            if org != INSTALLATION and log.head.size > log.witnessed:
                (signed,) = turn.db.execute("SELECT note FROM log WHERE org = ?", (org,)).fetchone()
                self._gather(self._logs[INSTALLATION], signed.encode())
                turn.later.append(_witnessed(log, log.head.size))

    def cosign(self, turn: Turn, *, leaving: bool = False) -> None:
        """Sign what is durable of each log with its second key: an hour after the last time, or when custody stops.

        To be called before anything is gathered in the turn.
        """
        for org, log in self._logs.items():
            size, at = log.cosigned
            if log.head.size > size and (leaving or not size or not 0 <= turn.at - at < COSIGNED_EVERY):
                (signed,) = turn.db.execute("SELECT note FROM log WHERE org = ?", (org,)).fetchone()
                cosigned = checkpoint.cosign(signed, origin(org), log.second, turn.at // _SECOND)
                turn.db.execute("INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?)", (org, cosigned, turn.at))
                turn.later.append(_cosigned(log, turn.at))

    def settle(self, turn: Turn) -> None:
        """Write what was gathered and sign each log that grew."""
        for log in self._logs.values():
            if log.grown is not None:
                self._write(turn, log)

    def head(self, org: Org) -> tree.Head:
        """How far the log reaches, with what this turn gathered."""
        log = self._logs[org]
        return log.head if log.grown is None else log.grown.head()

    def trust(self, org: Org) -> str:
        """The policy file with which an auditor verifies this log."""
        log = self._logs[org]
        second = note.Key(origin(org), note.ML_DSA_44_COSIGNATURE, log.second.public_key().public_bytes_raw())
        return policy.unwitnessed([log.key, second])

    def export(self, db: sqlite3.Connection, folder: Path) -> None:
        """Bring the exported tiles up to what is durable: the installation's log first, so that no laboratory's is
        shorter than a checkpoint that it names."""
        for org in sorted(self._logs):
            log = self._logs[org]
            reached = (log.head.size, log.cosigned[0])
            if reached != log.exported:
                signed, cosigned = db.execute(_EXPORTED, (org,)).fetchone()
                both = cosigned if log.cosigned[0] == log.head.size else signed
                name = "installation" if org == INSTALLATION else org.hex()
                tiles.write(folder / name, _reader(db, org), both, self.trust(org), cosigned)
                log.exported = reached

    def _second(self, db: sqlite3.Connection, org: Org, wrapped: bytes | None) -> MLDSA44PrivateKey:
        """The log's second key, made now if the log has none yet."""
        if wrapped is not None:
            return MLDSA44PrivateKey.from_seed_bytes(self._unlocked.unwrap_cosigning(org, wrapped))
        seed = os.urandom(32)
        db.execute("UPDATE log SET cosigning = ? WHERE org = ?", (self._unlocked.wrap_cosigning(org, seed), org))
        return MLDSA44PrivateKey.from_seed_bytes(seed)

    def _gather(self, log: _Log, raw: bytes) -> int:
        if log.grown is None:
            log.grown = log.frontier.copy()
        seq = log.grown.size
        log.grown.append(tree.leaf_hash(raw))
        log.entries.append((log.org, seq, raw))
        return seq

    def _write(self, turn: Turn, log: _Log) -> None:
        grown = log.grown or log.frontier
        head, at = grown.head(), max(log.at, turn.at)
        signed = log.issuer.sign(head)
        turn.db.executemany("INSERT INTO leaf (org, seq, entry) VALUES (?, ?, ?)", log.entries)
        turn.db.executemany("INSERT INTO leaf_subject (subject, org, seq) VALUES (?, ?, ?)", log.subjects)
        turn.db.execute(
            "UPDATE log SET size = ?, frontier = ?, root = ?, note = ?, at = ? WHERE org = ?",
            (head.size, bytes(grown), head.root, signed, at, log.org),
        )

        def durable() -> None:
            log.frontier, log.head, log.at, log.grown = grown, head, at, None
            log.entries.clear()
            log.subjects.clear()

        turn.later.append(durable)

    def _entry(self, turn: Turn, log: _Log, leaf: Leaf) -> Entry:
        grown = log.grown or log.frontier
        return Entry(
            act=leaf.act,
            step=leaf.step,
            actor=leaf.actor,
            id=leaf.id,
            lab=log.org.hex(),
            ses=leaf.ses,
            why=leaf.why,
            policy=self._policy,
            epoch=self._unlocked.epoch(log.org),
            seq=grown.size,
            t=turn.now if turn.at >= log.at else store.instant(log.at),
            pat=leaf.pat,
            portion=leaf.portion,
            n=leaf.n,
            root=leaf.root,
            outcome=leaf.outcome,
        )


def _reader(db: sqlite3.Connection, org: Org) -> tiles.Read:
    def entries(start: int) -> Iterator[bytes]:
        rows = db.execute("SELECT entry FROM leaf WHERE org = ? AND seq >= ? ORDER BY seq", (org, start))
        return (row[0] for row in rows)

    return entries


def _witnessed(log: _Log, size: int) -> Callable[[], None]:
    def durable() -> None:
        log.witnessed = size

    return durable


def _cosigned(log: _Log, at: int) -> Callable[[], None]:
    def durable() -> None:
        log.cosigned = (log.head.size, at)

    return durable


def origin(org: Org) -> str:
    """The name of an organization's log, as it stands in its checkpoints."""
    return "aliquot/installation" if org == INSTALLATION else f"aliquot/laboratory/{org.hex()}"
