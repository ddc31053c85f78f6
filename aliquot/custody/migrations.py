"""Migrations as facts: how far each has come, what its steps rest on, and whether the next one may be taken.

Nothing here changes anything; what a step does stands in `custody.staging`. The table of steps is `custody.steps`.
"""

from dataclasses import dataclass

import msgspec

from aliquot.custody import actors, answers, elapsed, equipment, forms, steps, store
from aliquot.custody.denial import Denial
from aliquot.custody.steps import State, Step
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import mandates, papers
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.mandates import Scope
from aliquot.terms.papers import Paper
from aliquot.vault import mandate as documents

_SELECT = "SELECT mandate, org, state, signed, deadline, until, source, named FROM migration"


_BEGUN = """
SELECT count(*), count(over.mandate), (SELECT count(*) FROM pending WHERE subject = ?2)
FROM act INDEXED BY act_registering
LEFT JOIN migration AS own ON own.mandate = ?1
LEFT JOIN migration AS over ON over.mandate = act.mandate AND over.secrets IS NULL
  AND (over.org, over.source) = (own.org, own.source)
WHERE act.subject = ?2 AND act.name = 'RegisterPatient' AND act.state IN ('entered', 'prepared')
"""


_MOVED = (
    " WHERE org = ? AND source = ?"
    " AND (secrets IS NOT NULL OR (SELECT used FROM mandate WHERE id = migration.mandate) > 0)"
)
_OTHER_COLUMNS = (
    "this source was moved before, with the table {}: name it, too, with the same columns in the same order, for by"
    " them custody recognises what is here already"
)


@dataclass(frozen=True)
class Migration:
    """One migration. `signed` is when it began and `deadline` when its staging dies by itself, in trusted time.

    `source` is the keyed digest of the source's name, and `named` when the first mandate over that source was signed.
    """

    mandate: Id
    org: Org
    state: State
    signed: int
    deadline: int
    until: int
    source: bytes
    named: int


class Taken(msgspec.Struct, frozen=True):
    """One step that was taken: by whom, in which state it left the migration, and with which evidence."""

    step: str
    state: str
    evidence: bytes
    people: tuple[bytes, ...]
    at: int


def standing(turn: Turn, org: Org, mandate: bytes) -> Migration:
    """The migration of a mandate, as it stands at this moment.

    Raises:
        Denial: `no-such-mandate`; `migration-over`, it was closed or aborted, or its time ran out.
    """
    found = find(turn, mandate)
    if found is None or found.org != org:
        raise Denial("no-such-mandate", "this organization has no such migration")
    if found.state in steps.OVER or elapsed.moment(turn) >= found.deadline or turn.at >= found.until:
        raise Denial("migration-over", "this migration is over: what was staged is destroyed")
    return found


def find(turn: Turn, mandate: bytes) -> Migration | None:
    """The migration of a mandate, whatever its state; nothing for a mandate that moves no laboratory."""
    row = turn.db.execute(f"{_SELECT} WHERE mandate = ?", (mandate,)).fetchone()
    return None if row is None else _read(row)


def fate(turn: Turn, mandate: bytes) -> answers.Standing:
    """Whether the migration of a mandate stands or how it ended; its time may have run out before anybody wrote it."""
    found = find(turn, mandate)
    if found is None:
        return answers.Standing("")
    lapsed = found.state not in steps.OVER and elapsed.moment(turn) >= found.deadline
    return answers.Standing(State.LAPSED if lapsed else found.state)


def of(turn: Turn, org: Org) -> tuple[Migration, ...]:
    """Every migration of an organization, the latest first."""
    rows = turn.db.execute(f"{_SELECT} WHERE org = ? ORDER BY signed DESC, mandate", (org,))
    return tuple(_read(row) for row in rows)


def papers_of(turn: Turn, org: Org, mandate: bytes) -> frozenset[Id]:
    """The papers that may be put down: those of the migration of this mandate; without one, certificates of cut-overs.

    The loader ends with the cut-over, so the worker certifies, and brings no other paper.
    """
    if mandate:
        return papers.identities(mandate)
    cut = (one.mandate for one in of(turn, org) if one.state is State.CUT_OVER)
    return frozenset(papers.identity(each, Paper.CERTIFICATE) for each in cut)


def overdue(turn: Turn) -> tuple[Migration, ...]:
    """Migrations that are not over although their time is."""
    rows = turn.db.execute(f"{_SELECT} WHERE deadline <= ? AND secrets IS NOT NULL", (elapsed.moment(turn),))
    return tuple(_read(row) for row in rows.fetchall())


def living(turn: Turn) -> tuple[Migration, ...]:
    """Migrations whose secrets are there."""
    return tuple(_read(row) for row in turn.db.execute(f"{_SELECT} WHERE secrets IS NOT NULL").fetchall())


def taken(turn: Turn, mandate: bytes) -> tuple[Taken, ...]:
    """The steps of a migration, in the order in which they were taken."""
    rows = turn.db.execute(
        "SELECT step, state, evidence, first, second, at FROM migration_step WHERE mandate = ? ORDER BY n", (mandate,)
    )
    return tuple(
        Taken(step, state, evidence, tuple(filter(None, (first, second))), at)
        for step, state, evidence, first, second, at in rows
    )


def others(turn: Turn, migration: Migration) -> tuple[bytes, ...]:
    """The other mandates over the same source, whatever became of them: what came in under them is here."""
    query = "SELECT mandate FROM migration WHERE org = ? AND source = ? AND mandate != ? ORDER BY mandate"
    rows = turn.db.execute(query, (migration.org, migration.source, migration.mandate))
    return tuple(mandate for (mandate,) in rows)


def within(turn: Turn, unlocked: Unlocked, migration: Migration) -> tuple[bytes, ...]:
    """Those of the others that permitted no more than this one: whatever rows of theirs are left are among its own."""
    own = _scope(turn, unlocked, migration)
    found = ((mandate, find(turn, mandate)) for mandate in others(turn, migration))
    return tuple(
        mandate for mandate, one in found if one is not None and mandates.is_within(_scope(turn, unlocked, one), own)
    )


def is_reconciled(turn: Turn, mandate: bytes) -> bool:
    """Whether two people have signed, at whatever time, that what came under this mandate agrees with its source."""
    return _evidence(turn, mandate, Step.RECONCILE) != b""


def first_signed(turn: Turn, org: Org, source: bytes) -> int | None:
    """When the first mandate over a source was signed, if one was."""
    query = "SELECT min(named) FROM migration WHERE org = ? AND source = ?"
    row: tuple[int | None] = turn.db.execute(query, (org, source)).fetchone()
    return row[0]


def was_given_up(turn: Turn, mandate: bytes, patient: bytes) -> bool:
    """Whether this patient's registration was begun under earlier mandates over the same source, and can never end.

    Those mandates are over and nothing is being saved; it has not been begun again, by whomever.
    """
    row: tuple[int, int, int] = turn.db.execute(_BEGUN, (mandate, patient)).fetchone()
    begun, over, saved = row
    return begun == over > 0 and not saved


def document(turn: Turn, unlocked: Unlocked, migration: Migration) -> bytes:
    """The signed mandate as it is handed over (`vault.mandate`)."""
    (sealed,) = turn.db.execute("SELECT document FROM migration WHERE mandate = ?", (migration.mandate,)).fetchone()
    return unlocked.box(migration.org).open(label(migration.mandate), sealed)


def told(turn: Turn, unlocked: Unlocked, migration: Migration) -> answers.Migration:
    """How far a migration is, in words of `custody.answers`."""
    allowed, used = turn.db.execute("SELECT allowed, used FROM mandate WHERE id = ?", (migration.mandate,)).fetchone()
    return answers.Migration(
        id=migration.mandate.hex(),
        state=migration.state,
        signed_at=store.instant(migration.signed),
        deadline=store.instant(migration.deadline),
        until=store.instant(migration.until),
        allowed=allowed,
        used=used,
        steps=tuple(
            answers.MigrationStep(
                step=one.step,
                state=one.state,
                evidence=one.evidence.hex(),
                people=tuple(actors.of(turn, unlocked, person.hex()).name for person in one.people),
                at=store.instant(one.at),
            )
            for one in taken(turn, migration.mandate)
        ),
        next=tuple(step for step, rule in steps.RULES.items() if migration.state in rule.sources),
        document=document(turn, unlocked, migration).decode(),
        # What stood before sources were named is a source of its own (`schema`).
        named_at=None if migration.source == migration.mandate else store.instant(migration.named),
    )


def source_of(unlocked: Unlocked, org: Org, name: str) -> bytes:
    """By which a source is recognised, and nobody without the laboratory's secret can try names."""
    return unlocked.digest(org, "source", mandates.called(name).encode())


def check_sign(turn: Turn, unlocked: Unlocked, org: Org, form: forms.SignMigration) -> None:
    """Whether a mandate like this can be signed now.

    Raises:
        Denial: `scope`, also where a table of the same source was moved and is not named with the same columns;
            `no-such-service`, `term`.
    """
    try:
        mandates.check(form.scope)
    except Refused as refused:
        raise Denial("scope", str(refused)) from None
    _check_columns(turn, unlocked, org, form)
    equipment.check_mandate(turn, org, form.service, form.until)


def check_step(turn: Turn, org: Org, form: forms.StepMigration) -> Migration:
    """Whether the step follows, and names the evidence that it must bring and that it rests on.

    Raises:
        Denial: as `standing`; `step`, `evidence`.
    """
    found = standing(turn, org, bytes.fromhex(form.mandate))
    rule = steps.RULES[form.step]
    steps.follow(found.state, form.step)
    if bool(form.evidence) != rule.brings:
        raise Denial("evidence", f"the step {form.step} comes {'with' if rule.brings else 'without'} new evidence")
    if bytes.fromhex(form.rests) != (_evidence(turn, found.mandate, rule.rests) if rule.rests else b""):
        raise Denial("evidence", f"the step {form.step} does not name what it rests on, as it is in force")
    return found


def label(mandate: bytes) -> str:
    """Under which label the signed mandate is sealed."""
    return f"migration {mandate.hex()}"


def _read(row: tuple[Id, Org, str, int, int, int, bytes, int]) -> Migration:
    mandate, org, state, signed, deadline, until, source, named = row
    return Migration(mandate, org, State(state), signed, deadline, until, source, named)


def _check_columns(turn: Turn, unlocked: Unlocked, org: Org, form: forms.SignMigration) -> None:
    """A row is recognised by all its cells: with other columns, what came in already would come in a second time."""
    rows = turn.db.execute(f"{_SELECT}{_MOVED}", (org, source_of(unlocked, org, form.source))).fetchall()
    for moved in map(_read, rows):
        columns = {table.name: table.columns for table in form.scope.tables}
        for table in _scope(turn, unlocked, moved).tables:
            if columns.get(table.name) != table.columns:
                raise Denial("scope", _OTHER_COLUMNS.format(table.name))


def _scope(turn: Turn, unlocked: Unlocked, migration: Migration) -> Scope:
    raw = document(turn, unlocked, migration)
    return documents.read(raw, documents.key_of(raw)).scope


def _evidence(turn: Turn, mandate: bytes, step: Step) -> bytes:
    row: tuple[bytes] | None = turn.db.execute(
        "SELECT evidence FROM migration_step WHERE mandate = ? AND step = ? ORDER BY n DESC LIMIT 1", (mandate, step)
    ).fetchone()
    return row[0] if row else b""
