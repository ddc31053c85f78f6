"""Forgetting a patient: the key is destroyed, and with the next epochs no backup has it any more.

It takes a privacy officer and a director, one to ask and the other to approve, and no legal hold and no open work. What
the record database holds stays where it is and opens no more, so that history still verifies. Source: CRYPTO.md 5,
DOMAIN.md 2 and 10.6.
"""

import msgspec

from aliquot.custody import holdings, subjects
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.forms import Erasing, LiftHold, PlaceHold, ShredPatient
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.roles import Role
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.ledger import entry
from aliquot.ledger.entry import Step
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org

_OFFICERS = frozenset({Role.PRIVACY_OFFICER, Role.DIRECTOR})

_BUSY = """
SELECT EXISTS (SELECT 1 FROM work WHERE subject = ?1 AND (closed IS NULL OR (confirmed IS NULL AND lapsed = 0)))
  OR EXISTS (SELECT 1 FROM pending WHERE subject = ?1)
  OR EXISTS (SELECT 1 FROM opening WHERE subject = ?1 AND settled = 0)
  OR EXISTS (SELECT 1 FROM act WHERE state = 'lost' AND subject = ?1 AND id NOT IN (SELECT act FROM acknowledged))
"""
_FORGET = (
    "DELETE FROM opening WHERE subject = ?",
    "DELETE FROM shown WHERE subject = ?",
    "DELETE FROM provisional WHERE subject = ?",
    "DELETE FROM grace WHERE subject = ?",
    "DELETE FROM mandated WHERE subject = ?",
    "DELETE FROM work WHERE subject = ?",
    "DELETE FROM leaf_subject WHERE subject = ?",
    "DELETE FROM identifier WHERE subject = ?",
    "DELETE FROM matched WHERE patient = ?",
    "DELETE FROM merged WHERE patient = ?",
    "DELETE FROM judged WHERE work IN (SELECT work FROM sampled WHERE subject = ?)",
    "DELETE FROM sampled WHERE subject = ?",
    "DELETE FROM pending WHERE subject = ?",
    "UPDATE resource SET harm = 0 WHERE subject = ?",
)
"""What custody knows about a patient beside the key: who opened it, for which work, and which leaves are about it. Of
each record the version and the hash remain, by which history is compared with the record database."""

_BAR = """
INSERT OR IGNORE INTO shredded (subject, org, epoch, at)
SELECT row, substr(row, 1, 4), coalesce((SELECT max(number) FROM epoch), 0), ?2 FROM (
  SELECT mandate, row FROM merged WHERE patient = ?1
  UNION SELECT mandate, row FROM matched WHERE patient = ?1 AND same = 1
) WHERE row NOT IN (SELECT id FROM subject)
"""
"""Rows of an old system that are this patient become stones too: the next load would bring them in under their own id,
under the same mandate or a later one over the same source. Whoever has a key here is nobody's row: with a stone, the
next start would destroy it.
"""


def both(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two people, of whom one asks and one approves, are a privacy officer and a director."""
    return any({first, second} == _OFFICERS for first in one for second in other)


def check(turn: Turn, org: Org, change: Erasing) -> None:
    """Whether the change makes sense now.

    Raises:
        Denial: `no-such-patient`, `shredded` already; `legal-hold` or `open-work`, which forbid to shred; `held`
            already, or `not-held`.
    """
    patient = _patient(turn, org, change)
    held = _is_held(turn, patient)
    match change:
        case ShredPatient() if held:
            raise Denial("legal-hold", "a legal hold stands on this patient, and nothing is erased until it is lifted")
        case ShredPatient() if turn.db.execute(_BUSY, (patient,)).fetchone()[0]:
            raise Denial("open-work", "there is open work of this patient, or something is not settled yet")
        case PlaceHold() if held:
            raise Denial("held", "a legal hold stands on this patient already")
        case LiftHold() if not held:
            raise Denial("not-held", "no legal hold stands on this patient")


def carry_out(turn: Turn, held: Holdings, asker: Asker, identity: Id, change: Erasing) -> bytes:
    """Do what two people have decided, or one who places a hold; history says so under the patient's pseudonym.

    The answer is who was erased, if somebody was.
    """
    patient = Id(bytes.fromhex(change.patient))
    subject = held.subject(turn, patient)
    if subject is None:
        raise Broken("custody database: a patient was to be erased who is not there")
    match change:
        case ShredPatient():
            _shred(turn, held, subject)
        case PlaceHold():
            row = (patient, asker.org, change.reason, asker.person, turn.at)
            turn.db.execute("INSERT INTO legal_hold VALUES (?, ?, ?, ?, ?)", row)
        case LiftHold():
            turn.db.execute("DELETE FROM legal_hold WHERE subject = ?", (patient,))
    # A patient who was shredded is not found through custody's index of leaves; the others are.
    about = b"" if isinstance(change, ShredPatient) else patient
    _tell(turn, held, subject, Leaf(_ACTS[type(change)], Step.EVENT, asker.person.hex(), identity.hex(), subject=about))
    return patient if isinstance(change, ShredPatient) else b""


def again(turn: Turn, held: Holdings) -> None:
    """An older database was restored: who was shredded since is shredded again, before anything is opened.

    What two people cannot do is not done here either: a laboratory is nobody's patient, and a legal hold stands until
    it is lifted. Either rings at each start.
    """
    for patient in held.unlocked.epochs.shredded:
        subject = held.subject(turn, patient)
        # The key of a migration is no patient's: the migration itself is ended (`staging.again`).
        if subject is None or subject.state == subjects.STAGING:
            continue
        if subject.id == holdings.organization(subject.org):
            held.alarm(turn, subject.org, "shredded-laboratory")
        elif _is_held(turn, patient):
            held.alarm(turn, subject.org, "shredded-held", subject=patient)
        else:
            _shred(turn, held, subject)
            _tell(turn, held, subject, Leaf("shred", Step.EVENT, actor="", id=""))
            held.alarm(turn, subject.org, "shredded-restored", n=1)


def remember(turn: Turn, held: Holdings) -> None:
    """Let the epoch file know who was shredded, for as long as an older database could bring somebody back."""
    rows = turn.db.execute("SELECT subject, epoch FROM shredded WHERE epoch >= ?", (held.unlocked.oldest,)).fetchall()
    known = held.unlocked.epochs.shredded
    fresh = {Id(subject): epoch for subject, epoch in rows if subject not in known}
    if fresh:
        held.unlocked.epochs.shred(fresh)


def _is_held(turn: Turn, patient: Id) -> bool:
    return turn.db.execute("SELECT 1 FROM legal_hold WHERE subject = ?", (patient,)).fetchone() is not None


def _patient(turn: Turn, org: Org, change: Erasing) -> Id:
    patient = Id(bytes.fromhex(change.patient))
    query = "SELECT state FROM subject WHERE id = ? AND org = ?"
    row = turn.db.execute(query, (patient, org)).fetchone()
    if row is None and patient.startswith(org) and subjects.is_shredded(turn, patient):
        raise Denial("shredded", "what was kept about this patient was erased")
    # The organization is the subject of its own acts, and no patient.
    if row is None or row[0] != subjects.KNOWN or patient.endswith(bytes(12)):
        raise Denial("no-such-patient", "there is no such patient here")
    return patient


def _shred(turn: Turn, held: Holdings, subject: Subject) -> None:
    """Nobody holds the key open any more; then goes what custody knows, then the key; and nobody finds the patient."""
    held.grants.end_about(turn, subject.id)
    _forget_acts(turn, subject.id)
    turn.db.execute(_BAR, (subject.id, turn.at))
    for statement in _FORGET:
        turn.db.execute(statement, (subject.id,))
    subjects.destroy(turn, subject.id)
    held.unlearn(turn, subject)


def _forget_acts(turn: Turn, patient: Id) -> None:
    """What was typed for an act, what it wrote, and what it was about: found through the leaves, for acts are many."""
    query = (
        "SELECT leaf.entry FROM leaf_subject JOIN leaf ON leaf.org = leaf_subject.org AND leaf.seq = leaf_subject.seq"
        " WHERE leaf_subject.subject = ?"
    )
    acts = {entry.decode(raw).id for (raw,) in turn.db.execute(query, (patient,))}
    turn.db.executemany(
        "UPDATE act SET writes = NULL, reason = NULL, digest = x'' WHERE id = ?",
        [(bytes.fromhex(act),) for act in sorted(acts)],
    )


def _tell(turn: Turn, held: Holdings, subject: Subject, leaf: Leaf) -> None:
    held.history.append(turn, subject.org, msgspec.structs.replace(leaf, pat=subject.card.pseudonym))


_ACTS: dict[type[Erasing], str] = {ShredPatient: "shred", PlaceHold: "hold.placed", LiftHold: "hold.lifted"}
