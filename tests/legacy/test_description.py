"""What an integrator writes down about an old system."""

from pathlib import Path

import pytest

from aliquot.legacy import description
from aliquot.legacy.description import Database, Delimited, Description
from aliquot.terms.errors import Refused


def test_a_description_is_read_with_the_folder_that_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "source.toml").write_text('kind = "delimited"\nfolder = "."\nseparator = "\\t"\n')
    found = description.read(tmp_path / "source.toml")
    assert found.folder == tmp_path
    assert found.form == Delimited(folder=".", separator="\t")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('kind = "delimited"\nseperator = ";"', "seperator"),
        ('kind = "telepathy"', "telepathy"),
        ('kind = "delimited"\nseparator = ";;"', "separator"),
        ("kind = ", "source.toml"),
        ('kind = "database"\ndsn = "sqlite:///a.db"\npassword = "x"', "password"),
    ],
)
def test_what_is_not_known_is_refused_by_its_key(toml: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        description.parse(toml)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(Refused, match="password does not stand in") as refused:
        description.parse('kind = "database"\ndsn = "postgresql+psycopg://me:hunter2@host/base"')
    assert "hunter2" not in str(refused.value)
    form = description.parse('kind = "database"\ndsn = "postgresql+psycopg://me@host/base"')
    assert isinstance(form, Database)


def test_a_digest_is_of_what_it_says_and_not_of_where_it_stands() -> None:
    one, other = Delimited(folder="a"), Delimited(folder="b")
    assert Description(Path("/x"), one).digest() == Description(Path("/y"), one).digest()
    assert Description(Path("/x"), one).digest() != Description(Path("/x"), other).digest()


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"patients\.csv: there is no such file"):
        Description(tmp_path, Delimited()).files("patients.csv")
