"""The weekly life of keys: a new epoch, every patient's key moved into it, the journal written anew, an old one gone.

Every seven days of trusted time, one small step at each tick, so that nobody waits for it:

1. keys of the new epoch are in the epoch file, and new patients get theirs under them;
2. the keys of all patients are rewrapped, a thousand at a time;
3. the key journal is written anew, and takes the name of the old one: with the keys of the table, and with those that
   only the old one still has, because an older database was restored or a row was damaged;
4. the keys of the epoch before last are destroyed: three remain, this one and two for backups.

Killed at any point, the next start goes on: what was rewrapped stays so, a draft of the journal is begun again. Every
key is at every moment wrapped under exactly one epoch, and that epoch lives. Source: CRYPTO.md section 5.
"""

from dataclasses import dataclass

from aliquot.custody import answers, elapsed, limits, store
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.keyjournal import Row
from aliquot.custody.store import Turn
from aliquot.ledger.entry import Step
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.vault import epochs, wrapping
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.wrapping import Binding, WrappedKey

WEEK = 7 * limits.DAY
LIVING = 3
AT_ONCE = 1_000
"""Keys that are rewrapped in one turn: about ten milliseconds."""
COPIED_AT_ONCE = 10_000


@dataclass(frozen=True)
class _Epoch:
    number: int
    began: int
    cursor: int
    finished: bool


@dataclass(frozen=True)
class _Key:
    row: int
    subject: Id
    org: Org
    n: int
    epoch: int
    wrapped: WrappedKey


def step(turn: Turn, held: Holdings) -> None:
    """Go on with what the clock asks for, by one step; most of the time there is nothing to do.

    An epoch that only the epoch file knows (the power failed, or an older database was restored) is taken up.
    """
    at, newest = elapsed.moment(turn), _newest(turn)
    if newest is None or newest.number < held.unlocked.newest:
        _take_up(turn, held, at)
    elif not newest.finished:
        _go_on(turn, held, newest, at)
    elif held.unlocked.oldest <= newest.number - LIVING:
        held.unlocked.epochs.destroy(newest.number - LIVING)
    elif at - newest.began >= WEEK:
        held.unlocked.begin_epoch(newest.number + 1)
        _take_up(turn, held, at)


def told(turn: Turn, held: Holdings) -> answers.Epoch:
    """How far the present epoch is, for who looks after the machine: it says nothing of anybody."""
    row = turn.db.execute("SELECT number, began, looked, finished FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
    if row is None:
        raise Broken("the weekly keys were asked about before the first tick")
    number, began, looked, finished = row
    return answers.Epoch(
        number=number,
        oldest=held.unlocked.oldest,
        began_at=store.instant(began),
        looked_at=store.instant(looked),
        finished=finished is not None,
        now=store.instant(elapsed.moment(turn)),
    )


def _newest(turn: Turn) -> _Epoch | None:
    row = turn.db.execute("SELECT number, began, cursor, finished FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else _Epoch(row[0], row[1], row[2], row[3] is not None)


def _take_up(turn: Turn, held: Holdings, at: int) -> None:
    number = held.unlocked.newest
    # In the first epoch there is nothing to move from anywhere.
    finished = at if number == epochs.FIRST else None
    turn.db.execute("INSERT INTO epoch VALUES (?1, ?2, ?2, 0, ?3)", (number, at, finished))
    _tell(turn, held, "epoch.begun", number)


def _go_on(turn: Turn, held: Holdings, epoch: _Epoch, at: int) -> None:
    keys = _keys(turn, epoch.cursor, AT_ONCE)
    if keys:
        _move(turn, held, epoch.number, keys)
        turn.db.execute("UPDATE epoch SET cursor = ?, looked = ? WHERE number = ?", (keys[-1].row, at, epoch.number))
    if len(keys) < AT_ONCE:
        _copy(turn, held, epoch.number, at)


def _keys(turn: Turn, after: int, most: int) -> list[_Key]:
    """The keys of the next rows, in the order in which their rows were made: whoever is new comes last."""
    query = "SELECT rowid, id, org, n, epoch, key FROM subject WHERE rowid > ? ORDER BY rowid LIMIT ?"
    return [_Key(*row) for row in turn.db.execute(query, (after, most))]


def _move(turn: Turn, held: Holdings, number: int, keys: list[_Key]) -> None:
    """Rewrap what is of an older epoch. A key that does not open any more stays as it is, and rings."""
    moved, shut = [], []
    for key in keys:
        if key.epoch == number:
            continue
        try:
            moved.append((number, _rewrapped(held, key, number), key.row))
        except Broken:
            shut.append(key)
    turn.db.executemany("UPDATE subject SET epoch = ?, key = ? WHERE rowid = ?", moved)
    for org in sorted({key.org for key in shut}):
        held.alarm(turn, org, "key-does-not-open", n=sum(key.org == org for key in shut))


def _rewrapped(held: Holdings, key: _Key, number: int) -> WrappedKey:
    binding = Binding(key.org, key.subject, key.n, key.epoch)
    old, fresh = held.unlocked.kek(key.org, key.epoch), held.unlocked.kek(key.org, number)
    return wrapping.rewrap(old, key.wrapped, binding, fresh, number)


def _copy(turn: Turn, held: Holdings, number: int, at: int) -> None:
    """Go on with the next journal; once it has every key, it is the journal, and the oldest epoch may go."""
    (gone,) = turn.db.execute("SELECT count(*) FROM shredded").fetchone()
    if gone != held.journal.without:
        # Whoever was forgotten since stands in the draft, or somebody new in a row that was copied before.
        held.journal.drop()
        held.journal.without = gone
    if not held.journal.drafted and _rescue(turn, held, number) == COPIED_AT_ONCE:
        turn.db.execute("UPDATE epoch SET looked = ? WHERE number = ?", (at, number))
        return
    keys = _keys(turn, held.journal.drafted, COPIED_AT_ONCE)
    upto = keys[-1].row if keys else held.journal.drafted
    held.journal.copy([(key.subject, key.n, key.epoch, key.wrapped) for key in keys], upto)
    turn.db.execute("UPDATE epoch SET looked = ? WHERE number = ?", (at, number))
    if len(keys) == COPIED_AT_ONCE:
        return
    held.journal.replace()
    turn.db.execute("UPDATE epoch SET finished = ? WHERE number = ?", (at, number))
    _tell(turn, held, "epoch.moved", number)
    if held.unlocked.oldest <= number - LIVING:
        _tell(turn, held, "epoch.destroyed", number - LIVING)


def _rescue(turn: Turn, held: Holdings, number: int) -> int:
    """Copy the next keys of the journal that the table has not, or has and cannot open, but of nobody forgotten.

    The journal is their only place: it must not lose them because the table has. The answer is how many it looked at.
    """
    rows = held.journal.rows(held.journal.searched, COPIED_AT_ONCE)
    whose = sorted({patient for patient, *_ in rows})
    there = dict(store.among(turn, "SELECT id, epoch FROM subject WHERE id IN", whose))
    gone = {row[0] for row in store.among(turn, "SELECT subject FROM shredded WHERE subject IN", whose)}
    gone |= held.unlocked.epochs.shredded.keys()
    lost = [row for row in rows if there.get(row[0]) != number and row[0] not in gone]
    held.journal.copy(filter(None, (_again(held, row, number) for row in lost)), 0)
    held.journal.searched += len(rows)
    return len(rows)


def _again(held: Holdings, row: Row, number: int) -> Row | None:
    """A key of the journal under the present epoch, if it opens."""
    patient, n, epoch, wrapped = row
    org = ids.org_of(patient)
    try:
        key = _Key(0, patient, org, n, epoch, wrapped)
        return row if epoch == number else (patient, n, number, _rewrapped(held, key, number))
    except Broken:
        return None


def _tell(turn: Turn, held: Holdings, what: str, number: int) -> None:
    """A leaf in the history of every laboratory. It is durable before a key is destroyed."""
    for org in (INSTALLATION, *held.unlocked.orgs):
        held.history.append(turn, org, Leaf(act=what, step=Step.EVENT, actor="", id="", n=number))
