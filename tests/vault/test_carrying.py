import os
import re
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from aliquot.terms.errors import Refused
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import CHUNK, Header, SenderKey
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.carrying import Terms
from aliquot.vault.errors import Forged, Unopenable
from tests.vault import cases

STAGING = StagingKey.generate()
SLOTS = (STAGING.slot(),)
SENDER = SenderKey.generate()
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TERMS = Terms(b"LAB1" + bytes(12), NOW, NOW + timedelta(days=7))
CANARY = b"CANARI;1954-03-02;"


def carried(folder: Path, *contents: bytes) -> Header:
    of = carrying.begin(folder, TERMS, SLOTS, SENDER)
    for number, content in enumerate(contents, 1):
        with carrying.part(folder, (number, f"PATIENT {number}"), SLOTS, SENDER) as piece:
            piece.write(content)
    return of


def opened(folder: Path, number: int, key: StagingKey = STAGING) -> bytes:
    path = carrying.path_of(folder, number)
    of, trailer = bundle.header((folder / carrying.HEADER).read_bytes()), carrying.finished(folder)[number]
    part = key.open(of, carrying.located(path).head, trailer)
    return b"".join(part.open(at, (chunk,))[0] for at, chunk in enumerate(carrying.chunks(path)))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_carried_comes_out(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    carried(tmp_path / "bundle", content)
    assert opened(tmp_path / "bundle", 1) == content
    trailer = carrying.finished(tmp_path / "bundle")[1]
    assert (trailer.rows, trailer.bytes, trailer.chunks) == (1, size, max(1, -(-size // CHUNK)))


def test_many_small_rows_make_one_stream_and_are_counted(tmp_path: Path) -> None:
    carrying.begin(tmp_path, TERMS, SLOTS, SENDER)
    with carrying.part(tmp_path, (1, "PATIENT 1"), SLOTS, SENDER) as piece:
        for number in range(1000):
            piece.write(b"%4d\n" % number, rows=2)
    assert opened(tmp_path, 1) == b"".join(b"%4d\n" % number for number in range(1000))
    assert carrying.finished(tmp_path)[1].rows == 2000


def test_nothing_of_a_row_shows_in_any_file(tmp_path: Path) -> None:
    carried(tmp_path, CANARY * 100_000, CANARY)
    carrying.close(tmp_path, SENDER)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "000001.part",
        "000002.part",
        "header.json",
        "manifest.json",
    ]
    assert not any(b"CANARI" in path.read_bytes() for path in tmp_path.iterdir())


def test_the_files_of_a_part_are_the_senders_alone(tmp_path: Path) -> None:
    carried(tmp_path, b"row")
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def fail_in_the_middle(folder: Path) -> None:
    with carrying.part(folder, (2, "PATIENT 2"), SLOTS, SENDER) as piece:
        piece.write(b"x" * 2 * CHUNK)
        raise KeyError


def test_a_part_that_fails_is_not_there_and_leaves_nothing(tmp_path: Path) -> None:
    carried(tmp_path, b"first")
    with pytest.raises(KeyError):
        fail_in_the_middle(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["000001.part", "header.json"]


def test_a_bundle_goes_on_where_it_was_left(tmp_path: Path) -> None:
    before = carried(tmp_path, b"first")
    assert carrying.begin(tmp_path, TERMS, SLOTS, SENDER) == before
    with carrying.part(tmp_path, (2, "PATIENT 2"), SLOTS, SENDER) as piece:
        piece.write(b"second")
    carrying.close(tmp_path, SENDER)
    of, manifest, parts = carrying.arrived(tmp_path)
    assert (of, manifest.rows, [*parts]) == (before, 2, [1, 2])
    assert [opened(tmp_path, number) for number in parts] == [b"first", b"second"]


@pytest.mark.parametrize(
    "begin",
    [
        lambda folder: carrying.begin(folder, Terms(bytes(16), NOW, TERMS.expires), SLOTS, SENDER),
        lambda folder: carrying.begin(folder, TERMS, SLOTS, SenderKey.generate()),
        lambda folder: carrying.begin(folder, TERMS, (StagingKey.generate().slot(),), SENDER),
    ],
    ids=["mandate", "sender", "recipient"],
)
def test_a_folder_holds_one_bundle(tmp_path: Path, begin: Callable[[Path], Header]) -> None:
    carried(tmp_path, b"row")
    with pytest.raises(Refused, match="another bundle"):
        begin(tmp_path)


def test_a_bundle_for_more_than_thirty_days_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="30 days"):
        carrying.begin(tmp_path, Terms(TERMS.mandate, NOW, NOW + timedelta(days=31)), SLOTS, SENDER)
    assert not (tmp_path / carrying.HEADER).exists()


def test_a_bundle_with_a_gap_is_not_closed(tmp_path: Path) -> None:
    carried(tmp_path, b"first", b"second")
    carrying.path_of(tmp_path, 1).unlink()
    with pytest.raises(Refused, match="missing"):
        carrying.close(tmp_path, SENDER)


def cut_the_last_part(folder: Path) -> None:
    carrying.path_of(folder, 2).unlink()


def exchange_two_parts(folder: Path) -> None:
    one, other = carrying.path_of(folder, 1), carrying.path_of(folder, 2)
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def put_a_part_of_another_bundle_in(folder: Path) -> None:
    carried(folder / "other", b"first", b"second")
    carrying.path_of(folder, 2).write_bytes(carrying.path_of(folder / "other", 2).read_bytes())


def seal_a_part_again_with_the_same_number(folder: Path) -> None:
    with carrying.part(folder, (2, "PATIENT 2"), SLOTS, SENDER) as piece:
        piece.write(b"another second")


def seal_a_part_with_other_keys(folder: Path) -> None:
    with carrying.part(folder, (2, "PATIENT 2"), SLOTS, SenderKey.generate()) as piece:
        piece.write(b"forged")


def add_a_part(folder: Path) -> None:
    with carrying.part(folder, (3, "PATIENT 3"), SLOTS, SENDER) as piece:
        piece.write(b"third")


def cut_the_end_of_a_part(folder: Path) -> None:
    path = carrying.path_of(folder, 2)
    path.write_bytes(path.read_bytes()[:-1])


def empty_a_part(folder: Path) -> None:
    carrying.path_of(folder, 2).write_bytes(b"aqb1")


def take_the_header_away(folder: Path) -> None:
    (folder / carrying.HEADER).unlink()


def take_the_manifest_away(folder: Path) -> None:
    (folder / carrying.MANIFEST).unlink()


@pytest.mark.parametrize(
    ("spoil", "which"),
    [
        (take_the_header_away, carrying.HEADER),
        (take_the_manifest_away, carrying.MANIFEST),
        (cut_the_last_part, "manifest: 000002.part"),
        (exchange_two_parts, "000001.part"),
        (put_a_part_of_another_bundle_in, "000002.part"),
        (seal_a_part_again_with_the_same_number, "manifest: 000002.part"),
        (seal_a_part_with_other_keys, "000002.part"),
        (add_a_part, "manifest: 000003.part"),
        (cut_the_end_of_a_part, "000002.part"),
        (empty_a_part, "000002.part: bundle: a part was cut"),
    ],
)
def test_a_bundle_that_is_not_as_it_was_closed_is_refused_and_it_is_said_which_file_is_wrong(
    tmp_path: Path, spoil: Callable[[Path], None], which: str
) -> None:
    carried(tmp_path, b"first", b"second")
    carrying.close(tmp_path, SENDER)
    carrying.arrived(tmp_path)
    spoil(tmp_path)
    with pytest.raises((Refused, Forged), match=re.escape(which)):
        carrying.arrived(tmp_path)


def respliced(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """The file of part 1 with its sealed chunks changed and everything else as it was."""
    path = carrying.path_of(folder, 1)
    raw, place, sealed = path.read_bytes(), carrying.located(path), list(carrying.chunks(path))
    end = raw[place.chunks_at + sum(len(chunk) for chunk in sealed) :]
    path.write_bytes(raw[: place.chunks_at] + b"".join(change(sealed)) + end)


@pytest.mark.parametrize(
    "change",
    [
        lambda sealed: sealed[:-1],
        lambda sealed: [sealed[1], sealed[0], sealed[2]],
        lambda sealed: [sealed[0], sealed[0], sealed[2]],
        lambda sealed: [*sealed, sealed[2]],
        lambda sealed: [sealed[0], sealed[1], cases.flipped(sealed[2], 3)],
        lambda sealed: [*sealed[:2], sealed[2] + b"\0"],
    ],
    ids=["cut", "exchanged", "repeated", "added", "altered", "extended"],
)
def test_chunks_that_are_not_in_their_place_do_not_open(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    carried(tmp_path, os.urandom(2 * CHUNK + 100))
    respliced(tmp_path, change)
    with pytest.raises((Unopenable, Forged)):
        opened(tmp_path, 1)


@pytest.mark.parametrize(
    "change",
    [lambda sealed: [*sealed, b"more"], lambda sealed: [sealed[1], sealed[0], sealed[2]], lambda sealed: sealed[:-1]],
    ids=["extended", "exchanged", "cut"],
)
def test_whoever_holds_no_key_sees_that_chunks_are_not_those_that_were_signed(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]]
) -> None:
    carried(tmp_path, os.urandom(2 * CHUNK + 100))
    respliced(tmp_path, change)
    with pytest.raises(Forged):
        carrying.finished(tmp_path)


def test_a_part_does_not_pass_under_the_name_of_another(tmp_path: Path) -> None:
    carried(tmp_path, b"first", b"second")
    exchange_two_parts(tmp_path)
    with pytest.raises(Forged, match="name of another"):
        carrying.finished(tmp_path)


def test_every_secret_but_the_receivers_opens_nothing(tmp_path: Path) -> None:
    carried(tmp_path, CANARY)
    with pytest.raises(Unopenable):
        opened(tmp_path, 1, StagingKey.generate())


@pytest.mark.parametrize(
    ("created", "lasts", "why"),
    [(NOW + timedelta(days=9), 7, "another time"), (NOW, 9, "another time"), (NOW - timedelta(days=8), 8, "is over")],
    ids=["begun later than now", "good for longer than one may be", "over"],
)
def test_nobody_signs_under_a_header_that_could_not_have_been_written_here(
    tmp_path: Path, created: datetime, lasts: int, why: str
) -> None:
    """Whoever may write to the folder may lay one there; all that is in it is public."""
    planted = Terms(TERMS.mandate, created, created + timedelta(days=lasts))
    carrying.begin(tmp_path, planted, SLOTS, SENDER)
    with pytest.raises(Refused, match=why):
        carrying.begin(tmp_path, TERMS, SLOTS, SENDER)


def test_a_link_in_the_place_of_a_draft_is_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("precious")
    folder = tmp_path / "bundle"
    carrying.begin(folder, TERMS, SLOTS, SENDER)
    (folder / ".000001.draft").symlink_to(other)
    carried(folder, CANARY)
    assert other.read_text() == "precious"
    assert (carrying.path_of(folder, 1).stat().st_mode & 0o777, opened(folder, 1)) == (0o600, CANARY)


def test_what_is_no_file_or_has_another_number_of_chunks_is_no_part(tmp_path: Path) -> None:
    of = carried(tmp_path, CANARY)
    path = carrying.path_of(tmp_path, 1)
    place = carrying.located(path)
    trailer = bundle.verified(place.trailer, of, bundle.Trailer)
    signed = SENDER.sign(msgspec.structs.replace(trailer, bytes=0, chunks=2))
    path.write_bytes(path.read_bytes()[: place.chunks_at] + bytes(32) + signed + len(signed).to_bytes(4, "big"))
    with pytest.raises(Forged, match="length"):
        carrying.finished(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Refused, match="no file"):
        carrying.finished(tmp_path)


GIANT = 1 << 31


@pytest.mark.parametrize(
    ("name", "look"),
    [
        (carrying.HEADER, carrying.begun),
        (carrying.HEADER, carrying.finished),
        (carrying.HEADER, carrying.arrived),
        (carrying.MANIFEST, carrying.arrived),
    ],
)
def test_a_header_or_manifest_without_an_end_is_refused_and_not_read(
    tmp_path: Path, name: str, look: Callable[[Path], object]
) -> None:
    carried(tmp_path, CANARY)
    carrying.close(tmp_path, SENDER)
    # Two gigabytes that take no room on the disk, and would in memory.
    os.truncate(tmp_path / name, GIANT)
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match=rf"{name} is larger than that of any bundle"):
            look(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 3 * carrying.MOST_MANIFEST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", [carrying.HEADER, carrying.MANIFEST])
def test_nobody_waits_for_a_pipe_in_the_place_of_a_header_or_manifest(tmp_path: Path, name: str) -> None:
    of = carried(tmp_path, CANARY)
    carrying.close(tmp_path, SENDER)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(Refused, match=f"{name} is no"):
        carrying.begun(tmp_path) if name == carrying.HEADER else carrying.closed(tmp_path, of)


def test_the_manifest_of_a_very_large_bundle_is_read(tmp_path: Path) -> None:
    of = carrying.begin(tmp_path, TERMS, SLOTS, SENDER)
    parts = (bytes(32).hex(),) * 100_000
    signed = SENDER.sign(bundle.Manifest(bundle.header_hash(of).hex(), parts, 0))
    (tmp_path / carrying.MANIFEST).write_bytes(signed)
    assert carrying.closed(tmp_path, of).parts == parts


def test_of_two_who_carry_into_one_folder_the_later_one_goes_on_and_no_part_is_torn(tmp_path: Path) -> None:
    carrying.begin(tmp_path, TERMS, SLOTS, SENDER)
    place = (1, "PATIENT 1")
    with ExitStack() as later:
        with pytest.raises(Refused, match="another carry"), carrying.part(tmp_path, place, SLOTS, SENDER) as earlier:
            _both(earlier, later.enter_context(carrying.part(tmp_path, place, SLOTS, SENDER)))
        assert carrying.finished(tmp_path) == {}
    assert opened(tmp_path, 1) == CANARY * 2


def _both(earlier: carrying.Piece, later: carrying.Piece) -> None:
    earlier.write(CANARY)
    later.write(CANARY * 2)
