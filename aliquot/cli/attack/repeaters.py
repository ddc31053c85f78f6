"""D1: two people sign a second mandate over a source of which most came in already.

The first mandate is aborted in the middle. The second loads everything, and its loader asks for every dossier that the
first one brought.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing

from aliquot.access import door, rows
from aliquot.access.acts import CompareHistory
from aliquot.cli.attack import errata, moves, oldlab
from aliquot.cli.attack.errata import EACH
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.moves import Loader, Move
from aliquot.cli.demo.move import answers
from aliquot.custody.denial import Denial
from aliquot.legacy.entrance import Leave
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.vault.bundle import SenderKey

_AT_ONCE = 200
_PART = 10
"""Of so many results one is enough here: all are loaded twice."""


def move_again(ground: Ground) -> Measured:
    """Load most of an old laboratory under one mandate and all of it under another, and count what is here twice."""
    places = range(1, ground.scale.results // _PART + 1)
    loader = moves.enrolled(ground.world, ground.nord.org)
    first = _loaded(ground, loader, "first", (place for place in places if place % EACH))
    theirs = _brought(ground, Kind.REQUISITION)
    first.take("abort")
    second = _loaded(ground, loader, "second", places)
    own = {work: whose for work, whose in _brought(ground, Kind.REQUISITION).items() if work not in theirs}
    opened, granted = (_granted(ground, second, works) for works in (theirs, own))
    results = len(_brought(ground, Kind.OBSERVATION)) - len(places)
    people = len(_brought(ground, Kind.DEMOGRAPHY)) - len(places) // EACH
    figure = (
        f"{results} of {len(places):,} results and {people} of {len(places) // EACH:,} people here twice; {opened} of "
        f"{len(theirs):,} dossiers of the first mandate opened under the second, and all {granted} of its own"
    )
    return Measured(figure, holds=results == people == opened == 0 < len(theirs) and granted == len(own) > 0)


def _loaded(ground: Ground, loader: Loader, name: str, places: Iterable[int]) -> Move:
    """A migration that has loaded these results."""
    many = ground.scale.results // _PART
    move = moves.declared(loader, SenderKey.generate(), errata.SCOPE, many)
    moves.until(move, "load")
    leave = Leave(loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    drawn = answers.drawn(move.mandate.hex(), "", ground.nord.site)
    with errata.reading(ground.folder / name, many, map(errata.row, places)) as reading:
        oldlab.load(leave, drawn, errata.SCOPE, reading)
    leave.actor.line.hang_up()
    return move


def _brought(ground: Ground, kind: Kind) -> dict[Id, Id]:
    """What stands here of a kind of those who came, and whose it is."""
    with closing(sqlite3.connect(ground.world.installation.custody.database)) as db:
        found = db.execute("SELECT id FROM subject WHERE org = ?", (ground.nord.org,)).fetchall()
    came = {Id(subject) for (subject,) in found} - {*ground.nord.patients}
    return {Id(one.row.id): one.subject for one in rows.of_subjects([*came], (kind,))}


def _granted(ground: Ground, move: Move, works: Mapping[Id, Id]) -> int:
    """How many dossiers the loader may open under a mandate."""
    leave = Leave(move.loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    asked = [(CompareHistory(whose, work), leave.meant()) for work, whose in works.items()]
    granted = 0
    for start in range(0, len(asked), _AT_ONCE):
        with door.enter_many(leave.actor, asked[start : start + _AT_ONCE]) as outcomes:
            granted += sum(not isinstance(one, Denial) for one in outcomes)
    leave.actor.line.hang_up()
    return granted
