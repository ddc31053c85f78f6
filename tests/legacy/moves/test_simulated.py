"""An invented laboratory moves in from each shape and each database: every row has its fate, every value is true."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from aliquot.cli.scratch import World
from aliquot.cli.simulate import flat, writing
from aliquot.cli.simulate.life import Life
from aliquot.legacy.description import Database, Description, Dump, Fixed, FixedTable, Form, Span
from aliquot.legacy.fates import Bin
from aliquot.terms.identity import Sex
from tests import mariadb, world
from tests.legacy.moves import believed, made, written
from tests.legacy.moves.made import Mover
from tests.world import Templates

LIFE = Life(patients=120, seed=4, results_per_patient=6)
RESULTS = {"flat": "RESULTATS", "fixed": "RESULTATS", "hl7v2": "results"}
"""Where a move has its results; relational ones have them in a table of their own."""
PEOPLE = {"flat": "PATIENTS", "fixed": "PATIENTS", "hl7v2": "patients"}
SEXES = {"M": Sex.MALE, "F": Sex.FEMALE}
SHAPES: dict[str, tuple[writing.Shape, str]] = {
    "flat": ("flat", "old"),
    "fixed": ("flat", "old"),
    "database": ("database", "old.db"),
    "dump": ("dump", "old.sql"),
    "hl7v2": ("hl7v2", "old"),
}
DATES: dict[str, tuple[str, ...]] = {"T07_DOS.DO_DATPREL": ("yyyymmdd", "yymmdd")}
ORDINARY = [(name, "sqlite") for name in SHAPES] + [("flat", "postgresql")]


@pytest.fixture
def lab(request: pytest.FixtureRequest, templates: Templates, tmp_path: Path) -> Iterator[World]:
    """A laboratory whose record is on the engine of the case."""
    with world.opened(templates, request.param, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(("name", "lab"), ORDINARY, indirect=["lab"])
def test_every_row_of_every_shape_has_its_fate_and_every_value_is_true(name: str, lab: World, tmp_path: Path) -> None:
    shape, file = SHAPES[name]
    out = tmp_path / file
    writing.write(shape, out, LIFE, layout="fixed" if name == "fixed" else "separated")
    check(Mover(lab, *_source(name, out)), name, out)


@pytest.mark.parametrize("lab", ["postgresql"], indirect=True)
def test_a_laboratory_in_postgresql_moves_as_the_one_in_a_file(
    lab: World, templates: Templates, tmp_path: Path
) -> None:
    server, name = templates.server, f"old_{uuid.uuid4().hex}"
    server.run(f"CREATE DATABASE {name}")
    try:
        where = f"{server.user}@/{name}?host={server.socket}"
        writing.write("database", f"postgresql://{where}", LIFE, truth="none")
        moved_from(lab, f"postgresql+psycopg://{where}", tmp_path)
    finally:
        server.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_a_laboratory_in_mariadb_moves_as_the_one_in_a_file(small_lab: World, tmp_path: Path) -> None:
    with mariadb.started() as server:
        server.run("CREATE DATABASE old CHARACTER SET utf8mb4")
        writing.write("database", server.url("old"), LIFE, truth="none")
        moved_from(small_lab, server.url("old").replace("mariadb:", "mariadb+pymysql:"), tmp_path)


def moved_from(lab: World, dsn: str, folder: Path) -> None:
    """Move a laboratory out of a server; the truth about it is the one about the file."""
    writing.write("database", folder / "old.db", LIFE)
    plan = msgspec.structs.replace(written.read("database"), source=Database(dsn=dsn, dates=DATES))
    check(Mover(lab, plan, Description(folder, plan.source)), "database", folder / "old.db")


def check(mover: Mover, name: str, out: Path) -> None:
    """Go through the whole move, and compare what stands here with what the simulator knows."""
    done = made.held(mover, name)
    truths = believed.results(out)
    true, kept = believed.told(truths), believed.kept(done, truths)
    assert kept - true == {}
    results = RESULTS.get(name, "T09_RES")
    assert kept.total() == done.loaded.bins(results)[Bin.IMPORTED] > 500
    for person, truth in believed.people(mover, PEOPLE.get(name, "T01_PAT"), out):
        assert person.demography.born_on == truth.born_on
        assert person.demography.sex is SEXES[truth.sex]
        assert person.nir in ("", truth.nir, truth.insured_nir)
    mover.agree(done)


def _source(name: str, out: Path) -> tuple[written.Written, Description]:
    plan = written.read("flat" if name == "fixed" else "database" if name == "dump" else name)
    forms: dict[str, Form] = {
        "fixed": _fixed(out) if name == "fixed" else plan.source,
        "dump": Dump(path=out.name, dates=plan.source.dates),
    }
    plan = msgspec.structs.replace(plan, source=forms.get(name, plan.source))
    return plan, Description(out if out.is_dir() else out.parent, plan.source)


def _fixed(out: Path) -> Fixed:
    """As FORMAT.TXT beside the files says."""
    spans: dict[str, list[Span]] = {}
    for line in (out / flat.FORMAT).read_text("ascii").splitlines()[1:]:
        file, column, start, width = line.split(";")
        spans.setdefault(file, []).append(Span(column, int(start), int(width)))
    tables = {file.removesuffix(".TXT"): FixedTable(path=file, spans=tuple(found)) for file, found in spans.items()}
    return Fixed(charset="mixed", tables=tables)
