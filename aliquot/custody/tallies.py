"""What is counted by day or by window, and the alarms that the counts ring: once a day for each kind and person."""

from dataclasses import dataclass

from aliquot.custody import elapsed, limits
from aliquot.custody.store import Turn
from aliquot.terms.ids import Org

_ADD = """
INSERT INTO tally (org, what, day, n) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (org, what, day) DO UPDATE SET n = n + ?4 RETURNING n
"""


@dataclass(frozen=True)
class Alarm:
    """Something that the privacy desk must see: it becomes a leaf and a notice.

    `kind` is stable; `person` is empty when a whole laboratory is meant; `n` is how many patients or acts; `detail` is
    a code and never content.
    """

    kind: str
    org: Org
    person: bytes
    n: int
    detail: str = ""


def add(turn: Turn, org: Org, what: str, when: int, n: int = 1) -> int:
    """Count; the answer is the new count. `when` is a day, or the number of a window."""
    row: tuple[int] = turn.db.execute(_ADD, (org, what, when, n)).fetchone()
    return row[0]


def of(turn: Turn, org: Org, what: str, when: int) -> int:
    """The present count."""
    query = "SELECT n FROM tally WHERE org = ? AND what = ? AND day = ?"
    row: tuple[int] | None = turn.db.execute(query, (org, what, when)).fetchone()
    return row[0] if row else 0


def recent(turn: Turn, org: Org, what: str, day: int) -> tuple[int, int]:
    """The sum over the 28 days before this one, and on how many of them anything was counted."""
    row: tuple[int, int] = turn.db.execute(
        "SELECT coalesce(sum(n), 0), count(*) FROM tally WHERE org = ? AND what = ? AND day BETWEEN ? AND ? AND n > 0",
        (org, what, day - limits.MEAN_DAYS, day - 1),
    ).fetchone()
    return row


def once(turn: Turn, alarm: Alarm, at: int, beside: str = "") -> tuple[Alarm, ...]:
    """The alarm if it is the first of its kind for this person (or laboratory) today, else nothing.

    `beside` tells alarms of one kind apart, so that one does not silence another.
    """
    what = f"alarm:{alarm.kind}:{alarm.person.hex()}{beside}"
    return (alarm,) if add(turn, alarm.org, what, elapsed.day(at)) == 1 else ()


def window(at: int) -> int:
    """The number of the ten-minute window of an instant."""
    return at // limits.PACE


def patients(turn: Turn, org: Org, day: int) -> int:
    """How many patients a laboratory (or the installation) has, for the size of its bucket.

    Counted once a day by `count_patients`. Until the first count they are counted now.
    """
    query = "SELECT n FROM tally WHERE org = ? AND what = 'patients' AND day <= ? ORDER BY day DESC LIMIT 1"
    row: tuple[int] | None = turn.db.execute(query, (org, day)).fetchone()
    return row[0] if row else _subjects(turn, org)


def count_patients(turn: Turn, org: Org, day: int) -> None:
    """Count a laboratory's patients for the day.

    Registering patients that do not exist must not widen the bucket: beside those that came under a mandate, a count
    grows by no more in a day than as many orders as may wait for confirmation.
    """
    if of(turn, org, "patients-counted", day):
        return
    query = "SELECT n FROM tally WHERE org = ? AND what = ? ORDER BY day DESC LIMIT 1"
    last = turn.db.execute(query, (org, "patients")).fetchone()
    found, mandated = _subjects(turn, org), _mandated(turn, org)
    if last is not None:
        (before,) = turn.db.execute(query, (org, "patients-mandated")).fetchone()
        growth = limits.unconfirmed(*recent(turn, org, "confirmed", day))
        found = min(found, last[0] + mandated - before + growth)
    for what, n in (("patients", found), ("patients-mandated", mandated), ("patients-counted", 1)):
        add(turn, org, what, day, n)


def _subjects(turn: Turn, org: Org) -> int:
    if org == limits.INSTALLATION:
        row: tuple[int] = turn.db.execute("SELECT count(*) FROM subject").fetchone()
    else:
        row = turn.db.execute("SELECT count(*) FROM subject WHERE org = ?", (org,)).fetchone()
    return row[0]


def _mandated(turn: Turn, org: Org) -> int:
    if org == limits.INSTALLATION:
        row: tuple[int] = turn.db.execute("SELECT coalesce(sum(used), 0) FROM mandate").fetchone()
    else:
        row = turn.db.execute("SELECT coalesce(sum(used), 0) FROM mandate WHERE org = ?", (org,)).fetchone()
    return row[0]
