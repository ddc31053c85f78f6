"""How much time has truly passed: what refills buckets and ends windows, whatever the wall clock says.

Trusted time begins at the wall clock's and advances, at each turn, by what the wall clock *and* the machine's steady
clock both say has passed. So a quiet night counts in full, a wall clock set forward or back counts for nothing, and
trusted time never goes back.

The steady clock runs from the machine's start, hence through a restart of the custodian; over a restart of the machine
it proves nothing. There the wall clock is believed for one day at most, and that one day has to be earned back by
proven time before it is given again: starting the machine again and again with a clock set forward gains one day, once.
A longer gap waits for an officer (`confirm`).
"""

from aliquot.custody import limits
from aliquot.custody.store import Turn
from aliquot.terms.errors import Broken


def advance(turn: Turn, steady: int, boot: bytes) -> None:
    """Count the time since the last turn. Called once, first, in every turn.

    `steady` is the machine's monotonic clock in microseconds; `boot` names the machine's present run.
    """
    row = turn.db.execute("SELECT at, wall, steady, boot, unproven FROM elapsed").fetchone()
    if row is None:
        turn.db.execute("INSERT INTO elapsed VALUES (1, ?1, ?1, ?2, ?3, 0)", (turn.at, steady, boot))
        turn.moment = turn.at
        return
    at, wall, last, run, unproven = row
    by_wall = max(0, turn.at - wall)
    if run == boot:
        passed = min(by_wall, max(0, steady - last))
        unproven = max(0, unproven - passed)
    else:
        passed = min(by_wall, limits.DAY - unproven)
        unproven += passed
    turn.db.execute(
        "UPDATE elapsed SET at = ?, wall = ?, steady = ?, boot = ?, unproven = ?",
        (at + passed, turn.at, steady, boot, unproven),
    )
    turn.moment = at + passed


def confirm(turn: Turn) -> None:
    """An officer says that the wall clock is right: the time that could not be proved has passed."""
    turn.db.execute("UPDATE elapsed SET at = max(at, wall), unproven = 0")
    turn.moment = None


def moment(turn: Turn) -> int:
    """Trusted time in microseconds since 1970.

    Raises:
        Broken: no turn has been counted yet.
    """
    # An act asks four times over, and a batch of messages hundreds of times.
    if turn.moment is None:
        row: tuple[int] | None = turn.db.execute("SELECT at FROM elapsed").fetchone()
        if row is None:
            raise Broken("time was asked for before any turn was counted")
        (turn.moment,) = row
    return turn.moment


def day(at: int) -> int:
    """The day of an instant of trusted time."""
    return at // limits.DAY
