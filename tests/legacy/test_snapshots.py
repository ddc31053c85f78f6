"""A mark in a source is worth something only as long as its files are the same."""

import os
from pathlib import Path

import pytest

from aliquot.legacy import description, snapshots
from aliquot.terms.errors import Refused

DELIMITED = 'kind = "delimited"\nfolder = "."\n'
FORMS = {
    "delimited": 'kind = "delimited"\n[tables.P]\npath = "P.csv"\n',
    "folder": DELIMITED,
    "fixed": 'kind = "fixed"\n[tables.P]\npath = "P.csv"\nspans = [{ name = "A", start = 1, width = 2 }]\n',
    "xlsx": 'kind = "xlsx"\npath = "P.csv"\n',
    "parquet": 'kind = "parquet"\n[tables]\nP = "P.csv"\n',
    "dump": 'kind = "dump"\npath = "P.csv"\n',
    "hl7v2": 'kind = "hl7v2"\npath = "P.csv"\n',
    "fhir": 'kind = "fhir"\npath = "P.csv"\n',
}


def taken(folder: Path, form: str) -> str:
    (folder / "source.toml").write_text(form)
    return snapshots.taken(description.read(folder / "source.toml"))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_file_that_was_written_again_makes_another_source(tmp_path: Path, form: str) -> None:
    file = tmp_path / "P.csv"
    file.write_text("A\n1\n")
    first = taken(tmp_path, form)
    assert taken(tmp_path, form) == first
    file.write_text("A\n1\n2\n")
    longer = taken(tmp_path, form)
    os.utime(file, ns=(1, 1))
    assert len({first, longer, taken(tmp_path, form)}) == 3


def test_a_file_that_is_written_while_it_is_read_is_seen_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "source.toml").write_text(DELIMITED)
    (tmp_path / "P.csv").write_text("A\n1\n")
    still = snapshots.still(description.read(tmp_path / "source.toml"))
    still()
    (tmp_path / "P.csv").write_text("A\n1\n2\n")
    with pytest.raises(Refused, match="written while it was read"):
        still()


def test_of_a_running_database_nothing_is_seen_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "source.toml").write_text('kind = "database"\ndsn = "sqlite:///old.db"\n')
    snapshots.still(description.read(tmp_path / "source.toml"))()


def test_another_description_of_the_same_files_is_another_source(tmp_path: Path) -> None:
    (tmp_path / "P.csv").write_text("A\n1\n")
    assert taken(tmp_path, DELIMITED) != taken(tmp_path, DELIMITED + 'charset = "cp1252"\n')


def test_a_running_database_is_never_the_one_that_was_read_before(tmp_path: Path) -> None:
    form = 'kind = "database"\ndsn = "sqlite:///old.db"\n'
    assert taken(tmp_path, form) != taken(tmp_path, form)
