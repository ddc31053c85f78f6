"""Fixed-width text."""

from pathlib import Path

from aliquot.legacy.description import Description
from aliquot.legacy.source import ENOUGH
from aliquot.legacy.sources import opening
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


def test_wide_lines_come_by_few(tmp_path: Path) -> None:
    wide = 20_000
    (tmp_path / "t.txt").write_text(f"{'x' * 5 * wide}\n" * 200)
    spans = ", ".join(f'{{name = "c{at}", start = {1 + at * wide}, width = {wide}}}' for at in range(5))
    source = old.described(tmp_path, f'kind = "fixed"\n[tables.t]\npath = "t.txt"\nspans = [{spans}]\n')
    sizes = [len(chunk.rows) for chunk in opening.opened(source).rows("t", ["c0", "c1", "c2", "c3", "c4"])]
    assert (sum(sizes), max(sizes)) == (200, 1 + ENOUGH // (5 * wide + 5 * 64))
