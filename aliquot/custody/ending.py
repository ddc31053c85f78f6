"""Ending an act: from here its facts count. Presumed kept; what nobody ended is settled by the worker."""

from collections.abc import Sequence

import msgspec

from aliquot.custody import budgets, sessions, store, subjects
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.protocol import Done, End, Ending, Unsettled, UnsettledAct, UnsettledActs
from aliquot.custody.roles import Role
from aliquot.custody.store import Turn
from aliquot.custody.writing import Written, WrittenList
from aliquot.ledger.entry import Outcome, Step
from aliquot.terms.errors import Broken
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.vault.keystore import INSTALLATION

_MICROSECONDS = 1_000_000
_SETTLE_AT_ONCE = 300


class _Act(msgspec.Struct, frozen=True):
    id: bytes
    org: Org
    name: str
    actor: bytes
    session: bytes
    subject: Id
    work: bytes
    letter: int
    mandate: bytes
    state: str
    writes: bytes | None


def end(turn: Turn, held: Holdings, request: End) -> Done:
    """End acts. An ending that was heard before is heard again without effect; a contrary one is refused."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    if len({ending.act for ending in request.endings}) != len(request.endings):
        raise Denial("malformed", "an act ends once")
    entered = _acts(turn, [ending.act for ending in request.endings])
    acts = list(zip(entered, request.endings, strict=True))
    for act, ending in acts:
        _check(asker, act, ending)
    ended = [(act, ending.outcome, _listed(held, act)) for act, ending in acts if act.state == "prepared"]
    _write_down(turn, ended)
    for act, outcome, written in ended:
        if outcome == "kept":
            _keep(turn, held, act, written)
        else:
            _give_up(turn, held, act, outcome, written)
    told = [act.work for act, outcome, _ in ended if outcome == "kept" and act.letter and act.work]
    budgets.work_confirmed(turn, told, "letter")
    return Done()


def unsettled(turn: Turn, held: Holdings, request: Unsettled) -> UnsettledActs:
    """What was prepared longer ago and has no ending, for the worker to settle."""
    asker = sessions.asker(turn, held.unlocked, request.ticket)
    _worker(asker)
    rows = turn.db.execute(
        # An older database brings back what was being saved of a patient who was shredded since: that is over.
        "SELECT id, org, subject, writes FROM act WHERE state = 'prepared' AND writes IS NOT NULL"
        " AND prepared <= ? AND ? IN (?, org)"
        " ORDER BY prepared LIMIT ?",
        (turn.at - request.older_than * _MICROSECONDS, asker.org, INSTALLATION, _SETTLE_AT_ONCE),
    ).fetchall()
    return UnsettledActs(tuple(_unsettled(held, *row) for row in rows))


def _unsettled(held: Holdings, act: bytes, org: Org, subject: bytes, writes: bytes) -> UnsettledAct:
    rows = _written(held, org, writes).rows
    return UnsettledAct(act, subject, tuple((row.id, row.version, row.hash) for row in rows))


def _acts(turn: Turn, acts: Sequence[bytes]) -> list[_Act]:
    query = "SELECT id, org, name, actor, session, subject, work, letter, mandate, state, writes FROM act WHERE id IN"
    known = {row[0]: _Act(*row) for row in store.among(turn, query, acts)}
    if len(known) != len(acts):
        raise Denial("unknown-act", "no act of this id was entered")
    return [known[act] for act in acts]


def _check(asker: Asker, act: _Act, ending: Ending) -> None:
    settles = Role.WORKER in asker.roles and asker.org in {INSTALLATION, act.org}
    if act.actor != asker.person and not settles:
        raise Denial("forbidden", "this is somebody else's act")
    if ending.outcome == "abandoned" and act.session != asker.session:
        raise Denial("forbidden", "only the session that holds an act abandons it")
    if ending.outcome in {"lost", "broken"} and not settles:
        raise Denial("forbidden", "only settlement finds an act lost or broken")
    if act.state not in {"prepared", ending.outcome}:
        raise Denial("already-ended", "this act has ended otherwise")


def _worker(asker: Asker) -> None:
    if Role.WORKER not in asker.roles:
        raise Denial("forbidden", "settlement is the worker's")


def _listed(held: Holdings, act: _Act) -> WrittenList:
    if act.writes is None:
        raise Broken("custody database: a prepared act without its list")
    return _written(held, act.org, act.writes)


def _write_down(turn: Turn, ended: Sequence[tuple[_Act, str, WrittenList]]) -> None:
    """Remember how each act ended, and what is kept by it; one statement of each kind for all acts of a request."""
    turn.db.executemany("UPDATE act SET state = ? WHERE id = ?", [(outcome, act.id) for act, outcome, _ in ended])
    # What a broken act wrote stays pending: nobody opens it, and nobody writes over it until it was looked at.
    turn.db.executemany(
        "DELETE FROM pending WHERE id = ? AND act = ?",
        sorted((row.id, act.id) for act, outcome, written in ended if outcome != "broken" for row in written.rows),
    )
    kept = [(act, written) for act, outcome, written in ended if outcome == "kept"]
    rows = [(act, row) for act, written in kept for row in written.rows]
    turn.db.executemany(
        "INSERT INTO superseded (id, version, hash) SELECT id, version, hash FROM resource WHERE id = ?",
        [(row.id,) for _, row in rows if row.version > 1],
    )
    turn.db.executemany(
        "INSERT INTO resource (id, subject, work, kind, version, state, harm, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state,"
        " harm = excluded.harm, hash = excluded.hash",
        sorted(
            (row.id, act.subject, row.work, row.kind, row.version, row.state, row.harm, row.hash) for act, row in rows
        ),
    )
    turn.db.executemany(
        "UPDATE subject SET kept = kept + ? WHERE id = ?", [(len(written.rows), act.subject) for act, written in kept]
    )


def _give_up(turn: Turn, held: Holdings, act: _Act, outcome: str, written: WrittenList) -> None:
    leaf = Leaf(act=act.name, step=Step.END, actor=act.actor.hex(), id=act.id.hex(), outcome=Outcome(outcome))
    held.history.append(turn, act.org, leaf)
    if act.name == "RegisterPatient" and outcome != "broken":
        subjects.come_to_nothing(turn, act.subject)
    if outcome != "abandoned":
        held.alarm(turn, act.org, f"act-{outcome}", person=act.actor, n=len(written.rows), subject=act.subject)


def _keep(turn: Turn, held: Holdings, act: _Act, written: WrittenList) -> None:
    for row in written.rows:
        if row.version > 1:
            held.give_way(turn, row.id, row.version - 1)
    if written.demography is not None:
        _know(turn, held, act, written)
    _identify(turn, act, written)
    for row in written.rows:
        if row.kind == Kind.REQUISITION:
            _work_changed(turn, held, act, row)


def _know(turn: Turn, held: Holdings, act: _Act, written: WrittenList) -> None:
    subject = held.subject(turn, act.subject)
    if subject is None or written.demography is None:
        raise Broken("custody database: identity was kept for nobody")
    demography = _DEMOGRAPHY.decode(subjects.unseal(held.unlocked, subject, "demography", written.demography))
    held.learn(turn, subject, demography)
    subjects.write_card(turn, subject, demography)
    turn.db.execute("UPDATE subject SET state = ? WHERE id = ?", (subjects.KNOWN, act.subject))
    if act.name == "RegisterPatient" and not act.mandate:
        held.ring(turn, budgets.registered(turn, act.org, act.actor, act.subject), subject=act.subject)


def _identify(turn: Turn, act: _Act, written: WrittenList) -> None:
    """The numbers of a patient are those that were kept last."""
    older = [(row.id,) for row in written.rows if row.kind == Kind.IDENTIFIERS and row.version > 1]
    if older:
        turn.db.executemany("DELETE FROM identifier WHERE resource = ?", older)
    if written.tokens:
        turn.db.executemany(
            "INSERT INTO identifier (token, org, field, resource, subject) VALUES (?, ?, ?, ?, ?)",
            [(token, act.org, field, resource, act.subject) for resource, field, token in set(written.tokens)],
        )


def _work_changed(turn: Turn, held: Holdings, act: _Act, row: Written) -> None:
    if row.version == 1 and row.state == "closed":
        budgets.work_loaded(turn, row.id, (act.subject, row.site), act.actor, act.mandate)
    elif row.version == 1:
        held.ring(turn, budgets.work_opened(turn, row.id, act.subject, row.site, act.actor), subject=act.subject)
    elif row.state == "closed":
        budgets.work_closed(turn, row.id)
    else:
        budgets.work_reopened(turn, row.id)


def _written(held: Holdings, org: Org, sealed: bytes) -> WrittenList:
    return _LISTS.decode(held.unlocked.box(org).open("writes", sealed))


_LISTS = msgspec.msgpack.Decoder(WrittenList)
_DEMOGRAPHY = msgspec.json.Decoder(Demography)
