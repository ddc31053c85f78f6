"""A file is taken apart without losing a byte, and what it claims about itself is checked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.wire import mllp
from aliquot.wire.hl7v2 import batches, messages
from aliquot.wire.hl7v2.batches import Contents, Sort
from tests.wire.hl7v2 import samples

ONE = b"MSH|^~\\&|A\rPID|1\r"


def reasons(contents: Contents) -> list[tuple[str, str, int]]:
    return [(finding.place, finding.reason, finding.offset) for finding in contents.findings]


def test_every_file_of_the_data_folder_is_pieces_that_join_to_the_file() -> None:
    found = {name: (raw, batches.split(raw)) for name, raw in samples.files()}
    assert len(found) == 275
    for raw, contents in found.values():
        assert b"".join(piece.raw for piece in contents.pieces) == raw
        assert all(raw[piece.offset :].startswith(piece.raw) for piece in contents.pieces)
        assert contents.leftovers == ()
        assert len(contents.messages) == len(re.findall(rb"(?:\A|[\r\n])(?:\xef\xbb\xbf)?MSH\|", raw))
    assert {name: reasons(contents) for name, (_, contents) in found.items() if contents.findings} == {
        "cosyte/count-mismatch.hl7": [("BTS-1", "declares another number than there are", 467)]
    }


def test_envelopes_blank_lines_and_marks_are_told_from_messages() -> None:
    raw = b"\xef\xbb\xbf\r\nFHS|^~\\&|\rBHS|^~\\&|\r" + ONE + ONE + b"BTS|2\rFTS|1\r\x1a"
    contents = batches.split(raw)
    assert [piece.sort.value for piece in contents.pieces] == [
        "space",
        "envelope",
        "envelope",
        "message",
        "message",
        "envelope",
        "envelope",
        "space",
    ]
    assert contents.findings == ()
    assert [piece.raw for piece in contents.messages] == [ONE, ONE]


def test_what_is_no_message_is_left_over_with_its_offset() -> None:
    contents = batches.split(b"report of\rMonday\r" + ONE + b"BTS\rtotal 1\r")
    assert [(piece.offset, piece.raw) for piece in contents.leftovers] == [
        (0, b"report of\rMonday\r"),
        (38, b"total 1\r"),
    ]


def test_a_dump_of_framed_traffic_is_its_messages() -> None:
    contents = batches.split(mllp.frame(ONE) + mllp.frame(ONE) + b"noise" + mllp.frame(ONE))
    assert [piece.raw for piece in contents.messages] == [ONE] * 3
    assert [piece.raw for piece in contents.leftovers] == [b"noise"]


def test_a_mark_in_the_middle_of_joined_files_begins_a_message() -> None:
    contents = batches.split(ONE + b"\xef\xbb\xbf" + ONE)
    assert [messages.parse(piece.raw)["PID"][0][1].text for piece in contents.messages] == ["1", "1"]


@pytest.mark.parametrize("codec", ["utf-16", "utf-32"])
def test_a_wide_file_is_one_message(codec: str) -> None:
    raw = ONE.decode().encode(codec)
    assert [piece.raw for piece in batches.split(raw).messages] == [raw]


@pytest.mark.parametrize(
    ("raw", "place", "reason"),
    [
        (b"BHS|\r" + ONE + b"BTS|2\r", "BTS-1", "declares another number than there are"),
        (b"BHS|\r" + ONE + b"BTS|one\r", "BTS-1", "not a number"),
        (b"FHS|\rBHS|\r" + ONE + b"BTS|1\rFTS|2\r", "FTS-1", "declares another number than there are"),
        (b"FHS|\r" + ONE + b"FTS|2\r", "FTS-1", "declares another number than there are"),
        (b"BHS|\r" + ONE, "BHS", "begins and does not end"),
        (b"FHS|\r" + ONE, "FHS", "begins and does not end"),
        (b"BHS|\r" + ONE + b"BHS|\r" + ONE + b"BTS|1\r", "BHS", "begins and does not end"),
        (ONE + b"BTS|1\r", "BTS", "ends what did not begin"),
        (ONE + b"FTS|1\r", "FTS", "ends what did not begin"),
    ],
)
def test_an_envelope_that_claims_wrongly_is_a_finding_and_no_loss(raw: bytes, place: str, reason: str) -> None:
    contents = batches.split(raw)
    assert [(found.place, found.reason) for found in contents.findings] == [(place, reason)]
    assert len(contents.messages) == raw.count(b"MSH|")


def test_a_file_that_ends_or_begins_anew_closes_the_batch_within() -> None:
    ended = batches.split(b"FHS|\rBHS|\r" + ONE + b"FTS|1\rBTS|1\r")
    begun = batches.split(b"FHS|\rBHS|\r" + ONE + b"FHS|\r" + ONE + b"BTS|1\rFTS|1\r")
    assert [found.place for found in ended.findings] == ["BHS", "BTS"]
    assert [found.place for found in begun.findings] == ["BHS", "FHS", "BTS"]


@pytest.mark.parametrize(
    "raw",
    [b"BHS|\r" + ONE + b"BTS\r", b"BHS|\r" + ONE + b"BTS||ok\r", b"FHS|\r" + ONE + ONE + b"FTS|1\r", b"FHS|\rFTS|0\r"],
)
def test_a_trailer_that_claims_rightly_or_nothing_is_no_finding(raw: bytes) -> None:
    assert batches.split(raw).findings == ()


@given(
    st.lists(st.sampled_from([ONE, b"\r", b"\n", b"\x0b", b"\x1c", b"BHS|", b"BTS|1", b"FHS", b"FTS|x", b"\xff", b" "]))
)
def test_no_bytes_make_it_fail_and_none_is_lost(parts: list[bytes]) -> None:
    raw = b"".join(parts)
    contents = batches.split(raw)
    assert b"".join(piece.raw for piece in contents.pieces) == raw
    assert all(piece.raw for piece in contents.pieces)
    assert all(b"MSH" not in piece.raw for piece in contents.pieces if piece.sort is Sort.SPACE)
