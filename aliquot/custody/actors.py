"""Who stands behind a reference in the history: a person with the roles of today, or a service."""

from dataclasses import dataclass

from aliquot.custody import people
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked


@dataclass(frozen=True)
class Named:
    """What the privacy desk is told of an actor. A reference that nobody has any more has no name."""

    name: str
    roles: tuple[str, ...]


NOBODY = Named("", ())


def of(turn: Turn, unlocked: Unlocked, reference: str) -> Named:
    """Who is meant by a reference in hexadecimal; an empty one means nobody in particular."""
    if not reference:
        return NOBODY
    identity = bytes.fromhex(reference)
    person = people.by_id(turn, unlocked, identity)
    if person is not None:
        return Named(person.name, tuple(sorted(people.roles(people.held(turn, identity)))))
    row = turn.db.execute("SELECT name, purpose FROM service WHERE id = ?", (identity,)).fetchone()
    return Named(row[0], (row[1],)) if row else NOBODY
