"""What the loader does in a migration beside loading: it reports its steps, names rows, and opens what was carried.

Each request is asked under a grant of `RunMigration`, whose entry is in the history; each is refused in a state that
does not need it.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.custody import elapsed, forms, migrations, staging, steps
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import (
    ChunksOpened,
    NameRows,
    OpenChunks,
    OpenPart,
    PartOpened,
    RowsNamed,
    StepTaken,
    TakeStep,
)
from aliquot.custody.migrations import Migration
from aliquot.custody.staging import Keys
from aliquot.custody.steps import State, Step
from aliquot.custody.store import Turn, instant, micros
from aliquot.terms import ids
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.vault import bundle, mandate
from aliquot.vault.bundle import Header, Trailer
from aliquot.vault.errors import Unopenable

PATIENT = "patient"
"""What a row that is a person is named as."""
_ROW = b"aliquot/row/v1\x00"
_NOT_HERE = "the migration is {}: this is not done there"


@dataclass(frozen=True)
class Run:
    """One request of the loader's, and the migration that it is about."""

    grant: Grant
    migration: Migration


def under(turn: Turn, held: Holdings, token: bytes, states: frozenset[State]) -> Run:
    """The loader's grant, and its migration, if that is in one of these states.

    Raises:
        Denial: `not-of-this-act`, `migration-state`, and as `migrations.standing`.
    """
    grant = held.grant(turn, token)
    if grant.name != "RunMigration":
        raise Denial("not-of-this-act", "this act runs no migration")
    found = migrations.standing(turn, grant.subject.org, grant.mandate)
    if found.state not in states:
        raise Denial("migration-state", _NOT_HERE.format(found.state))
    return Run(grant, found)


def take_step(turn: Turn, held: Holdings, request: TakeStep) -> StepTaken:
    """The loader reports a step of its own; one that a person answers for it cannot take."""
    run = under(turn, held, request.grant, steps.LIVE)
    if request.step not in {step.value for step, rule in steps.RULES.items() if not rule.parts}:
        raise Denial("step", "this step is for people to take")
    form = forms.StepMigration(
        run.migration.mandate.hex(), Step(request.step), request.evidence.hex(), request.rests.hex()
    )
    state = staging.take(turn, held, form, (run.grant.asker.person,), run.migration.org)
    return StepTaken(state)


def name_rows(turn: Turn, held: Holdings, request: NameRows) -> RowsNamed:
    """The ids of rows of the source. No list of them is kept."""
    run = under(turn, held, request.grant, steps.NAMES_IN)
    keys = staging.opened(turn, held, run.migration)
    if request.whose and len(request.whose) != len(request.keys):
        raise Denial("malformed", "each row is somebody's, or none is said to be")
    patients = tuple(dict.fromkeys(request.whose))
    stems = dict(zip(patients, map(ids.stem_of, named(run.migration, keys, PATIENT, patients)), strict=True))
    beside = tuple(stems[number] for number in request.whose)
    return RowsNamed(named(run.migration, keys, request.what, request.keys, beside))


def named(
    migration: Migration, keys: Keys, what: str, of: Sequence[str], beside: Sequence[bytes] = ()
) -> tuple[Id, ...]:
    """Ids of the organization and of the week in which the first mandate over the source was signed.

    The rest is a keyed hash of what the row is and of its key; it begins with the stem of the id beside which it
    stands, if there is one.
    """
    asked = what.encode()
    label = _ROW + len(asked).to_bytes(2, "big") + asked
    first = instant(migration.named)
    return tuple(
        ids.derived(migration.org, first, stem + hmac.digest(keys.naming, label + key.encode(), "sha256"))
        for key, stem in zip(of, beside or (b"",) * len(of), strict=True)
    )


def open_part(turn: Turn, held: Holdings, request: OpenPart) -> PartOpened:
    """Open a part of a bundle that was carried under this mandate, by the sender that it names, and is not over.

    A bundle that is older than one that was opened before opens no more, nor does after a reconciliation what was
    reconciled: whoever carries bundles cannot put the first one in the place of the last difference.

    Raises:
        Denial: `bundle`; the reason names what is wrong with it and nothing that it holds.
    """
    run = under(turn, held, request.grant, steps.OPENS_IN)
    try:
        of = bundle.header(request.header)
        _check(turn, held, run.migration, of)
        _check_age(turn, run.migration, of)
        trailer = bundle.verified(request.trailer, of, Trailer)
        key = staging.opened(turn, held, run.migration).staging.open(of, request.head, trailer)
    except (Refused, Unopenable) as refused:
        raise Denial("bundle", str(refused)) from None
    newer = "UPDATE migration SET newest = ?2 WHERE mandate = ?1 AND newest < ?2"
    turn.db.execute(newer, (run.migration.mandate, micros(of.created)))
    handle = held.parts.keep(run.grant.asker.session, run.migration.mandate, key)
    return PartOpened(handle, trailer.chunks, trailer.rows)


def open_chunks(turn: Turn, held: Holdings, request: OpenChunks) -> ChunksOpened:
    """Open chunks of an open part."""
    run = under(turn, held, request.grant, steps.OPENS_IN)
    key = held.parts.of(run.grant.asker.session, run.migration.mandate, request.handle)
    try:
        return ChunksOpened(key.open(request.first, request.chunks))
    except Unopenable as altered:
        raise Denial("bundle", str(altered)) from None


def _check(turn: Turn, held: Holdings, migration: Migration, of: Header) -> None:
    signed = migrations.document(turn, held.unlocked, migration)
    mandated = mandate.read(signed, mandate.key_of(signed))
    if of.mandate != migration.mandate.hex():
        raise Refused("bundle: it was carried under another mandate")
    if not mandated.sender or bundle.fingerprint(of.sender) != mandated.sender:
        raise Refused("bundle: its sender is not the one that the mandate names")
    now = max(turn.now, instant(elapsed.moment(turn)))
    if now >= of.expires:
        raise Refused("bundle: it is over")
    if of.created > now + bundle.AHEAD:
        raise Refused(
            "bundle: it says that it was begun tomorrow or later: a clock is wrong, here or where it was carried"
        )


def _check_age(turn: Turn, migration: Migration, of: Header) -> None:
    query = "SELECT newest, reconciled FROM migration WHERE mandate = ?"
    newest, reconciled = turn.db.execute(query, (migration.mandate,)).fetchone()
    if micros(of.created) < newest:
        raise Refused("bundle: a newer one was opened already")
    if micros(of.created) <= reconciled:
        raise Refused("bundle: it was reconciled already; the last difference is carried anew")
