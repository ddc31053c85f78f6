"""Which patients were opened, by whom, and what each opening rested on: the ledger behind the buckets.

`how` is an explanation's kind, or one of these:

| how | counted against the unexplained buckets | settled |
|---|---|---|
| provisional | yes; given back if an order, hand-over or registration follows within 15 minutes | yes |
| unexplained | yes, for good | yes |
| order | no, until the order lapses | when the order is confirmed or lapses |
| beside | no: a discount for having been shown beside the one who was chosen | as the order that was chosen for |
| again | no: it was counted already today | yes |
| blind | no: nobody was shown | yes |
| lapsed | yes; given back if the order is confirmed after all | yes |
"""

from aliquot.custody import buckets, elapsed, limits, tallies
from aliquot.custody.store import Turn
from aliquot.terms.ids import Org

COUNTED = frozenset({"provisional", "unexplained", "lapsed"})

_INSERT = """
INSERT INTO opening (org, person, subject, work, at, how, act, settled, search) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def today(turn: Turn, person: bytes, subject: bytes, at: int) -> frozenset[str]:
    """How this person has opened this patient today."""
    rows = turn.db.execute(
        "SELECT how FROM opening WHERE subject = ? AND at >= ? AND person = ?",
        (subject, elapsed.day(at) * limits.DAY, person),
    )
    return frozenset(how for (how,) in rows)


def keep_for_good(turn: Turn, person: bytes, subject: bytes, at: int) -> None:
    """More than identity was shown: what was provisional today is not given back any more."""
    turn.db.execute(
        "UPDATE opening SET how = 'unexplained' WHERE subject = ? AND at >= ? AND person = ? AND how = 'provisional'",
        (subject, elapsed.day(at) * limits.DAY, person),
    )


def record(turn: Turn, who: tuple[Org, bytes, bytes], at: int, how: str, rest: tuple[bytes, str, int]) -> None:
    """Write an opening down. `who` is laboratory, person, patient; `rest` the requisition, the act and the search."""
    org, person, subject = who
    work, act, search = rest
    turn.db.execute(_INSERT, (org, person, subject, work, at, how, act, int(how != "order"), search))


def choose(turn: Turn, person: bytes, subject: bytes, at: int, rests: bytes) -> None:
    """The patient was chosen: give back the opening, and let those shown beside cost one together.

    What is given back rests on `rests`, an order that is not confirmed yet; on nothing (empty) if facts from outside
    web explain the choice.
    """
    rows = turn.db.execute(
        "SELECT id, org, search, how, at FROM opening WHERE subject = ? AND at > ? AND person = ?",
        (subject, at - limits.CHOICE_LASTS, person),
    ).fetchall()
    for identifier, org, _, how, since in rows:
        if how == "provisional":
            _rest(turn, identifier, "order" if rests else "work", rests)
            give_back(turn, org, person, at)
            uncount(turn, org, person, since)
    searches = {(org, search) for _, org, search, _, _ in rows if search}
    for org, search in sorted(searches):
        _discount(turn, (org, person, search), at, rests)


def registered(turn: Turn, person: bytes, subject: bytes, at: int) -> None:
    """Nobody of the latest search was meant: they cost one together, which rests on the new patient's first order."""
    row = turn.db.execute(
        "SELECT org, search FROM opening WHERE person = ? AND search > 0 AND at > ? ORDER BY search DESC LIMIT 1",
        (person, at - limits.CHOICE_LASTS),
    ).fetchone()
    if row is not None:
        _discount(turn, (row[0], person, row[1]), at, subject)


def waiting(turn: Turn, org: Org) -> int:
    """Orders that explain something without being confirmed, and the patients that a discount shows beside them."""
    (orders,) = turn.db.execute(
        "SELECT count(*) FROM work WHERE org = ? AND confirmed IS NULL AND lapsed = 0", (org,)
    ).fetchone()
    query = "SELECT count(*) FROM opening WHERE org = ? AND settled = 0 AND how = 'beside'"
    (beside,) = turn.db.execute(query, (org,)).fetchone()
    return int(orders + beside)


def give_back(turn: Turn, org: Org, person: bytes, at: int) -> None:
    """One patient less in the three unexplained buckets."""
    for key in keys(org, person):
        buckets.adjust(turn, key, -1, at)


def keys(org: Org, person: bytes) -> tuple[str, str, str]:
    """The unexplained buckets that an opening counts in: the person's, the laboratory's, the installation's."""
    return buckets.unexplained_of(person), buckets.laboratory(org), buckets.laboratory(limits.INSTALLATION)


def count(turn: Turn, org: Org, person: bytes, at: int, n: int = 1) -> tuple[int, int, int, int]:
    """Count an unexplained patient: of the person and the laboratory today, of both scales in this window."""
    day, window = elapsed.day(at), tallies.window(at)
    return (
        tallies.add(turn, org, f"unexplained:{person.hex()}", day, n),
        tallies.add(turn, org, "unexplained", day, n),
        tallies.add(turn, org, "unexplained-pace", window, n),
        tallies.add(turn, limits.INSTALLATION, "unexplained-pace", window, n),
    )


def uncount(turn: Turn, org: Org, person: bytes, since: int) -> None:
    """The one who was chosen was not unexplained after all."""
    count(turn, org, person, since, -1)


def _discount(turn: Turn, search: tuple[Org, bytes, int], at: int, rests: bytes) -> None:
    org, person, number = search
    others = turn.db.execute(
        "SELECT id FROM opening WHERE person = ? AND search = ? AND how = 'provisional' ORDER BY id", (person, number)
    ).fetchall()
    if not others:
        return
    day = elapsed.day(at)
    used = tallies.add(turn, org, f"discounted:{person.hex()}", day)
    most = limits.unconfirmed(*tallies.recent(turn, org, "confirmed", day))
    discounted = used <= limits.DISCOUNTED_SEARCHES and (not rests or waiting(turn, org) + len(others) - 1 <= most)
    full = others[:1] if discounted else others
    for (identifier,) in full:
        turn.db.execute("UPDATE opening SET how = 'unexplained' WHERE id = ?", (identifier,))
    for (identifier,) in others[len(full) :]:
        _rest(turn, identifier, "beside", rests)
        give_back(turn, org, person, at)


def _rest(turn: Turn, identifier: int, how: str, rests: bytes) -> None:
    turn.db.execute(
        "UPDATE opening SET how = ?, work = ?, settled = ? WHERE id = ?", (how, rests, int(not rests), identifier)
    )
