"""F4: whoever copies a laboratory over, and gets ten of its results wrong.

The product's own load brings in what came, and its own reconciliation reads what the old laboratory says.
"""

from typing import TYPE_CHECKING

from aliquot.cli.attack import errata, moves, oldlab
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.demo.move import answers
from aliquot.legacy.comparing import Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin
from aliquot.legacy.map import Map
from aliquot.vault.bundle import SenderKey

if TYPE_CHECKING:
    from aliquot.legacy.reconciling import Reconciliation


def copy_wrongly(ground: Ground) -> Measured:
    """Load what was copied wrongly, reconcile it with its source, and count which of it is named."""
    many, loader = ground.scale.results, moves.enrolled(ground.world, ground.nord.org)
    move = moves.declared(loader, SenderKey.generate(), errata.SCOPE, many // errata.EACH)
    moves.until(move, "load")
    leave = Leave(loader.actor(), move.mandate, oldlab.where(ground), ground.world.clock)
    drawn = answers.drawn(move.mandate.hex(), "", ground.nord.site)
    with errata.came(ground.folder / "came", many) as reading:
        oldlab.load(leave, errata.mistaken(drawn), errata.SCOPE, reading)
    move.take("finish")
    told = _reconciled(ground, leave, drawn)
    leave.actor.line.hang_up()
    return _counted(told, many)


def _reconciled(ground: Ground, leave: Leave, drawn: Map) -> "Reconciliation":
    from aliquot.legacy.reconciling import Reconciler  # only when Django knows which installation it is about

    with errata.said(ground.folder / "said", ground.scale.results) as reading:
        return Reconciler(leave, drawn, errata.SCOPE).run(reading)


def _counted(told: "Reconciliation", many: int) -> Measured:
    wrong = set(errata.places(many))
    found = len({one.row for one in told.discrepancies if one.table == answers.RESULTS} & wrong)
    strayed = told.faults.get(Fault.SURPLUS, 0)
    others = sum(told.faults.values()) - strayed - found
    compared = told.sums.bins(answers.RESULTS)[Bin.IMPORTED]
    figure = (
        f"{found} of {len(wrong)} found, and {strayed} of {errata.STRAYED} as they stand here; {others} others named, "
        f"of {compared:,} results"
    )
    holds = (found, strayed, others, compared) == (len(wrong), errata.STRAYED, 0, many)
    return Measured(figure, holds=holds and not told.agrees())
