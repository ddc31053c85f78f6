"""What came in under a mandate, as ids: a reconciliation finds by it what no row of the source leads to.

The loader hears of its own mandate, and of others over the same source that permitted no more. Ids open nothing: what
its own mandate brought may be looked at again as before, an act for each requisition; a person, and what came by
another mandate, not at all. Whoever was known here before, whom a row was found to be, was not brought in. Of what came
by another mandate it hears which of its own rows are among it, by the ids that it names them by.
Source: DOMAIN.md I7; docs/decisions/0019-a-source-keeps-its-names.md.
"""

from aliquot.custody import migrations, running, steps, store
from aliquot.custody.denial import Denial
from aliquot.custody.frames import AT_ONCE
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import BroughtRead, ElsewhereFound, FindElsewhere, ReadBrought
from aliquot.custody.store import Turn
from aliquot.ledger import entry

_REGISTERS = "RegisterPatient"
_UNDER = """
SELECT mandated.subject, work.id IS NOT NULL FROM mandated LEFT JOIN work ON work.id = mandated.subject
WHERE mandated.mandate = ? AND mandated.subject > ? ORDER BY mandated.subject LIMIT ?
"""
_OF_WORK = "SELECT id, work FROM resource WHERE id IN"
_CAME = "SELECT subject FROM mandated WHERE mandate = ? AND subject IN"
_SAVED = "SELECT pending.id, act.mandate FROM pending JOIN act ON act.id = pending.act WHERE pending.id IN"
_LEAVES = """
SELECT leaf.entry FROM leaf_subject JOIN leaf ON leaf.org = leaf_subject.org AND leaf.seq = leaf_subject.seq
WHERE leaf_subject.subject = ? ORDER BY leaf_subject.seq
"""


def read(turn: Turn, held: Holdings, request: ReadBrought) -> BroughtRead:
    """A page of what came in under a mandate and is kept, by id. Who was erased is not among them.

    Raises:
        Denial: `no-such-mandate`, and as `running.under`.
    """
    run = running.under(turn, held, request.grant, steps.NAMES_IN)
    within = migrations.within(turn, held.unlocked, run.migration)
    mandate = request.under or run.migration.mandate
    if mandate not in (run.migration.mandate, *within):
        raise Denial("no-such-mandate", "no mandate over the same source that permitted no more is called so")
    rows = turn.db.execute(_UNDER, (mandate, request.after, AT_ONCE)).fetchall()
    return BroughtRead(
        people=tuple(id_ for id_, is_work in rows if not is_work and registered(turn, id_, mandate)),
        works=tuple(id_ for id_, is_work in rows if is_work),
        last=rows[-1][0] if len(rows) == AT_ONCE else b"",
        within=within,
    )


def elsewhere(turn: Turn, held: Holdings, request: FindElsewhere) -> ElsewhereFound:
    """Which results came in under another mandate over the same source, or are being saved under it.

    Raises:
        Denial: as `running.under`.
    """
    run = running.under(turn, held, request.grant, steps.NAMES_IN)
    others = migrations.others(turn, run.migration)
    works = dict(store.among(turn, _OF_WORK, request.results)) if others else {}
    asked = sorted(set(works.values()))
    came = {work: mandate for mandate in others for (work,) in store.among(turn, _CAME, asked, mandate)}
    saved = {result for result, mandate in store.among(turn, _SAVED, request.results) if mandate in others}
    unsure = {mandate for mandate in others if not migrations.is_reconciled(turn, mandate)}
    return ElsewhereFound(
        tuple(result for result in request.results if works.get(result) in came or result in saved),
        tuple(result for result in request.results if came.get(works.get(result, b"")) in unsure),
    )


def registered(turn: Turn, patient: bytes, mandate: bytes) -> bool:
    """Whether this patient became known here under this mandate."""
    return by_which(turn, patient) == mandate


def by_which(turn: Turn, patient: bytes) -> bytes | None:
    """The mandate under which a patient became known here, if it was one: found through the leaves, for acts are many.

    Of whom was erased there are none.
    """
    for (raw,) in turn.db.execute(_LEAVES, (patient,)):
        leaf = entry.decode(raw)
        if leaf.act == _REGISTERS:
            query = "SELECT mandate FROM act WHERE id = ? AND state = 'kept'"
            row: tuple[bytes] | None = turn.db.execute(query, (bytes.fromhex(leaf.id),)).fetchone()
            if row is not None:
                return row[0]
    return None
