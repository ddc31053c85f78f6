"""Fixed-width text."""

from pathlib import Path

from aliquot.legacy.description import Description
from tests.legacy.sources import old

TOML = """
kind = "fixed"
charset = "mixed"
counted = "{counted}"
[tables.people]
path = "people.txt"
length = {length}
spans = [{{name = "id", start = 1, width = 3}}, {{name = "nom", start = 4, width = 6}},
         {{name = "ville", start = 10, width = 5}}]
"""


def people(folder: Path, content: bytes, counted: str = "characters", length: int = 14) -> Description:
    (folder / "people.txt").write_bytes(content)
    return old.described(folder, TOML.format(counted=counted, length=length))


def test_cells_stand_at_their_places_and_a_short_line_has_empty_ones(tmp_path: Path) -> None:
    source = people(tmp_path, b"001DUPONTBrest\r\n002MARTIN\r\n\r\n")
    assert old.read(source, "people", ["ville", "nom"]) == {1: ("Brest", "DUPONT"), 2: ("", "MARTIN")}


def test_a_line_that_is_too_long_is_spoiled(tmp_path: Path) -> None:
    source = people(tmp_path, b"001DUPONTBrest!\n002MARTINDinan\n")
    assert old.read(source, "people", ["id"]) == {2: ("002",)}
    assert [(one.row, one.reason) for one in old.spoiled(source, "people", ["id"])] == [(1, "15 places instead of 14")]


def test_places_counted_in_bytes_hold_in_lines_of_either_character_set(tmp_path: Path) -> None:
    content = "001René Brest\n".encode() + "002René  Dinan\n".encode("cp1252")
    source = people(tmp_path, content, "bytes")
    assert old.read(source, "people", ["nom", "ville"]) == {1: ("René", "Brest"), 2: ("René", "Dinan")}
