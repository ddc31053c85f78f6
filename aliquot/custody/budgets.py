"""Budgets protect patients, and never stop care: what an opening costs, and when custody says no or rings.

What was taken is not given back when a save is abandoned. Confirmed open work and break-glass are never refused here.
An order is always taken and its labels are always printed; without an explanation and without room in the buckets
they are only shown no identity.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.custody import buckets, elapsed, explanation, limits, openings, store, tallies
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.explanation import Explanation, Why
from aliquot.custody.portions import About, Portion, Scope
from aliquot.custody.protocol import Act
from aliquot.custody.store import Turn
from aliquot.custody.tallies import Alarm
from aliquot.terms.ids import Org
from aliquot.terms.kinds import Kind

_REASONS = {
    "budget-all": "you have opened a day's patients; a fresh factor gives more",
    "budget-person": "you have opened your day's patients without work that explains it; break the glass if you must",
    "budget-laboratory": "the laboratory has opened its day's patients without work; break the glass if you must",
    "budget-installation": "the laboratories have opened a day's patients without work; break the glass if you must",
}
_ORGANIZATION = bytes(12)
"""How the id of an organization ends, as the subject of its own acts: it is no patient and counts under no mandate."""
_UNREMEMBERED = frozenset({Why.BREAK_GLASS, Why.GRACE, Why.MANDATE})


@dataclass(frozen=True)
class Weighing:
    """What an act costs, decided before anything changes.

    `withheld` are kinds that the grant must not show, and `scope` the rows that it may reach: both narrow the portion.
    `takes` are the unexplained buckets to take this patient from, `makes` those to make known because a debt may
    follow, `everyone` the bucket of all patients.
    """

    how: str
    at: int
    scope: Scope
    withheld: frozenset[Kind] = frozenset()
    work: bytes = b""
    search: int = 0
    takes: tuple[tuple[str, int], ...] = ()
    makes: tuple[tuple[str, int], ...] = ()
    everyone: tuple[tuple[str, int], ...] = ()
    refill: bool = False
    exhausted: bool = False
    remember: bool = False


def weigh(turn: Turn, asker: Asker, act: Act, portion: Portion, explained: Explanation) -> Weighing:
    """What this act costs. Reads only.

    Raises:
        Denial: `budget-person`, `budget-laboratory`, `budget-installation` or `budget-all` (no room), `budget-service`
            (a service has no unexplained leave), `not-sampled`, `another-site` (the patient's open work is elsewhere).
    """
    at = elapsed.moment(turn)
    why = explained.why
    if portion.sampled and why is not Why.SAMPLE:
        raise Denial("not-sampled", "this dossier is not one of those that were drawn to be compared")
    remember = bool(portion.reads) and not portion.writes and why not in _UNREMEMBERED
    if why in {Why.OWN, Why.MANDATE}:
        return Weighing(why, at, portion.scope, work=act.work, remember=remember and portion.about is About.PATIENT)
    before = openings.today(turn, asker.person, act.subject, at)
    everyone = _everyone(asker) if before <= {"blind"} else {}
    if why in {Why.CANDIDATE, Why.NONE}:
        return _unexplained(turn, asker, act, portion, (explained, before, everyone, at))
    empty = bool(everyone) and min(buckets.room(turn, everyone, at).values()) < 1
    if empty and why is Why.CLOSED and not explained.factor:
        return _without_room(act, explained, "budget-all", at)
    return Weighing(
        why,
        at,
        explanation.narrowed(portion, explained),
        work=explained.work,
        makes=tuple(_rates(turn, asker, at).items()) if why is Why.ORDER and "order" not in before else (),
        everyone=tuple(everyone.items()),
        refill=empty and explained.factor,
        exhausted=empty,
        remember=remember,
    )


def spend(turn: Turn, asker: Asker, act: Act, weighing: Weighing) -> tuple[Alarm, ...]:
    """Take what was weighed, write the opening down, and tell what rings."""
    at = weighing.at
    if weighing.remember:
        row = (asker.session, elapsed.day(at), act.subject, act.name, act.work)
        turn.db.execute("INSERT OR IGNORE INTO shown VALUES (?, ?, ?, ?, ?)", row)
    if weighing.how == Why.MANDATE:
        _spend_mandate(turn, asker, act, at)
    if weighing.how in {Why.OWN, Why.MANDATE}:
        return ()
    _pour(turn, weighing)
    if weighing.how == "unexplained":
        openings.keep_for_good(turn, asker.person, act.subject, at)
    if weighing.how in {Why.WORK, Why.CLOSED}:
        openings.choose(turn, asker.person, act.subject, at, rests=b"")
    if weighing.how == Why.BREAK_GLASS:
        until = at + limits.GRACE_LASTS
        turn.db.execute(
            "INSERT OR REPLACE INTO grace VALUES (?, ?, ?, ?)", (asker.person, act.subject, act.id.hex(), until)
        )
    rest = (weighing.work, act.name, weighing.search)
    openings.record(turn, (asker.org, asker.person, act.subject), at, weighing.how, rest)
    return _ring(turn, asker, act, weighing)


def shown_already(turn: Turn, asker: Asker, act: Act, portion: Portion) -> bool:
    """Whether this session has been shown the same portion of the same patient today: no second leaf, no second count.

    An act that writes is always new; a broken glass is not remembered, so that it ends with its hour.
    """
    if portion.writes or act.purpose == limits.BREAK_GLASS_PURPOSE or act.mandate:
        return False
    day = elapsed.day(elapsed.moment(turn))
    query = "SELECT 1 FROM shown WHERE session = ? AND day = ? AND subject = ? AND act = ? AND work = ?"
    return turn.db.execute(query, (asker.session, day, act.subject, act.name, act.work)).fetchone() is not None


def refused(turn: Turn, asker: Asker, code: str) -> tuple[Alarm, ...]:
    """An empty bucket rings, once a day for each person and bucket; so does every other refusal named here."""
    if not code.startswith("budget-") and code not in {"another-site", "break-glass", "mandate"}:
        return ()
    at = elapsed.moment(turn)
    kind = "break-glass-refused" if code == Why.BREAK_GLASS else code
    return tallies.once(turn, Alarm(kind, asker.org, asker.person, 1), at)


def searched(turn: Turn, asker: Asker, hits: Sequence[bytes]) -> tuple[Alarm, ...]:
    """A search found these patients: showing them in this session counts as provisional for fifteen minutes."""
    at = elapsed.moment(turn)
    (last,) = turn.db.execute("SELECT max(search) FROM provisional WHERE session = ?", (asker.session,)).fetchone()
    number = max(at, (last or 0) + 1)
    rows = [(asker.session, number, hit, at) for hit in hits[: limits.HITS]]
    turn.db.executemany("INSERT INTO provisional VALUES (?, ?, ?, ?)", rows)
    return ()


def looked_up(turn: Turn, asker: Asker, field: str, values: Sequence[int]) -> tuple[Alarm, ...]:
    """Exact identifiers, or birth dates, were asked for: distinct values of a day ring beyond a day's patients.

    Nothing is refused, for a value that is not shown is nobody; showing whom it finds is metered as any opening.
    """
    at = elapsed.moment(turn)
    day = elapsed.day(at)
    new = 0
    for value in values:
        row = (asker.person, day, f"{field}:{value}".encode())
        new += turn.db.execute("INSERT OR IGNORE INTO asked VALUES (?, ?, ?)", row).rowcount
    if not new:
        return ()
    n = tallies.add(turn, asker.org, f"asked:{asker.person.hex()}", day, new)
    if n <= _values(turn, asker, day):
        return ()
    return tallies.once(turn, Alarm("search-values", asker.org, asker.person, n), at)


def registered(turn: Turn, org: Org, person: bytes, subject: bytes) -> tuple[Alarm, ...]:
    """A new patient was kept: those shown by the search before cost one together; registering itself is counted."""
    at = elapsed.moment(turn)
    openings.registered(turn, person, subject, at)
    n = tallies.add(turn, org, "registered-pace", tallies.window(at))
    if n < limits.order_pace(*tallies.recent(turn, org, "confirmed", elapsed.day(at))):
        return ()
    return tallies.once(turn, Alarm("registered-fast", org, person, n), at)


def _unexplained(
    turn: Turn,
    asker: Asker,
    act: Act,
    portion: Portion,
    known: tuple[Explanation, frozenset[str], dict[str, int], int],
) -> Weighing:
    explained, before, everyone, at = known
    if asker.service:
        raise Denial("budget-service", "a service opens nobody without work that explains it")
    if explained.elsewhere:
        raise Denial("another-site", "this patient's open work is at another site; break the glass if you must")
    rates = {} if before & openings.COUNTED else _rates(turn, asker, at)
    empty = _empty(turn, rates | everyone, at)
    if empty:
        return _without_room(act, explained, empty, at)
    refundable = explanation.identity_only(portion) or _is_care(act, explained)
    return Weighing(
        ("provisional" if rates else "again") if refundable else "unexplained",
        at,
        portion.scope,
        search=explained.search,
        takes=tuple(rates.items()),
        everyone=tuple(everyone.items()),
        remember=not portion.writes,
    )


def _without_room(act: Act, explained: Explanation, code: str, at: int) -> Weighing:
    """An order is taken and its labels are printed, without identity; anything else is refused."""
    if not _is_care(act, explained):
        raise Denial(code, _REASONS[code])
    return Weighing("blind", at, Scope.WORK, withheld=explanation.IDENTITY, work=act.work)


def _is_care(act: Act, explained: Explanation) -> bool:
    return act.name == "PlaceOrder" or (act.name == "PrintLabels" and explained.open)


def _everyone(asker: Asker) -> dict[str, int]:
    return {} if asker.service else {buckets.all_of(asker.person): limits.everyone(asker.roles)}


def _rates(turn: Turn, asker: Asker, at: int) -> dict[str, int]:
    """The unexplained buckets of an asker with their patients a day; a service has none of its own."""
    day = elapsed.day(at)
    person, laboratory, installation = openings.keys(asker.org, asker.person)
    rates = {
        laboratory: limits.laboratory(tallies.patients(turn, asker.org, day)),
        installation: limits.installation(tallies.patients(turn, limits.INSTALLATION, day)),
    }
    return rates if asker.service else {person: limits.unexplained(asker.roles)} | rates


def _empty(turn: Turn, rates: dict[str, int], at: int) -> str:
    """The code of the first bucket without room for one patient more, in the order of the rates."""
    if not rates:
        return ""
    for key, room in buckets.room(turn, rates, at).items():
        if room < 1:
            return _code(key)
    return ""


def _code(key: str) -> str:
    kind, _, of = key.partition(":")
    if kind == "unexplained":
        return "budget-person"
    if kind == "all":
        return "budget-all"
    return "budget-installation" if of == limits.INSTALLATION.hex() else "budget-laboratory"


def _values(turn: Turn, asker: Asker, day: int) -> int:
    if not asker.service:
        return limits.everyone(asker.roles)
    total, days = tallies.recent(turn, asker.org, "confirmed", day)
    return max(limits.VALUES_OF_SERVICE, 20 * total // days if days else 0)


def _spend_mandate(turn: Turn, asker: Asker, act: Act, at: int) -> None:
    """A subject counts once under its mandate; an order placed under one explains nothing to anybody else."""
    row = (act.mandate, act.subject)
    if act.subject[len(asker.org) :] == _ORGANIZATION:
        return
    if turn.db.execute("INSERT OR IGNORE INTO mandated VALUES (?, ?)", row).rowcount:
        turn.db.execute("UPDATE mandate SET used = used + 1 WHERE id = ?", (act.mandate,))
    if act.name in {"PlaceOrder", "ExportDossier"}:
        rest = (act.work, act.name, 0)
        openings.record(turn, (asker.org, asker.person, act.subject), at, Why.MANDATE, rest)


def _pour(turn: Turn, weighing: Weighing) -> None:
    buckets.take(turn, dict(weighing.takes), 1, weighing.at)
    buckets.take(turn, dict(weighing.makes), 0, weighing.at)
    everyone = dict(weighing.everyone)
    if weighing.refill:
        for key, a_day in everyone.items():
            buckets.adjust(turn, key, -(a_day // limits.REFILL_BY_FACTOR), weighing.at)
    buckets.take(turn, everyone, 1, weighing.at)


def _ring(turn: Turn, asker: Asker, act: Act, weighing: Weighing) -> tuple[Alarm, ...]:
    at = weighing.at
    if weighing.how == Why.BREAK_GLASS:
        return _ring_glass(turn, asker, act, at)
    rung: tuple[Alarm, ...] = ()
    if weighing.exhausted:
        rung = tallies.once(turn, Alarm("all-patients", asker.org, asker.person, 1, act.name), at)
    if weighing.how == "blind":
        rung += tallies.once(turn, Alarm("order-blind", asker.org, asker.person, 1, act.name), at)
    return rung + (_ring_unexplained(turn, asker, act, weighing) if weighing.takes else ())


def _ring_glass(turn: Turn, asker: Asker, act: Act, at: int) -> tuple[Alarm, ...]:
    n = tallies.add(turn, asker.org, f"break-glass:{asker.person.hex()}", elapsed.day(at))
    rung: tuple[Alarm, ...] = (Alarm("break-glass", asker.org, asker.person, n, act.name),)
    if n > limits.BREAK_GLASS_LOOP:
        rung += tallies.once(turn, Alarm("break-glass-looped", asker.org, asker.person, n, act.name), at)
    return rung


def _ring_unexplained(turn: Turn, asker: Asker, act: Act, weighing: Weighing) -> tuple[Alarm, ...]:
    at = weighing.at
    of_person, of_laboratory, pace, pace_of_all = openings.count(turn, asker.org, asker.person, at)
    rates = dict(weighing.takes)
    _, laboratory, installation = openings.keys(asker.org, asker.person)
    usual, days = tallies.recent(turn, asker.org, "unexplained", elapsed.day(at))
    due = [
        ("unexplained-person", asker.person, of_person, limits.unexplained_alarm(asker.roles)),
        ("unexplained-laboratory", b"", of_laboratory, limits.LABORATORY_DAY + (usual // days if days else 0)),
        ("unexplained-pace", b"", pace, limits.unexplained_pace(rates[laboratory])),
        ("unexplained-installation", b"", pace_of_all, limits.unexplained_pace(rates[installation])),
    ]
    rung: tuple[Alarm, ...] = ()
    for kind, person, n, threshold in due:
        if n >= threshold:
            rung += tallies.once(turn, Alarm(kind, asker.org, person, n, act.name), at)
    return rung


def work_opened(turn: Turn, work: bytes, subject: bytes, site: str, actor: bytes) -> tuple[Alarm, ...]:
    """An order was kept. It explains identity and its own rows, unless too much waits for confirmation already.

    It also gives back the opening of the patient that was chosen. While the buckets of its laboratory or its person
    are overdrawn, it is taken, rings, and explains nothing until it is confirmed.
    """
    at = elapsed.moment(turn)
    org = Org(subject[:4])
    mandated = turn.db.execute(
        "SELECT 1 FROM opening WHERE subject = ? AND work = ? AND how = ?", (subject, work, Why.MANDATE)
    ).fetchone()
    recent = tallies.recent(turn, org, "confirmed", elapsed.day(at))
    waiting = openings.waiting(turn, org)
    person, laboratory, _ = openings.keys(org, actor)
    full = waiting >= limits.unconfirmed(*recent) or buckets.overdrawn(turn, (person, laboratory), at)
    silent = mandated is not None or full
    turn.db.execute(
        "INSERT INTO work (id, org, subject, site, opened_by, opened, lapsed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (work, org, subject, site, actor, at, int(silent)),
    )
    if mandated is not None:
        return ()
    if not silent:
        openings.choose(turn, actor, subject, at, rests=work)
        turn.db.execute("UPDATE opening SET work = ? WHERE work = ? AND settled = 0", (work, subject))
    return _ring_orders(turn, org, actor, limits.order_pace(*recent), waiting if full else 0)


def work_loaded(turn: Turn, work: bytes, place: tuple[bytes, str], actor: bytes, mandate: bytes) -> None:
    """Work of the past was brought in, closed: nothing ever confirmed it here, and it explains nothing.

    `place` is whose it is, and at which site. Under its own mandate it may be looked at again.
    """
    at, (subject, site) = elapsed.moment(turn), place
    turn.db.execute("INSERT OR IGNORE INTO mandated VALUES (?, ?)", (mandate, work))
    turn.db.execute(
        "INSERT INTO work (id, org, subject, site, opened_by, opened, closed, lapsed) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        (work, Org(subject[:4]), subject, site, actor, at, at),
    )


def work_confirmed(turn: Turn, works: Sequence[bytes], how: str) -> None:
    """Something outside web confirmed orders: signed letters ("letter") or a person's fresh factor ("factor").

    What rested on them is settled; what a lapse had taken is given back. Only letters raise the mean that bounds how
    many orders may wait.
    """
    at = elapsed.moment(turn)
    waiting = [row[0] for row in store.among(turn, "SELECT id FROM work WHERE confirmed IS NULL AND id IN", works)]
    turn.db.executemany("UPDATE work SET confirmed = ? WHERE id = ?", [(at, work) for work in waiting])
    turn.db.executemany("UPDATE opening SET settled = 1 WHERE work = ? AND settled = 0", [(work,) for work in waiting])
    what = "confirmed" if how == "letter" else "confirmed-by-factor"
    for org, confirmed in Counter(Org(work[:4]) for work in waiting).items():
        tallies.add(turn, org, what, elapsed.day(at), confirmed)
    lapsed: dict[bytes, set[tuple[bytes, bytes]]] = {}
    query = "SELECT work, person, subject FROM opening WHERE how = 'lapsed' AND work IN"
    for work, person, subject in store.among(turn, query, waiting):
        lapsed.setdefault(work, set()).add((person, subject))
    for work, pairs in lapsed.items():
        turn.db.execute("UPDATE opening SET how = 'order' WHERE work = ? AND how = 'lapsed'", (work,))
        _book(turn, Org(work[:4]), pairs, -1, at)


def work_closed(turn: Turn, work: bytes) -> None:
    """The requisition is closed: it explains for fourteen days more, if it ever was confirmed."""
    day = elapsed.moment(turn) // limits.DAY * limits.DAY
    # A closed dossier shows its week and nothing finer, here as in the record database.
    turn.db.execute(
        "UPDATE work SET closed = ?1, opened = opened - opened % ?2, confirmed = confirmed - confirmed % ?2"
        " WHERE id = ?3",
        (day, 7 * limits.DAY, work),
    )


def work_reopened(turn: Turn, work: bytes) -> None:
    """A correction opened the requisition again."""
    turn.db.execute("UPDATE work SET closed = NULL WHERE id = ?", (work,))


def lapse(turn: Turn) -> tuple[Alarm, ...]:
    """Orders that nothing confirmed within 24 hours: the openings that rested on them count as unexplained from now.

    Buckets may be overdrawn by this. To be called every few minutes; it also counts the day's patients and forgets
    what no rule looks at any more.
    """
    at = elapsed.moment(turn)
    cutoff = at - limits.UNCONFIRMED_LASTS
    for (org,) in turn.db.execute("SELECT org FROM organization").fetchall():
        tallies.count_patients(turn, org, elapsed.day(at))
    tallies.count_patients(turn, limits.INSTALLATION, elapsed.day(at))
    turn.db.execute("UPDATE work SET lapsed = 1 WHERE confirmed IS NULL AND lapsed = 0 AND opened <= ?", (cutoff,))
    rows = turn.db.execute(
        "SELECT o.id, o.org, o.person, o.subject FROM opening o LEFT JOIN work w ON w.id = o.work WHERE o.settled = 0 "
        "AND (w.lapsed = 1 OR (w.id IS NULL AND o.at <= ?))",
        (cutoff,),
    ).fetchall()
    turn.db.executemany("UPDATE opening SET how = 'lapsed', settled = 1 WHERE id = ?", [(row[0],) for row in rows])
    rung: tuple[Alarm, ...] = ()
    for org in sorted({row[1] for row in rows}):
        pairs = {(person, subject) for _, of, person, subject in rows if of == org}
        rung += _lapse_in(turn, org, pairs, at)
    _forget(turn, at)
    return rung


def _ring_orders(turn: Turn, org: Org, actor: bytes, pace: int, waiting: int) -> tuple[Alarm, ...]:
    at = elapsed.moment(turn)
    window = tallies.window(at)
    mine = tallies.add(turn, org, f"orders-pace:{actor.hex()}", window)
    everybody = tallies.add(turn, org, "orders-pace", window)
    rung: tuple[Alarm, ...] = ()
    service = turn.db.execute("SELECT 1 FROM service WHERE id = ?", (actor,)).fetchone() is not None
    if mine >= limits.ORDERS_OF_PERSON and not service:
        rung += tallies.once(turn, Alarm("orders-of-person", org, actor, mine), at)
    if everybody >= pace:
        rung += tallies.once(turn, Alarm("orders-of-laboratory", org, b"", everybody), at)
    if waiting:
        rung += tallies.once(turn, Alarm("orders-explain-nothing", org, b"", waiting), at)
    return rung


def _lapse_in(turn: Turn, org: Org, pairs: set[tuple[bytes, bytes]], at: int) -> tuple[Alarm, ...]:
    _book(turn, org, pairs, 1, at)
    n = tallies.add(turn, org, "lapsed", elapsed.day(at), len({subject for _, subject in pairs}))
    rung: tuple[Alarm, ...] = ()
    if n >= limits.LAPSED_DAY:
        rung += tallies.once(turn, Alarm("orders-lapsed", org, b"", n), at)
    if buckets.overdrawn(turn, (buckets.laboratory(org),), at):
        rung += tallies.once(turn, Alarm("budget-overdrawn", org, b"", n), at)
    return rung


def _book(turn: Turn, org: Org, pairs: set[tuple[bytes, bytes]], patients: int, at: int) -> None:
    """Take or give back: each patient once from each person, once from the laboratory and the installation."""
    for person, _ in pairs:
        buckets.adjust(turn, buckets.unexplained_of(person), patients, at)
    distinct = patients * len({subject for _, subject in pairs})
    for of in (org, limits.INSTALLATION):
        buckets.adjust(turn, buckets.laboratory(of), distinct, at)


def _forget(turn: Turn, at: int) -> None:
    day = elapsed.day(at)
    turn.db.execute("DELETE FROM asked WHERE day < ?", (day,))
    turn.db.execute("DELETE FROM shown WHERE day < ?", (day,))
    turn.db.execute("DELETE FROM provisional WHERE at < ?", (at - limits.DAY,))
    turn.db.execute("DELETE FROM grace WHERE until < ?", (at,))
    turn.db.execute(
        "DELETE FROM opening WHERE id IN (SELECT id FROM opening ORDER BY id LIMIT 500) AND at < ? AND settled = 1",
        (at - limits.KEEP_OPENINGS,),
    )
