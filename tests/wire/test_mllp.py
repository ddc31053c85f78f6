"""Frames come out whole, however the network cut them."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.wire import mllp
from aliquot.wire.mllp import Fault, Frames

STREAM = mllp.frame(b"MSH|one") + b"\r\n" + b"noise" + mllp.frame(b"MSH|two\x1ctwo") + b"\x0bMSH|half"


def fed(stream: bytes, size: int, max_bytes: int = mllp.MAX_BYTES) -> list[bytes | Fault]:
    frames = Frames(max_bytes)
    return [found for at in range(0, len(stream), size) for found in frames.feed(stream[at : at + size])]


def test_messages_come_out_in_order_and_what_is_between_them_is_reported() -> None:
    assert fed(STREAM, len(STREAM)) == [b"MSH|one", Fault("outside a frame", 5), b"MSH|two\x1ctwo"]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_result_does_not_depend_on_where_chunks_end(size: int) -> None:
    assert fed(STREAM, size) == fed(STREAM, len(STREAM))


def test_a_frame_that_has_not_ended_is_pending_and_comes_out_when_it_ends() -> None:
    frames = Frames()
    assert frames.feed(b"\x0bMSH|half\x1c") == []
    assert frames.pending
    assert frames.feed(b"\r") == [b"MSH|half"]
    assert not frames.pending


def test_a_message_that_begins_again_is_a_fault_and_the_second_attempt_is_taken() -> None:
    assert fed(b"\x0bMSH|half" + mllp.frame(b"MSH|whole"), 4) == [Fault("cut short", 8), b"MSH|whole"]


def test_a_vertical_tab_in_pasted_text_does_not_cut_the_message() -> None:
    assert fed(mllp.frame(b"MSH|a\x0bb"), 3) == [b"MSH|a\x0bb"]


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_a_message_of_the_largest_size_passes_and_one_byte_more_is_a_fault(size: int) -> None:
    stream = mllp.frame(b"a" * 20) + mllp.frame(b"b" * 21) + mllp.frame(b"c" * 90) + mllp.frame(b"d")
    assert fed(stream, size, max_bytes=20) == [b"a" * 20, Fault("too large", 0), Fault("too large", 0), b"d"]


def test_a_peer_that_never_begins_a_frame_is_reported_and_nothing_is_kept() -> None:
    assert fed(b"x" * 45, 4, max_bytes=20) == [Fault("outside a frame", 20)] * 2


def test_ten_megabytes_in_chunks_of_64_bytes_are_one_message() -> None:
    # A search that began anew with each chunk would read 800 gigabytes and never finish within the test's time.
    message = b"MSH|" + b"A" * 10_000_000
    assert fed(mllp.frame(message), 64) == [message]


def test_a_message_that_is_too_large_is_not_kept_while_its_end_is_awaited() -> None:
    frames = Frames(max_bytes=1000)
    chunk = b"\x0b" + b"A" * 100_000
    tracemalloc.start()
    assert [fault for _ in range(100) for fault in frames.feed(chunk)] == [Fault("too large", 0)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_many_small_messages_in_one_chunk_all_come_out() -> None:
    assert fed(mllp.frame(b"MSH|x") * 50_000, 10_000_000) == [b"MSH|x"] * 50_000


@given(st.binary(max_size=60), st.integers(1, 9), st.integers(1, 20))
def test_no_bytes_make_it_fail_and_chunks_never_matter(noise: bytes, size: int, max_bytes: int) -> None:
    stream = noise + mllp.frame(b"M") + noise
    assert fed(stream, size, max_bytes) == fed(stream, len(stream), max_bytes)


@given(st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"MSH", b"x", b"\n"]), max_size=40), st.integers(1, 4))
def test_no_sequence_of_framing_bytes_makes_chunks_matter(parts: list[bytes], size: int) -> None:
    stream = b"".join(parts)
    assert fed(stream, size, 7) == fed(stream, max(len(stream), 1), 7)
