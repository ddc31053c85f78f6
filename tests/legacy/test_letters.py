"""Letters that a wrong character set left in cells."""

from pathlib import Path

import pytest

from aliquot.cli.legacy import legible
from aliquot.legacy import carried
from aliquot.legacy.carried import Carried, Piece
from aliquot.legacy.letters import Letters
from aliquot.legacy.source import Cell
from aliquot.terms.mandates import Table
from tests.legacy.sources import old

TABLE = Table("P", ("NUM", "NOM"))


def looked_at(*names: Cell, first: int = 1) -> Letters:
    """What is found in these, packed as they travel."""
    rows = Carried(tuple(("1", name) for name in names), tuple(range(first, first + len(names))), (), 0)
    found = Letters()
    found.look(TABLE, rows, list(carried.frames(Piece(rows))))
    return found


def test_cells_and_signs_of_a_wrong_character_set_are_counted_by_column() -> None:
    found = looked_at("LEF\ufffdVRE", "\ufffd\ufffd", "RenÃ©", "LEFÈVRE", None, "")
    assert (dict(found.damaged), dict(found.signs)) == ({("P", "NOM"): 2}, {("P", "NOM"): 3})
    assert found.mojibake == {("P", "NOM"): 1}


@pytest.mark.parametrize("first", [50_051, 15_712_189])
def test_the_number_of_a_row_is_no_letter(first: int) -> None:
    """Packed, these numbers are the bytes of a letter that is none."""
    found = looked_at("DUPONT", "MARTIN", first=first)
    assert found.signs.total() + found.mojibake.total() == 0


@pytest.mark.parametrize(
    ("toml", "charset"),
    [
        ('kind = "delimited"\ncharset = "mixed"\n[tables.P]\npath = "p"\ncharset = "cp850"\n', "cp850"),
        ('kind = "delimited"\ncharset = "mixed"\n[tables.Q]\npath = "q"\n', "mixed"),
        ('kind = "dump"\npath = "p"\ncharset = "latin-1"\n', "latin-1"),
        ('kind = "fhir"\npath = "p"\n', ""),
    ],
)
def test_it_is_said_which_character_set_is_wrong(tmp_path: Path, toml: str, charset: str) -> None:
    (line,) = legible.lines(looked_at("\ufffd"), old.described(tmp_path, toml))
    assert line.startswith("P: NOM: 1 cell with letters that are none (1 sign); is ")
    assert (f'charset = "{charset}"' in line) == bool(charset)
