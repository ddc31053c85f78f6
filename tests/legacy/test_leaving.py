"""Records that left one laboratory come into another: its bundle goes in through the door of every migration."""

from datetime import date
from pathlib import Path

from msgspec.structs import replace

from aliquot.access import exporting
from aliquot.cli.attack import moves
from aliquot.cli.scratch import World
from aliquot.disclosure.departure import Departure
from aliquot.legacy import arriving, leaving, mapfile
from aliquot.legacy import map as maps
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Bin
from aliquot.legacy.loading import Load
from aliquot.legacy.progress import Progress
from aliquot.legacy.reconciling import Reconciler
from aliquot.record import models
from aliquot.terms.kinds import Kind
from aliquot.vault.bundlekey import StagingKey
from tests.custody import departing
from tests.disclosure import leaving as out
from tests.lab.office import CATALOGUE, WHERE
from tests.plan import SUD

SCOPE = leaving.scope(date(2020, 1, 1), date(2030, 1, 1))


def test_a_bundle_that_left_one_laboratory_is_loaded_in_another(small_lab: World, tmp_path: Path) -> None:
    out.busy(small_lab)
    loader = moves.enrolled(small_lab, SUD, "taker")
    move = moves.declared(loader, departing.own_sender(small_lab).fingerprint, SCOPE)
    sealed(small_lab, move.signed(), tmp_path / "bundle")

    moves.until(move, "load")
    drawn = leaving.drawn(move.mandate.hex(), "11", CATALOGUE, "sud", SCOPE)
    maps.check(drawn, SCOPE, CATALOGUE)
    leave = Leave(loader.actor(), move.mandate, WHERE, small_lab.clock)
    with arriving.opened(leave, SCOPE, tmp_path / "bundle") as reading:
        told = Load(leave, drawn, SCOPE, Progress(drawn.mandate, maps.digest(drawn)), lambda _: None).run(reading)
        counts = {table.name: reading.counts(table.name) for table in SCOPE.tables}
    assert {name: count.read for name, count in counts.items()} == {"Patient": 3, "Observation": 5}
    assert told.bins("Patient")[Bin.IMPORTED] == 3
    # What was cancelled there does not come, and says why.
    assert {bin_: n for bin_, n in told.bins("Observation").items() if n} == {Bin.IMPORTED: 4, Bin.REFUSED: 1}
    assert came(Kind.DEMOGRAPHY) == came(Kind.REQUISITION) == 3
    reconciler = Reconciler(leave, drawn, SCOPE)
    with arriving.opened(leave, SCOPE, tmp_path / "bundle") as reading:
        compared = reconciler.run(reading)
    assert compared.agrees()


def test_a_trimmed_mandate_has_a_trimmed_map_that_fits_it() -> None:
    people, results = SCOPE.tables
    trimmed = replace(SCOPE, tables=(replace(people, columns=people.columns[:7]), results))
    drawn = leaving.drawn("00", "11", CATALOGUE, "sud", trimmed)
    assert tuple(drawn.tables["Patient"]) == people.columns[:7]
    maps.check(drawn, trimmed, CATALOGUE)
    maps.check(maps.parse(mapfile.text(drawn)), trimmed, CATALOGUE)


def sealed(lab: World, receiver: str, folder: Path) -> None:
    """Everything of the first laboratory, for the second."""
    actor = departing.exporter(lab)
    to = departing.Receiving(StagingKey.generate(), receiver)
    form = departing.export_form(lab, to, kinds=out.EVERYTHING, first_on=date(2020, 1, 1))
    leave = departing.leave(lab, actor, departing.signed(lab, form))
    with leave.running() as grant:
        Departure(leave, exporting.told(grant), folder).seal(CATALOGUE)


def came(kind: Kind) -> int:
    """How many records of a kind the second laboratory has."""
    return sum(bytes(one.subject_id)[:4] == SUD for one in models.Version.objects.filter(kind=kind))
