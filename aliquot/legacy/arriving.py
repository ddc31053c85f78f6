"""What was carried has arrived: it is read under the mandate like any source, and opened part by part in custody."""

from pathlib import Path

from aliquot.legacy.entrance import Leave
from aliquot.legacy.reading import Progress, Reading, Settled
from aliquot.legacy.sources import leaving
from aliquot.legacy.sources.bundle import Bundle
from aliquot.legacy.sources.leaving import Records
from aliquot.legacy.sources.sealed import Parts
from aliquot.terms.mandates import Scope


def opened(leave: Leave, scope: Scope, folder: Path, progress: Progress | None = None) -> Reading:
    """The bundle in a folder, to be profiled, rehearsed, loaded and reconciled: an old system's, or an exit bundle.

    Raises:
        Refused, Forged: a part is missing, or not as its sender signed it.
        Denial: custody does not open it.
    """
    parts = Parts(leave, folder)
    reading = _reading(parts, scope, progress)
    reading.came = parts.header
    return reading


def _reading(parts: Parts, scope: Scope, progress: Progress | None) -> Reading:
    if any(map(leaving.holds, parts.all.values())):
        return Reading(scope, Records(parts, scope), progress=progress)
    came = Bundle(parts, scope)
    ended = {table.name: came.ended(table.name) for table in scope.tables}
    settled = {name: Settled(end.order, end.forms) for name, end in ended.items()}
    return Reading(scope, came, progress=progress, settled=settled)
