"""What a step of a migration does: it begins and ends the staging key, and every step stands in the history.

The staging key and the secret under which rows are named lie under a key of their own, as a patient's content does, so
that destroying them is what forgetting a patient is. The second is the same under every mandate over one source, and is
found again from the laboratory's own secret: what came in under an earlier one is recognised by its id.
Source: docs/decisions/0019-a-source-keeps-its-names.md.
"""

from dataclasses import dataclass

import msgspec

from aliquot.custody import (
    changes,
    cutting,
    elapsed,
    explanation,
    exporting,
    forms,
    limits,
    migrations,
    samples,
    steps,
    store,
    subjects,
)
from aliquot.custody.denial import Denial
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.migrations import Migration
from aliquot.custody.protocol import Governed
from aliquot.custody.steps import State, Step
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.ledger import entry
from aliquot.terms import canonical, ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import mandate
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.mandate import MandateDocument
from aliquot.vault.record import Address, Sealed

_VERSION, _SCHEMA = 1, 1
_NO_STATE = canonical.deciding("", ())


class _Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What dies with the migration: the private half of the staging key, and the secret that names rows."""

    staging: bytes
    naming: bytes


@dataclass(frozen=True)
class Keys:
    """The open secrets of a migration that is not over."""

    staging: StagingKey
    naming: bytes


def decided(turn: Turn, held: Holdings, governed: Governed) -> None:
    """What people decided about a migration takes effect, once enough of them have; any other change has had its own.

    Here and not with the other changes, for it needs the history and the key journal.
    """
    decision = changes.in_force(turn, held.unlocked, governed.id)
    if decision is None:
        return
    change, people = decision
    match change:
        case forms.SignMigration():
            _begin(turn, held, Id(governed.id), change, people)
        case forms.StepMigration():
            take(turn, held, change, people, ids.org_of(Id(governed.id)))


def take(turn: Turn, held: Holdings, form: forms.StepMigration, people: tuple[bytes, ...], org: ids.Org) -> State:
    """Take a step: the state follows, a leaf is written, and what the step ends is destroyed.

    `people` are those who signed; for a step of the loader's own it is the loader alone.

    Raises:
        Denial: as `migrations.check_step` and `cutting.check`; `act-unsettled`, a load ends with what it brought in.
    """
    found = migrations.check_step(turn, org, form)
    cutting.check(turn, held.unlocked, found, form)
    if form.step is Step.FINISH:
        _check_settled(turn, found)
    state = steps.follow(found.state, form.step)
    evidence = bytes.fromhex(form.evidence)
    signed = bool(steps.RULES[form.step].parts)
    deadline = _deadline(turn, found.until) if signed else found.deadline
    turn.db.execute("UPDATE migration SET state = ?, deadline = ? WHERE mandate = ?", (state, deadline, found.mandate))
    _let_go(turn, held, found, state)
    _write(turn, found, (form.step, state), evidence, people)
    _tell(turn, held, found, str(form.step), (people[0], evidence or bytes.fromhex(form.rests)))
    if isinstance(form.cut, forms.CutOver):
        cutting.revoke(turn, held, found, form.cut)
    if form.step is Step.FINISH:
        within = migrations.within(turn, held.unlocked, found)
        samples.draw(turn, found, opened(turn, held, found).naming, evidence, within)
    if form.step is Step.RECONCILE:
        turn.db.execute("UPDATE migration SET reconciled = newest WHERE mandate = ?", (found.mandate,))
    if state in steps.OVER:
        _destroy(turn, held, found)
    return state


def lapse(turn: Turn, held: Holdings) -> None:
    """What nobody closed in time destroys itself: 72 hours after the last signature, or at the mandate's end.

    To be called every few minutes. A clock set forward destroys nothing: the time is trusted time.
    """
    for found in migrations.overdue(turn):
        _lapse(turn, held, found)
        held.alarm(turn, found.org, "migration-lapsed")
    cutting.end_loaders(turn)


def again(turn: Turn, held: Holdings) -> None:
    """An older database was restored: what ended since is ended again, whose key is destroyed and stays so.

    How it had ended is not known any more; it stands here as lapsed.
    """
    for found in migrations.living(turn):
        if found.mandate in held.unlocked.epochs.shredded:
            _lapse(turn, held, found)
            held.alarm(turn, found.org, "migration-restored")


def opened(turn: Turn, held: Holdings, migration: Migration) -> Keys:
    """The secrets of a migration that stands."""
    subject = held.subject(turn, migration.mandate)
    row = turn.db.execute("SELECT secrets FROM migration WHERE mandate = ?", (migration.mandate,)).fetchone()
    if subject is None or row is None or row[0] is None:
        raise Broken("custody database: a migration stands without its keys")
    sealed = Sealed(row[0])
    secrets = _SECRETS.decode(subject.sealer.open(_address(subject), _SCHEMA, sealed).body)
    return Keys(StagingKey(secrets.staging), secrets.naming)


def _begin(turn: Turn, held: Holdings, identity: Id, form: forms.SignMigration, signers: tuple[bytes, ...]) -> None:
    org, until = ids.org_of(identity), store.micros(form.until)
    deadline = _deadline(turn, until)
    source = migrations.source_of(held.unlocked, org, form.source)
    staging, naming = StagingKey.generate(), held.unlocked.digest(org, "rows", source)
    found = _begun(turn, identity, source, (deadline, until))
    subject = subjects.create(turn, held.unlocked, held.journal, identity, state=subjects.STAGING)
    secrets = msgspec.msgpack.encode(_Secrets(staging.reveal(), naming))
    sealed = subject.sealer.seal(_address(subject), Harm.RESTRICTED, _SCHEMA, secrets)
    document = MandateDocument(
        id=identity.hex(),
        organization=org.hex(),
        purpose=form.purpose,
        source=form.source,
        annex=form.annex,
        scope=form.scope,
        service=form.service,
        allowed=form.allowed,
        signers=tuple(signer.hex() for signer in signers),
        signed_at=turn.now,
        until=form.until,
        staging=staging.slot().hex(),
        sender=form.sender,
    )
    signed = mandate.sign(exporting.key(turn, held, org), document)
    turn.db.execute(
        "INSERT INTO mandate (id, org, purpose, service, allowed, used, until, state)"
        " VALUES (?, ?, ?, ?, ?, 0, ?, 'in-force')",
        (identity, org, form.purpose, form.service, form.allowed, until),
    )
    turn.db.execute(
        "INSERT INTO migration (mandate, org, state, document, secrets, signed, deadline, until, source, named)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(identity, org, found.state, held.unlocked.box(org).seal(migrations.label(identity), signed)),
            *(sealed, found.signed, deadline, until, source, found.named),
        ),
    )
    _write(turn, found, ("declare", State.DECLARED), b"", signers)
    _tell(turn, held, found, "declare", (signers[0], bytes.fromhex(form.annex)))


def _begun(turn: Turn, identity: Id, source: bytes, ends: tuple[int, int]) -> Migration:
    """A migration that begins at this moment; of a source that was moved from before, its rows keep their names."""
    org, at = ids.org_of(identity), elapsed.moment(turn)
    first = migrations.first_signed(turn, org, source)
    return Migration(identity, org, State.DECLARED, at, *ends, source, at if first is None else first)


def _deadline(turn: Turn, until: int) -> int:
    return min(elapsed.moment(turn) + limits.STAGING_LASTS, until)


def _write(turn: Turn, migration: Migration, came: tuple[str, str], evidence: bytes, people: tuple[bytes, ...]) -> None:
    step, state = came
    first, second = (*people, b"", b"")[:2]
    turn.db.execute(
        "INSERT INTO migration_step (mandate, n, step, state, evidence, first, second, at)"
        " SELECT ?1, count(*), ?2, ?3, ?4, ?5, ?6, ?7 FROM migration_step WHERE mandate = ?1",
        (migration.mandate, step, state, evidence, first, second, turn.at),
    )


def _tell(turn: Turn, held: Holdings, migration: Migration, step: str, said: tuple[bytes, bytes]) -> None:
    actor, evidence = said
    leaf = Leaf(
        act=f"migration.{step}",
        step=entry.Step.EVENT,
        actor=actor.hex(),
        id=migration.mandate.hex(),
        root=evidence.hex(),
    )
    held.history.append(turn, migration.org, leaf)


def _check_settled(turn: Turn, migration: Migration) -> None:
    """What becomes kept after the end of a load stands in no account of it, and in no sample."""
    query = "SELECT 1 FROM act WHERE state = 'prepared' AND mandate = ? AND name != 'RunMigration' LIMIT 1"
    if turn.db.execute(query, (migration.mandate,)).fetchone() is not None:
        raise Denial(
            "act-unsettled", "something of this load is still being saved; finish it when the worker has settled it"
        )


def _let_go(turn: Turn, held: Holdings, migration: Migration, state: State) -> None:
    """What was allowed a moment ago ends with the state that allowed it; the loader's own act is asked each time."""
    covered = {"RunMigration", *(name for name, states in explanation.MIGRATES.items() if state in states)}
    held.grants.end_under(turn, migration.mandate, covered)


def _lapse(turn: Turn, held: Holdings, migration: Migration) -> None:
    _let_go(turn, held, migration, State.LAPSED)
    turn.db.execute("UPDATE migration SET state = ? WHERE mandate = ?", (State.LAPSED, migration.mandate))
    _write(turn, migration, (State.LAPSED, State.LAPSED), b"", ())
    _tell(turn, held, migration, State.LAPSED, (b"", b""))
    _destroy(turn, held, migration)


def _destroy(turn: Turn, held: Holdings, migration: Migration) -> None:
    """Destroy the staging key and the naming secret, and bar the mandate: nothing is opened or loaded under it."""
    turn.db.execute("UPDATE migration SET secrets = NULL WHERE mandate = ?", (migration.mandate,))
    turn.db.execute("DELETE FROM doubt WHERE mandate = ?", (migration.mandate,))
    turn.db.execute("DELETE FROM merged WHERE mandate = ?", (migration.mandate,))
    subjects.destroy(turn, migration.mandate)
    turn.db.execute("UPDATE mandate SET state = 'ended' WHERE id = ?", (migration.mandate,))
    cutting.end_loaders(turn)
    turn.later.append(lambda: held.parts.drop(migration.mandate))


def _address(subject: Subject) -> Address:
    return Address(subject.org, subject.id, Kind.CARD, subject.id, _VERSION, _NO_STATE)


_SECRETS = msgspec.msgpack.Decoder(_Secrets)
