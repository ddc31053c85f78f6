"""What explains that somebody opens a patient: facts that custody recorded itself, and never a caller's word.

A purpose, a typed request, a bench or a role explains nothing. In the order in which they are tried:

| kind | rests on | explains |
|---|---|---|
| own | an act that shows nobody, or a bench row of open work | itself |
| sample | a dossier that custody drew for two people to compare | itself, from the bucket of all patients |
| mandate | a signed mandate of this service | the subjects sealed under it, new ones up to its count |
| break-glass, grace | a fresh factor for this patient and a typed reason, then one hour | whatever the act may see |
| work | open work at one of my sites, confirmed from outside web | whatever the act may see |
| closed | such work, closed within 14 days | the same, from the bucket of all patients |
| order | open work at one of my sites that nothing has confirmed yet | identity, and its own rows |
| candidate | a search of this session in the last 15 minutes | nothing yet: an order may refund it |
| none | | |
"""

from dataclasses import dataclass
from enum import StrEnum

from aliquot.custody import elapsed, exports, limits, samples, steps
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.portions import About, Identity, Portion, Scope
from aliquot.custody.protocol import Act
from aliquot.custody.store import Turn
from aliquot.terms.ids import Id, org_of
from aliquot.terms.kinds import Kind

MIGRATES = {
    "RegisterPatient": steps.LOADS_IN,
    "LoadHistory": steps.LOADS_IN,
    "CompareHistory": steps.NAMES_IN,
    "RunMigration": steps.LIVE,
    "ReadMigration": steps.LIVE,
}
"""What the mandate of a migration covers, and in which states; nothing else."""
IDENTITY = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT})


class Why(StrEnum):
    """The kinds of explanation, as they are recorded with an opening."""

    OWN = "own"
    SAMPLE = "sample"
    MANDATE = "mandate"
    BREAK_GLASS = "break-glass"
    GRACE = "grace"
    WORK = "work"
    CLOSED = "closed"
    ORDER = "order"
    CANDIDATE = "candidate"
    NONE = "none"


@dataclass(frozen=True)
class Explanation:
    """What explains an opening.

    `work` is the requisition that it rests on; `search` the search that showed a candidate; `factor` that a fresh
    factor came with the act; `open` that the act's own requisition is open, whatever it explains; `elsewhere` that the
    patient has open work, and all of it at sites that are not mine.
    """

    why: Why
    work: bytes = b""
    search: int = 0
    factor: bool = False
    open: bool = False
    elsewhere: bool = False


@dataclass(frozen=True)
class _Work:
    id: bytes
    mine: bool
    confirmed: bool
    closed: bool
    lapsed: bool


def explain(turn: Turn, asker: Asker, act: Act, portion: Portion, *, factor: bool) -> Explanation:
    """What explains this act. Reads only.

    Raises:
        Denial: `mandate`, `another-laboratory`, `no-work` (the requisition is not this patient's, or a bench row has
            no open work), `break-glass` (it lacks a fresh factor or a reason, or a service asks).
    """
    if act.mandate:
        return _mandated(turn, asker, act, portion)
    if portion.about is not About.PATIENT or not portion.reads:
        return Explanation(Why.OWN, factor=factor)
    if org_of(Id(act.subject)) != asker.org:
        raise Denial("another-laboratory", "this patient is not one of this laboratory's")
    if portion.sampled:
        drawn = samples.is_drawn(turn, asker.org, act.work, act.subject)
        return Explanation(Why.SAMPLE, act.work) if drawn else Explanation(Why.NONE)
    at = elapsed.moment(turn)
    works = _works(turn, asker, act, at)
    if portion.identity is Identity.FREE:
        if not works or (act.work and act.work not in [work.id for work in works]):
            raise Denial("no-work", "there is no open work of this patient")
        return Explanation(Why.OWN, work=act.work)
    if act.purpose == limits.BREAK_GLASS_PURPOSE:
        return _broken_glass(turn, asker, act, at, factor=factor)
    return _by_work(act, portion, works, factor=factor) or _otherwise(turn, asker, act, works, factor=factor)


def narrowed(portion: Portion, explanation: Explanation) -> Scope:
    """Which rows the act reaches: an unconfirmed order explains identity and its own rows, and no earlier result."""
    if explanation.why is Why.ORDER and not identity_only(portion):
        return Scope.WORK
    return portion.scope


def identity_only(portion: Portion) -> bool:
    """Whether an act shows who somebody is and nothing else: what an order that follows would have explained."""
    return portion.reads <= IDENTITY


def _mandated(turn: Turn, asker: Asker, act: Act, portion: Portion) -> Explanation:
    at = elapsed.moment(turn)
    row = turn.db.execute(
        "SELECT allowed - used, migration.state, migration.deadline FROM mandate LEFT JOIN migration ON mandate = id"
        " WHERE id = ? AND mandate.org = ? AND service = ? AND mandate.state = 'in-force' AND mandate.until > ?",
        (act.mandate, asker.org, asker.service, max(at, turn.at)),
    ).fetchone()
    if row is None or not asker.service:
        raise Denial("mandate", "no mandate in force covers this")
    exports.cover(turn, act)
    _, state, deadline = row
    if state is not None and (state not in MIGRATES.get(act.name, ()) or at >= deadline):
        raise Denial("mandate", f"a migration that is {state} does not cover this")
    listed = "SELECT 1 FROM mandated WHERE mandate = ? AND subject = ?"
    known = turn.db.execute(listed, (act.mandate, act.subject)).fetchone() is not None
    if portion.about is About.NEW_PATIENT and not known and row[0] < 1:
        raise Denial("mandate", "the mandate's count is used up")
    if portion.about is About.PATIENT and not known and act.name not in exports.EXPORTS:
        raise Denial("mandate", "this patient was not brought under the mandate")
    sealed_under = turn.db.execute(listed, (act.mandate, act.work)).fetchone() is not None
    if state is not None and portion.about is About.PATIENT and portion.reads and not sealed_under:
        raise Denial("mandate", "this requisition was not sealed under the mandate")
    return Explanation(Why.MANDATE)


def _works(turn: Turn, asker: Asker, act: Act, at: int) -> list[_Work]:
    """Open work of the patient, and work closed within 14 days if anything ever confirmed it."""
    rows = turn.db.execute(
        "SELECT id, site, confirmed, closed, lapsed FROM work WHERE subject = ?1 AND closed IS NULL UNION ALL "
        "SELECT id, site, confirmed, closed, lapsed FROM work WHERE subject = ?1 AND closed > ?2 "
        "AND confirmed IS NOT NULL",
        (act.subject, at - limits.CLOSED_EXPLAINS),
    )
    works = [
        _Work(work, bool(asker.service) or site in asker.sites, confirmed is not None, closed is not None, lapsed != 0)
        for work, site, confirmed, closed, lapsed in rows
    ]
    if act.work and act.work not in [work.id for work in works]:
        row = turn.db.execute("SELECT subject FROM work WHERE id = ?", (act.work,)).fetchone()
        if row is not None and row[0] != act.subject:
            raise Denial("no-work", "this requisition is not this patient's")
    return works


def _broken_glass(turn: Turn, asker: Asker, act: Act, at: int, *, factor: bool) -> Explanation:
    if asker.service:
        raise Denial("break-glass", "only a person can break the glass")
    query = "SELECT 1 FROM grace WHERE person = ? AND subject = ? AND until > ?"
    if turn.db.execute(query, (asker.person, act.subject, at)).fetchone():
        return Explanation(Why.GRACE, factor=factor)
    if not factor or not act.reason.strip():
        raise Denial("break-glass", "break-glass needs a fresh factor for this patient and a typed reason")
    return Explanation(Why.BREAK_GLASS, factor=True)


def _by_work(act: Act, portion: Portion, works: list[_Work], *, factor: bool) -> Explanation | None:
    mine = [work for work in works if work.mine]
    for work in mine:
        if work.confirmed and not work.closed:
            return Explanation(Why.WORK, work.id, factor=factor)
    for work in mine:
        if work.closed:
            return Explanation(Why.CLOSED, work.id, factor=factor)
    for work in mine:
        if not portion.confirmed and not work.lapsed and (identity_only(portion) or act.work == work.id):
            return Explanation(Why.ORDER, work.id, factor=factor, open=True)
    return None


def _otherwise(turn: Turn, asker: Asker, act: Act, works: list[_Work], *, factor: bool) -> Explanation:
    opened = [work for work in works if not work.closed]
    own = act.work in [work.id for work in opened]
    row = turn.db.execute(
        "SELECT max(search) FROM provisional WHERE session = ? AND subject = ? AND at > ?",
        (asker.session, act.subject, elapsed.moment(turn) - limits.CHOICE_LASTS),
    ).fetchone()
    if row[0] is not None:
        return Explanation(Why.CANDIDATE, search=row[0], factor=factor, open=own)
    elsewhere = bool(opened) and not any(work.mine for work in opened)
    return Explanation(Why.NONE, factor=factor, open=own, elsewhere=elsewhere)
