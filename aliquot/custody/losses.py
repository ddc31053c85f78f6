"""Work that was lost on the way to storage: acknowledged by two officers in one list, and never opened again.

A process died between sealing what an act wrote and storing it, and settlement found none of it stored. The work is
done again as a new act; the lost one stays in history, and waits here until two officers have seen what it was.
"""

from collections.abc import Sequence

import msgspec

from aliquot.custody import actors, store, subjects
from aliquot.custody.answers import Losses, Lost, LostAct
from aliquot.custody.denial import Denial
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.custody.writing import WrittenList
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind

AT_ONCE = 100
"""The most acts in one list: what two people can read."""

# What an act wrote is gone when the patient was shredded: nothing of it can be done again.
_WAITING = " FROM act WHERE state = 'lost' AND writes IS NOT NULL AND id NOT IN (SELECT act FROM acknowledged)"


def waiting(turn: Turn, unlocked: Unlocked, org: Org) -> Lost:
    """The lost acts of a laboratory that nobody has acknowledged, oldest first; no more than fit into one list."""
    rows = turn.db.execute(
        f"SELECT id, name, actor, subject, prepared, writes{_WAITING} AND org = ? ORDER BY prepared, id LIMIT ?",
        (org, AT_ONCE),
    ).fetchall()
    return Lost(tuple(_told(turn, unlocked, row) for row in rows))


def counted(turn: Turn) -> Losses:
    """How many wait in all laboratories, and since when."""
    count, first = turn.db.execute(f"SELECT count(*), min(prepared){_WAITING}").fetchone()
    return Losses(count, store.instant(first) if count else None)


def check(turn: Turn, unlocked: Unlocked, org: Org, listed: Sequence[LostAct]) -> None:
    """Whether a list says of each act what custody knows of it, and each of them still waits.

    Raises:
        Denial: `lost-list`.
    """
    known = {act.id: act for act in waiting(turn, unlocked, org).acts}
    if len({act.id for act in listed}) != len(listed) or any(known.get(act.id) != act for act in listed):
        raise Denial("lost-list", "this list is not what waits any more; read it again")


def acknowledge(turn: Turn, change: Id, listed: Sequence[LostAct]) -> None:
    """Two officers have seen what was lost. It stays lost."""
    turn.db.executemany(
        "INSERT INTO acknowledged (act, change) VALUES (?, ?)", [(bytes.fromhex(act.id), change) for act in listed]
    )


def _told(turn: Turn, unlocked: Unlocked, row: tuple[bytes, str, bytes, bytes, int, bytes]) -> LostAct:
    identity, name, actor, subject, prepared, writes = row
    org = Org(identity[:4])
    written = _LISTS.decode(unlocked.box(org).open("writes", writes)).rows
    owner = subjects.load(turn, unlocked, Id(subject))
    return LostAct(
        id=identity.hex(),
        act=name,
        at=store.instant(prepared),
        who=actors.of(turn, unlocked, actor.hex()).name,
        patient=owner.card.pseudonym if owner else "",
        portion=tuple(sorted({Kind(one.kind).name.lower() for one in written})),
    )


_LISTS = msgspec.msgpack.Decoder(WrittenList)
