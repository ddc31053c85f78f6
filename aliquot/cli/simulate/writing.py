"""An invented old laboratory, written in a shape, with the truth beside it: what tests and `aliquot simulate` call."""

from pathlib import Path
from typing import Final, Literal, Protocol

import msgspec

from aliquot.cli.simulate import life as lives
from aliquot.cli.simulate.archive import Archive
from aliquot.cli.simulate.database import Database, is_url
from aliquot.cli.simulate.dump import Dump
from aliquot.cli.simulate.flat import Flat, Layout
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.records import Chart
from aliquot.cli.simulate.tables import Relational
from aliquot.cli.simulate.truth import Extent, TableCount, Truth
from aliquot.terms.errors import Refused

Shape = Literal["flat", "database", "hl7v2", "dump"]

SHAPES: Final[tuple[Shape, ...]] = ("flat", "database", "hl7v2", "dump")


class Writer(Protocol):
    """Writes rows in one shape, in the order in which they come."""

    def write(self, chart: Chart) -> None:
        """A row of patients and what hangs on it."""

    def close(self) -> None:
        """Finish what was written."""


class Summary(msgspec.Struct, frozen=True):
    """What was written: the rows of each table and their kinds of mess."""

    shape: Shape
    patients: int
    seed: int
    tables: dict[str, TableCount]


def write(
    shape: Shape, out: str | Path, life: Life, *, layout: Layout = "separated", truth: Extent = "full"
) -> Summary:
    """Write an old laboratory to `out`, and the truth to the folder of that name with `.truth` at its end.

    `out` is a folder (flat, hl7v2), a file (dump) or a file or SQLAlchemy URL (database; then without truth, for there
    is no place beside it). The same shape and life give the same bytes.

    Raises:
        Refused: something is there already, or a number cannot be.
    """
    beside = truth_beside(out)
    for place in (Path(out), beside) if not is_url(out) else ():
        if place.exists():
            raise Refused("simulate: there is something at that path already; name another")
    if is_url(out) and truth != "none":
        raise Refused("simulate: a database at a URL has no place beside it for the truth; ask for none")
    told = Truth(beside, truth)
    writer = _writer(shape, out, life, layout, told)
    try:
        for chart in lives.charts(life):
            writer.write(chart)
    finally:
        writer.close()
        told.close()
    return Summary(shape, life.patients, life.seed, told.counts())


def truth_beside(out: str | Path) -> Path:
    """The folder of the truth about what is written to `out`."""
    return Path(f"{out}.truth")


def _writer(shape: Shape, out: str | Path, life: Life, layout: Layout, truth: Truth) -> Writer:
    match shape:
        case "flat":
            return Flat(Path(out), layout, life.seed, truth)
        case "hl7v2":
            return Archive(Path(out), truth)
        case "dump":
            return Relational(Dump(Path(out)), truth)
        case "database":
            return Relational(Database(out), truth)
