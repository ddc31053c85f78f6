"""How often a sign-in was tried: guessing gets slower with each try, whether or not there is such a login."""

from datetime import timedelta

from aliquot.custody import store
from aliquot.custody.denial import Denial
from aliquot.custody.store import Turn

FREE = 5
"""Tries that cost nothing: people mistype."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
"""At 24 tries a day, with 3 of a million codes right at a time, a stolen password falls in 38 years on average.

A stranger can hold a login at this wait by trying on; a passkey signs in all the same, for nobody can guess one.
"""
FORGOTTEN = timedelta(days=1)


def count(turn: Turn, login: int) -> None:
    """One try, counted before it is judged, so that a hundred tries at once are a hundred tries.

    Raises:
        Denial: `too-many-tries`, while the wait after the last try lasts; this try is then not counted.
    """
    tries, last = _tried(turn, login)
    if turn.now < store.instant(last) + _wait(tries):
        raise Denial("too-many-tries", "too many tries: wait up to an hour, or use a passkey")
    turn.db.execute(
        "INSERT INTO attempt (login, failures, last) VALUES (?, ?, ?)"
        " ON CONFLICT (login) DO UPDATE SET failures = excluded.failures, last = excluded.last",
        (login, tries + 1, turn.at),
    )


def forget(turn: Turn, login: int) -> None:
    """The try was right: counting begins again."""
    turn.db.execute("DELETE FROM attempt WHERE login = ?", (login,))


def _tried(turn: Turn, login: int) -> tuple[int, int]:
    row = turn.db.execute("SELECT failures, last FROM attempt WHERE login = ?", (login,)).fetchone()
    if row is None or turn.now > store.instant(row[1]) + FORGOTTEN:
        return 0, 0
    return int(row[0]), int(row[1])


def _wait(tries: int) -> timedelta:
    if tries < FREE:
        return timedelta(0)
    # The exponent is bounded, because a stranger may try for years.
    doublings = min(tries - FREE, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)
