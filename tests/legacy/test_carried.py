"""What stands inside the parts of a bundle is written and read as docs/formats/carried.md says."""

import json
from pathlib import Path

import pytest

from aliquot.legacy import carried
from aliquot.legacy.carried import Carried, Ended, Label, Piece
from aliquot.terms.errors import Refused

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "legacy" / "carried.json").read_text())
ROWS = Piece(
    Carried((("17", "LEFÈVRE", None, ""), ("18", "MARTIN", "x", "0")), (1, 3), ((2, "3 cells instead of 4"),), 1)
)
ENDED = Piece(ended=Ended({"date": 45, "site": 2}, "dd", ("dd/mm/yyyy",)))


@pytest.mark.parametrize(("name", "piece"), [("rows", ROWS), ("ended", ENDED)])
def test_a_piece_is_written_and_read_as_its_vector_says(name: str, piece: Piece) -> None:
    raw = bytes.fromhex(VECTORS[name])
    assert carried.frame(piece) == raw
    assert list(carried.pieces(iter([raw]))) == [piece]


def test_pieces_are_read_however_the_chunks_cut_them() -> None:
    raw = carried.frame(ROWS) + carried.frame(ENDED)
    for cut in range(len(raw)):
        assert list(carried.pieces(iter([raw[:cut], raw[cut:]]))) == [ROWS, ENDED]


def test_a_label_is_written_and_read_as_its_vector_says() -> None:
    label = Label("PATIENTS", 0, 100_000)
    assert carried.write_label(label) == VECTORS["label"]
    assert carried.read_label(VECTORS["label"]) == label


@pytest.mark.parametrize("label", ["", "PATIENTS", '{"table": "P", "value": "x"}', '{"table": 1}'])
def test_a_label_that_says_anything_else_is_refused(label: str) -> None:
    with pytest.raises(Refused):
        carried.read_label(label)


@pytest.mark.parametrize("plain", [b"\x00\x00\x00\x05abc", b"\x00\x00\x00\x01\xc1", b"\xff\xff\xff\xff", b"\x00"])
def test_what_is_no_frame_is_refused(plain: bytes) -> None:
    with pytest.raises(Refused):
        list(carried.pieces(iter([plain])))


def test_rows_of_many_megabytes_are_several_frames_and_the_same_rows() -> None:
    wide = Carried(
        tuple((str(number), "x" * 40_000) for number in range(2000)), tuple(range(1, 2001)), ((7, "odd"),), 3
    )
    frames = list(carried.frames(Piece(wide)))
    assert max(map(len, frames)) < 2**24 + 2**16
    found = [piece.rows for piece in carried.pieces(iter(frames)) if piece.rows]
    assert tuple(row for one in found for row in one.rows) == wide.rows
    assert tuple(number for one in found for number in one.numbers) == wide.numbers
    assert ([one.spoiled for one in found if one.spoiled], sum(one.foreign for one in found)) == ([wide.spoiled], 3)
    with pytest.raises(Refused, match="64 MB"):
        list(carried.frames(Piece(Carried((("x" * 2**26,),), (1,), (), 0))))
