"""The dossiers of a migration that two people compare side by side, and who has said what about which.

Custody draws them when the loading ends, by a keyed hash of the evidence of that step: nobody picks them, and the
loader cannot try until it likes them. Only they are opened by `CompareDossier`, and only while the migration is loaded.
Source: DOMAIN.md I7; docs/decisions/0015-what-is-signed-is-a-record.md.
"""

import hashlib
import hmac
import itertools
from collections.abc import Iterator, Sequence

from aliquot.custody import actors, answers, elapsed, limits, migrations, store
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import JudgeCompared
from aliquot.custody.migrations import Migration
from aliquot.custody.protocol import Done
from aliquot.custody.steps import State
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.ids import Org
from aliquot.terms.papers import Reason

_LABEL = b"aliquot/sample/v1\x00"
_CAME = "FROM mandated JOIN work ON work.id = mandated.subject WHERE mandated.mandate IN ({})"
_COUNT = f"SELECT count(*) {_CAME}"
_BROUGHT = f"SELECT work.id, work.subject {_CAME} ORDER BY mandated.mandate, mandated.subject"
_UNJUDGED = (
    "SELECT count(*) FROM sampled WHERE mandate = ?1 AND NOT EXISTS (SELECT 1 FROM judged"
    " WHERE judged.mandate = ?1 AND judged.work = sampled.work AND judged.person = ?2)"
)


def draw(turn: Turn, migration: Migration, naming: bytes, evidence: bytes, within: Sequence[bytes] = ()) -> None:
    """Draw anew, and forget what was said about the dossiers of before. `naming` is the secret that names rows.

    What came `within` it under other mandates over the same source is drawn from, too.
    """
    turn.db.execute("DELETE FROM judged WHERE mandate = ?", (migration.mandate,))
    turn.db.execute("DELETE FROM sampled WHERE mandate = ?", (migration.mandate,))
    turn.db.executemany(
        "INSERT INTO sampled (mandate, n, work, subject, drawn) VALUES (?, ?, ?, ?, ?)",
        [
            (migration.mandate, n, work, subject, elapsed.moment(turn))
            for n, (work, subject) in enumerate(_drawn(turn, (migration.mandate, *within), naming, evidence))
        ],
    )


def is_drawn(turn: Turn, org: Org, work: bytes, patient: bytes) -> bool:
    """Whether this is a dossier of a sample that is being compared now."""
    return _sampling(turn, org, work, patient) is not None


def check(turn: Turn, mandate: bytes, person: bytes) -> None:
    """Whether this person has said of every dossier of the sample whether it agrees.

    Raises:
        Denial: `sample`.
    """
    (left,) = turn.db.execute(_UNJUDGED, (mandate, person)).fetchone()
    if left:
        raise Denial("sample", f"compare the dossiers that were drawn before you sign: {left} are left")


def judge(turn: Turn, held: Holdings, request: JudgeCompared) -> Done:
    """A person has compared a dossier; what they say later replaces it.

    Raises:
        Denial: `not-of-this-act`, `not-sampled`, `migration-state`, `not-looked`, and as `migrations.standing`.
    """
    grant = held.grant(turn, request.grant)
    if grant.name != "JudgeDossier" or grant.digest != digest(grant.work, request.reason):
        raise Denial("not-of-this-act", "the confirmation was for another verdict")
    found = _of(turn, grant)
    person = grant.asker.person
    # A look of before it was drawn was at what stood there before.
    looked = turn.db.execute(
        "SELECT 1 FROM opening JOIN sampled ON sampled.work = opening.work AND opening.at >= sampled.drawn"
        " WHERE opening.subject = ? AND opening.person = ? AND opening.work = ? AND opening.act = 'CompareDossier'"
        " AND sampled.mandate = ?",
        (grant.subject.id, person, grant.work, found.mandate),
    ).fetchone()
    if looked is None:
        raise Denial("not-looked", "open this dossier beside the old system's words first")
    turn.db.execute(
        "INSERT OR REPLACE INTO judged (mandate, work, person, reason, at) VALUES (?, ?, ?, ?, ?)",
        (found.mandate, grant.work, person, request.reason, turn.at),
    )
    act = "migration.differs" if request.reason else "migration.agrees"
    subject = grant.subject
    leaf = Leaf(act, Step.EVENT, person.hex(), found.mandate.hex(), pat=subject.card.pseudonym, subject=subject.id)
    held.history.append(turn, found.org, leaf)
    turn.later.append(lambda: held.grants.end(request.grant))
    return Done()


def digest(work: bytes, reason: str) -> bytes:
    """What the act of who judges must have as its digest."""
    return hashlib.sha256(canonical.encode([work.hex(), reason])).digest()


def told(turn: Turn, held: Holdings, org: Org, mandate: bytes) -> answers.Sample:
    """The sample of a migration with the verdicts so far, in the order in which it was drawn."""
    found = migrations.find(turn, mandate)
    if found is None or found.org != org:
        return answers.Sample(())
    rows = turn.db.execute("SELECT work, subject FROM sampled WHERE mandate = ? ORDER BY n", (mandate,)).fetchall()
    return answers.Sample(
        tuple(
            answers.Sampled(patient.hex(), work.hex(), tuple(_judged(turn, held, mandate, work)))
            for work, patient in rows
        )
    )


def _judged(turn: Turn, held: Holdings, mandate: bytes, work: bytes) -> Iterator[answers.Judged]:
    rows = turn.db.execute(
        "SELECT person, reason, at FROM judged WHERE mandate = ? AND work = ? ORDER BY at, person", (mandate, work)
    ).fetchall()
    for person, reason, at in rows:
        name = actors.of(turn, held.unlocked, person.hex()).name
        yield answers.Judged(person.hex(), name, not reason, Reason(reason), store.instant(at))


def _of(turn: Turn, grant: Grant) -> Migration:
    found = _sampling(turn, grant.asker.org, grant.work, grant.subject.id)
    if found is not None:
        return found
    if turn.db.execute("SELECT 1 FROM sampled WHERE work = ?", (grant.work,)).fetchone() is None:
        raise Denial("not-sampled", "this dossier is not one of those that were drawn")
    raise Denial("migration-state", "no migration that drew this dossier is being compared now")


def _sampling(turn: Turn, org: Org, work: bytes, patient: bytes) -> Migration | None:
    """The migration whose sample has this dossier and is being compared; those of one source may draw the same one."""
    query = "SELECT mandate FROM sampled WHERE work = ? AND subject = ?"
    for (mandate,) in turn.db.execute(query, (work, patient)).fetchall():
        try:
            found = migrations.standing(turn, org, mandate)
        except Denial:
            continue
        if found.state is State.LOADED:
            return found
    return None


def _drawn(turn: Turn, came: Sequence[bytes], naming: bytes, evidence: bytes) -> Iterator[tuple[bytes, bytes]]:
    """So many dossiers of these mandates, each as likely as any other; all, if there are no more than are drawn."""
    asked = ", ".join("?" * len(came))
    (number,) = turn.db.execute(_COUNT.format(asked), came).fetchone()
    chosen = set(range(number)) if number <= limits.SAMPLED else _chosen(naming, evidence, number)
    for place, row in enumerate(turn.db.execute(_BROUGHT.format(asked), came)):
        if place in chosen:
            yield row


def _chosen(naming: bytes, evidence: bytes, number: int) -> set[int]:
    """So many places among a number of dossiers, by a keyed hash that nobody else can make."""
    chosen = set[int]()
    for n in itertools.count():
        if len(chosen) == limits.SAMPLED:
            break
        key = hmac.digest(naming, _LABEL + evidence + n.to_bytes(4, "big"), "sha256")
        chosen.add(int.from_bytes(key, "big") % number)
    return chosen
