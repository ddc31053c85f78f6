"""Real input that nobody here wrote: every file is read with counts, or refused with a sentence that names it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from aliquot.legacy import profile, reading
from aliquot.legacy.description import Description
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.reading import Reading
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import NEVER, Scope, Table
from tests import data
from tests.legacy.sources import old

DELIMITED = 'kind = "delimited"\ncharset = "mixed"\nfolder = "."\npattern = "{}"\ntrim = true\n'
ARCHIVE = 'kind = "hl7v2"\npath = "{}"\n'
EXPORT = 'kind = "fhir"\npath = "{}"\n'
REFUSED = {
    "completely-empty-file.csv": "completely-empty-file.csv: it is empty",
    "README.md": "README.md: no FHIR resource",
    "ms-fhir-converter-expected-fhir": ": no HL7 v2 message that can be read",
}
SPOILED = {"missing-data.csv": 1, "too-much-data.csv": 1}


def sources() -> Iterator[tuple[str, Description]]:
    """Each file of tables, each archive and each export."""
    for folder in ("migration/cdc-lab-csv", "migration/omop-relational", "people/febrl", "people/splink"):
        for file in sorted(data.folder(folder).glob("*.csv")):
            yield file.name, old.described(file.parent, DELIMITED.format(file.name))
    for name, form in (("hl7v2", ARCHIVE), ("fhir", EXPORT)):
        for entry in sorted(data.folder(name).iterdir()):
            if entry.is_dir() or name == "fhir":
                yield entry.name, old.described(data.folder(name), form.format(entry.name))


SOURCES = list(sources())


def everything(source: Description) -> Scope:
    tables = (
        Table(header.table, tuple(name for name in header.columns[:500] if not NEVER.search(name)))
        for header in reading.columns(source)
    )
    return Scope(tuple(tables), date(1900, 1, 1), date(2030, 12, 31))


@pytest.mark.parametrize(("name", "source"), SOURCES, ids=[name for name, _ in SOURCES])
def test_every_file_is_read_or_refused_by_name(name: str, source: Description) -> None:
    if name in REFUSED:
        with pytest.raises(Refused, match=REFUSED[name]):
            reading.columns(source)
        return
    scope = everything(source)
    with Reading(scope, source) as opened:
        for table in scope.tables:
            rows = sum(len(chunk.rows) for chunk in opened.rows(table.name))
            counts = opened.counts(table.name)
            assert counts.read == rows + counts.spoiled
            if name in SPOILED or source.form.__class__.__name__ == "Delimited":
                assert counts.spoiled == SPOILED.get(name, 0)
            # The table of fates: `pytest -rP` shows it.
            print(f"{name:40} {table.name:32} {len(table.columns):4} {rows:7} {counts.spoiled:5}")


def test_a_profile_of_an_export_of_measurements_knows_its_columns() -> None:
    source = old.described(data.folder("migration/omop-relational"), DELIMITED.format("*.csv"))
    scope = everything(source)
    with Reading(scope, source) as opened:
        found = profile.take(opened, scope, source.digest())
    tables = {table.name: {column.name: column for column in table.columns} for table in found.tables}
    measurement = tables["MEASUREMENT"]
    assert measurement["value_as_number"].guess.meaning == Meaning.RESULT_VALUE
    assert measurement["unit_source_value"].guess.meaning == Meaning.RESULT_UNIT
    assert measurement["measurement_source_value"].guess.meaning == Meaning.RESULT_TEST
    assert measurement["measurement_date"].guess.meaning == Meaning.DOSSIER_COLLECTED_ON
    assert ("MEASUREMENT", "person_id", "PERSON", 0) in {
        (link.table, link.column, link.to, link.orphans_per_mille) for link in found.links
    }
    (measured,) = (table for table in found.tables if table.name == "MEASUREMENT")
    assert (len(measured.tests), measured.rare) == (70, 236)


def test_a_profile_of_people_with_errors_shows_none_of_them() -> None:
    folder = data.folder("people/febrl")
    source = old.described(folder, DELIMITED.format("dataset1.csv"))
    scope = everything(source)
    with Reading(scope, source) as opened:
        found = profile.take(opened, scope, source.digest())
    written = repr(found)
    lines = Path(folder, "dataset1.csv").read_text("utf-8").splitlines()[1:]
    for line in lines:
        cells = [cell.strip() for cell in line.split(",")]
        assert not any(cell in written for cell in cells if len(cell) >= 7 and not cell.startswith("a"))
    meanings = {column.name: column.guess.meaning for column in found.tables[0].columns}
    assert meanings["given_name"] == Meaning.PATIENT_GIVEN
    assert meanings["date_of_birth"] == Meaning.PATIENT_BORN_ON
