"""What nobody here wrote moves in: uploads good and bad, an OMOP export, archives of messages, exports of resources."""

from pathlib import Path

import msgspec
import pytest

from aliquot.cli.scratch import World
from aliquot.legacy import map as maps
from aliquot.legacy import reading
from aliquot.legacy.description import Delimited, Description, TextTable
from aliquot.legacy.map import Map
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope, Table
from tests import data
from tests.legacy.moves import made, measured, written
from tests.legacy.moves.made import Mover
from tests.legacy.moves.written import Written

UPLOADS = data.folder("migration") / "cdc-lab-csv"
PDI = (
    "ak_test_file",
    "fake-pdi-covid-19",
    "sample-batch-pdi-20210608-0001",
    "sample-pdi-covid-19-nh",
    "sample-single-pdi-20210608-0002",
    "simplereport",
    "SR_CP_02262024",
    "bad-character-replacements",
)
NAMELESS = (
    "1001-lines",
    "change-column-ordering",
    "column-headers-only",
    "happy-path",
    "lab1-test_results-17-42-31",
    "missing-data",
    "not-a-csv-file",
    "otc-template",
    "quoted-strings-with-embedded-commas",
    "too-many-columns",
    "too-much-data",
    "weird-data",
    "weird-dates",
    "wrong-type-data",
)
"""Uploads in which no row says whose it is: they name no number of a patient, or no day of birth."""
ARCHIVES = [folder.name for folder in sorted(data.folder("hl7v2").iterdir()) if folder.is_dir()]
EXPORTS = [folder.name for folder in sorted(data.folder("fhir").iterdir()) if folder.is_dir()]
NOT_MESSAGES = "ms-fhir-converter-expected-fhir"


def check(lab: World, plan: Written, folder: Path, name: str) -> None:
    """Go through the whole move: each row has the fate that is written down for it, and both sides agree."""
    drawn = msgspec.structs.replace(plan.map, tests=measured.rules(), answers=measured.answers())
    plan = msgspec.structs.replace(plan, map=drawn)
    mover = Mover(lab, plan, Description(folder, plan.source), measured.catalogue())
    mover.agree(made.held(mover, name))


@pytest.mark.parametrize("file", PDI)
def test_an_upload_moves_in(small_lab: World, file: str) -> None:
    check(small_lab, _upload(file), UPLOADS, file)


def test_an_upload_with_names_of_its_own_moves_in(small_lab: World) -> None:
    check(small_lab, written.read("uploads"), UPLOADS, "SR-UPLOAD")


def test_an_export_of_measurements_moves_in(small_lab: World) -> None:
    check(small_lab, written.read("omop"), data.folder("migration") / "omop-relational", "omop-relational")


@pytest.mark.parametrize("folder", [name for name in ARCHIVES if name != NOT_MESSAGES])
def test_an_archive_of_messages_moves_in(small_lab: World, folder: str) -> None:
    check(small_lab, written.read("archive"), data.folder("hl7v2") / folder, f"hl7v2-{folder}")


@pytest.mark.parametrize("folder", EXPORTS)
def test_an_export_of_resources_moves_in(small_lab: World, folder: str) -> None:
    plan, where = written.read("fhir"), data.folder("fhir") / folder
    there = {header.table for header in reading.columns(Description(where, plan.source))}
    scope = tuple(table for table in plan.mandate.tables if table.name in there)
    drawn = {name: columns for name, columns in plan.map.tables.items() if name in there}
    plan = msgspec.structs.replace(
        plan,
        mandate=msgspec.structs.replace(plan.mandate, tables=scope),
        map=msgspec.structs.replace(plan.map, tables=drawn),
    )
    check(small_lab, plan, where, f"fhir-{folder}")


@pytest.mark.parametrize("file", NAMELESS)
def test_an_upload_in_which_no_row_says_whose_it_is_is_refused_before_a_row_is_read(file: str) -> None:
    source = Delimited(charset="mixed", tables={"all": TextTable(path=f"{file}.csv")})
    (header,) = reading.columns(Description(UPLOADS, source))
    plan = written.read("pdi")
    scope = Scope((Table("all", header.columns[:500]),), plan.mandate.since, plan.mandate.until)
    known = {name.lower(): column for name, column in plan.map.tables["people"].items()}
    columns = {name: known[name.lower()] for name in header.columns if name.lower() in known}
    drawn: Map = msgspec.structs.replace(plan.map, tables={"all": columns}, tests=())
    with pytest.raises(Refused, match=r"tables\.all: no column means patient\.(number|family|born_on)"):
        maps.check(drawn, scope, measured.catalogue())


def test_what_is_no_upload_and_no_message_is_refused_by_name() -> None:
    empty = Delimited(tables={"all": TextTable(path="completely-empty-file.csv")})
    with pytest.raises(Refused, match=r"completely-empty-file\.csv: it is empty"):
        reading.columns(Description(UPLOADS, empty))
    folder = data.folder("hl7v2") / NOT_MESSAGES
    with pytest.raises(Refused, match="no HL7 v2 message that can be read"):
        reading.columns(Description(folder, written.read("archive").source))


def _upload(file: str) -> Written:
    """The plan for one file, with the columns that it has, however it spells them, and its results if any."""
    plan = written.read("pdi")
    path = TextTable(path=f"{file}.csv")
    source = Delimited(charset="mixed", tables={"people": path, "results": path})
    there = {name.lower(): name for header in reading.columns(Description(UPLOADS, source)) for name in header.columns}
    scoped, tables = [], {}
    for table in plan.mandate.tables:
        spelt = {name: there[name.lower()] for name in table.columns if name.lower() in there}
        dated = spelt.get(table.dated, "")
        if table.dated and not dated:
            continue
        scoped.append(Table(table.name, tuple(spelt.values()), dated=dated))
        tables[table.name] = {
            spelt[name]: column for name, column in plan.map.tables[table.name].items() if name in spelt
        }
    return msgspec.structs.replace(
        plan,
        source=source,
        mandate=msgspec.structs.replace(plan.mandate, tables=tuple(scoped)),
        map=msgspec.structs.replace(plan.map, tables=tables),
    )
