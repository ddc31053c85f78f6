"""F4: whoever may write in the record database, and wants a record to say something else."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import door, rows, statecheck
from aliquot.access.acts import OpenDossier, VerifyResults
from aliquot.access.door import Actor
from aliquot.access.grant import Draft
from aliquot.access.rows import Stored
from aliquot.cli.attack import population
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.population import Work
from aliquot.terms import states
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

_SHOWN = (Kind.DEMOGRAPHY, Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION)
_COLUMNS = 'resource, version, kind, subject, requisition, act, "schema", state, parents, sealed'


@dataclass(frozen=True)
class _Strike:
    """One change: whose dossier it is in, which row it begins with, and the rows of somebody else to take from."""

    cursor: CursorWrapper
    chance: Random
    rows: Sequence[Stored]
    others: Sequence[Stored]

    def set(self, column: str, value: bytes | int | str, row: Stored) -> Id:
        """Write one column of one row."""
        self.cursor.execute(
            f'UPDATE version SET "{column}" = %s WHERE resource = %s AND version = %s',  # noqa: S608  # names of ours
            (value, row.row.id, row.row.version),
        )
        return Id(row.row.id)

    def latest(self, *kinds: Kind) -> Stored:
        """A latest version of one of these kinds."""
        return self.chance.choice([one for one in rows.latest(self.rows) if not kinds or one.row.kind in kinds])

    def corrected(self) -> tuple[Stored, Stored]:
        """A result with its version before."""
        before, after = (one for one in self.rows if one.row.kind == Kind.OBSERVATION)
        return before, after


def alter_records(ground: Ground) -> Measured:
    """Changes rows in the database; then each dossier is read through the door, and the state check looks at all."""
    chance = Random(2)  # noqa: S311  # it chooses where to strike
    reader, worker = ground.world.sign_in("biologist@nord"), ground.world.work()
    _correct_all(ground, worker)
    works = list(ground.nord.works)
    done = read = verified = 0
    while done < ground.scale.changes:
        chance.shuffle(works)
        half = min(len(works) // 2, ground.scale.changes - done)
        pairs = list(zip(works[:half], works[half : 2 * half], strict=True))
        with _undone(works):
            struck = [_strike(chance, pair, done + n) for n, pair in enumerate(pairs)]
            found = {finding.resource for finding in statecheck.check(worker, ground.world.clock())}
            verified += sum(resource.hex() in found for resource in struck)
            read += sum(_shows(ground, reader, work) for work, _ in pairs)
        done += half
    figure = f"{read:,} of {done:,} when the dossier is read; {verified:,} in `ledger verify`"
    return Measured(figure, holds=read == verified == done)


def _correct_all(ground: Ground, worker: Actor) -> None:
    """Every result gets a second version, so that there is one to roll back to."""
    for some in population.batches(ground.nord.works, population.BATCH):
        asked = [
            (VerifyResults(work.patient, work.requisition), door.intent(worker, ground.world.clock())) for work in some
        ]
        with door.enter_many(worker, asked) as outcomes:
            for grant, work in zip(population.granted(outcomes), some, strict=True):
                result = next(one.row for one in _rows(work) if one.row.kind == Kind.OBSERVATION)
                again = Draft(
                    Kind.OBSERVATION,
                    Id(result.id),
                    2,
                    states.Analysis.TECH_VALIDATED,
                    result.parents,
                    population.measured(),
                )
                grant.write(again)


def _rows(work: Work) -> list[Stored]:
    return rows.of_subject(work.patient, _SHOWN)


def _strike(chance: Random, pair: tuple[Work, Work], number: int) -> Id:
    """Do one change; the answer is the resource that is not as it was."""
    mine, others = _rows(pair[0]), _rows(pair[1])
    with transaction.atomic(), connection.cursor() as cursor:
        return _CHANGES[number % len(_CHANGES)](_Strike(cursor, chance, mine, others))


def _shows(ground: Ground, reader: Actor, work: Work) -> bool:
    """Whether somebody who opens the dossier is told."""
    meant = door.intent(reader, ground.world.clock())
    with door.enter(reader, OpenDossier(work.patient), meant) as grant:
        opened = grant.read(rows.of_subject(work.patient), whole=True)
        return any(record.broken for record in opened) or grant.missing > 0


@contextmanager
def _undone(works: Sequence[Work]) -> Iterator[None]:
    """Afterwards the rows of these patients are as they were."""
    subjects = [work.patient for work in works]
    before: list[tuple[bytes | int | str | None, ...]] = []
    with connection.cursor() as cursor:
        for subject in subjects:
            cursor.execute(f"SELECT {_COLUMNS} FROM version WHERE subject = %s ORDER BY id", (subject,))  # noqa: S608  # names of ours
            before += cursor.fetchall()
    try:
        yield
    finally:
        marks = ", ".join(["%s"] * 10)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany("DELETE FROM version WHERE subject = %s", [(subject,) for subject in subjects])
            cursor.executemany(f"INSERT INTO version ({_COLUMNS}) VALUES ({marks})", before)  # noqa: S608  # names of ours


def _flip(strike: _Strike) -> Id:
    """One bit of a sealed record."""
    row = strike.latest()
    sealed = bytearray(row.row.sealed)
    sealed[strike.chance.randrange(len(sealed))] ^= 1 << strike.chance.randrange(8)
    return strike.set("sealed", bytes(sealed), row)


def _swap_patients(strike: _Strike) -> Id:
    """The record of somebody else, in the same place."""
    row = strike.latest()
    other = next(one for one in rows.latest(strike.others) if one.row.kind == row.row.kind)
    return strike.set("sealed", other.row.sealed, row)


def _swap_places(strike: _Strike) -> Id:
    """Two records of one patient change places."""
    one, other = strike.latest(Kind.ORDER), strike.latest(Kind.SPECIMEN)
    strike.set("sealed", one.row.sealed, other)
    return strike.set("sealed", other.row.sealed, one)


def _replay(strike: _Strike) -> Id:
    """What was said before the correction, in the place of the correction."""
    before, after = strike.corrected()
    return strike.set("sealed", before.row.sealed, after)


def _other_state(strike: _Strike) -> Id:
    """A result is said to have been released."""
    return strike.set("state", states.Analysis.RELEASED, strike.latest(Kind.OBSERVATION))


def _other_parents(strike: _Strike) -> Id:
    """A result is said to be of another tube."""
    row = strike.latest(Kind.OBSERVATION)
    requisition, order, specimen = row.row.parents
    return strike.set("parents", requisition + specimen + order, row)


def _other_kind(strike: _Strike) -> Id:
    """A tube is said to be an order."""
    return strike.set("kind", int(Kind.ORDER), strike.latest(Kind.SPECIMEN))


def _roll_back(strike: _Strike) -> Id:
    """The correction was never made."""
    _, after = strike.corrected()
    return _remove(strike, after)


def _delete(strike: _Strike) -> Id:
    """The order was never placed."""
    return _remove(strike, strike.latest(Kind.ORDER))


def _give_away(strike: _Strike) -> Id:
    """The record is said to be somebody else's."""
    row = strike.latest(Kind.SPECIMEN)
    strike.set("subject", strike.others[0].subject, row)
    return Id(row.row.id)


def _remove(strike: _Strike, row: Stored) -> Id:
    query = "DELETE FROM version WHERE resource = %s AND version = %s"
    strike.cursor.execute(query, (row.row.id, row.row.version))
    return Id(row.row.id)


_CHANGES: tuple[Callable[[_Strike], Id], ...] = (
    _flip,
    _swap_patients,
    _swap_places,
    _replay,
    _other_state,
    _other_parents,
    _other_kind,
    _roll_back,
    _delete,
    _give_away,
)
