import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aliquot.intake import seat
from aliquot.intake.letterbox import LEASE, LONGEST_WAIT, Arrival, Slot, Tray, Unkept
from aliquot.intake.seat import Seat
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id
from tests.intake import post
from tests.intake.post import NOON, Seated


@pytest.fixture
def seated(tmp_path: Path) -> Seated:
    return Seated(tmp_path)


def opened(seated: Seated) -> Slot:
    return Slot(seated.listen.letterbox, seat.read(seated.listen))


def arrivals(count: int, at: datetime = NOON) -> list[Arrival]:
    return [Arrival("analyser-1", at, post.message(str(number))) for number in range(1, count + 1)]


@contextmanager
def full_disk(bytes_: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def numbers(tray: Tray, limit: int, at: datetime) -> list[int]:
    return [one.letter.envelope.number for one in tray.waiting(limit, at)]


def test_what_is_dropped_is_taken_as_it_was_signed_and_opens(seated: Seated) -> None:
    slot = opened(seated)
    assert slot.drop(arrivals(3)) == [1, 2, 3]
    (first, *_) = seated.taken()
    assert first.letter.envelope.received_at == NOON
    assert first.letter.envelope.peer == "analyser-1"
    assert seated.messages() == [post.message("1"), post.message("2"), post.message("3")]
    slot.close()


def test_a_number_is_never_given_twice(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(2))
    tray = Tray(seated.listen.letterbox)
    assert numbers(tray, 9, NOON) == [1, 2]
    tray.done([1, 2])
    slot.close()
    slot = opened(seated)
    assert slot.drop(arrivals(1)) == [3]
    tray.close()
    slot.close()


def test_a_commit_that_returned_is_on_the_disk_and_not_in_a_buffer(seated: Seated) -> None:
    slot = opened(seated)
    (mode,) = slot._db.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = slot._db.execute("PRAGMA synchronous").fetchone()
    assert (mode, synchronous) == ("wal", 2)
    slot.close()


def test_on_a_full_disk_nothing_of_the_group_is_kept_and_the_numbers_go_on_without_a_gap(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(1))
    with full_disk(60_000), pytest.raises(Unkept, match=r"letterbox: SQLITE_(FULL|IOERR)"):
        slot.drop(arrivals(40))
    assert slot.drop(arrivals(1)) == [2]
    assert len(seated.messages()) == 2
    slot.close()


def test_a_group_with_a_letter_that_cannot_be_written_keeps_none(seated: Seated) -> None:
    slot = opened(seated)
    with pytest.raises(Broken):
        slot.drop([*arrivals(2), Arrival("x" * 256, NOON, b"")])
    assert seated.taken() == []
    assert slot.drop(arrivals(1)) == [1]
    slot.close()


def test_a_locked_store_keeps_nothing_and_says_so(seated: Seated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aliquot.intake.letterbox._PATIENCE_SECONDS", 0.1)
    slot = opened(seated)
    with sqlite3.connect(seated.listen.letterbox, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unkept, match="SQLITE_BUSY"):
            slot.drop(arrivals(1))
        other.execute("ROLLBACK")
    other.close()
    assert slot.drop(arrivals(1)) == [1]
    slot.close()


def test_a_second_listener_is_refused_while_a_worker_reads_and_removes(seated: Seated) -> None:
    slot = opened(seated)
    with pytest.raises(Refused, match="another process listens"):
        opened(seated)
    slot.drop(arrivals(1))
    tray = Tray(seated.listen.letterbox)
    tray.done(numbers(tray, 1, NOON))
    assert tray.pending_count() == 0
    tray.close()
    slot.close()
    opened(seated).close()


def test_a_letterbox_stays_with_the_listener_that_made_it(seated: Seated) -> None:
    opened(seated).close()
    own = seat.read(seated.listen)
    with pytest.raises(Refused, match="another listener"):
        Slot(seated.listen.letterbox, Seat(Id(bytes(16)), own.key, own.slot))
    opened(seated).close()


def test_a_letterbox_of_a_newer_version_is_left_alone(seated: Seated) -> None:
    opened(seated).close()
    with sqlite3.connect(seated.listen.letterbox) as db:
        db.execute("PRAGMA user_version = 2")
    db.close()
    with pytest.raises(Broken):
        opened(seated)
    with pytest.raises(Broken):
        Tray(seated.listen.letterbox)


def test_a_file_that_is_no_letterbox_is_refused_by_both_ends(seated: Seated) -> None:
    seated.listen.letterbox.write_bytes(b"not a database" * 1000)
    with pytest.raises(Unkept, match="SQLITE_NOTADB"):
        opened(seated)
    with pytest.raises(Unkept, match="SQLITE_NOTADB"):
        Tray(seated.listen.letterbox)


def test_a_worker_waits_until_a_listener_has_made_the_letterbox(seated: Seated) -> None:
    with pytest.raises(Refused, match="no listener"):
        Tray(seated.listen.letterbox)
    seated.listen.letterbox.touch()
    with pytest.raises(Refused, match="no listener"):
        Tray(seated.listen.letterbox)
    opened(seated).close()
    Tray(seated.listen.letterbox).close()


def test_taken_letters_are_one_workers_until_the_lease_is_over(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(3))
    one, other = Tray(seated.listen.letterbox), Tray(seated.listen.letterbox)
    assert numbers(one, 2, NOON) == [1, 2]
    assert numbers(other, 9, NOON) == [3]
    assert numbers(other, 9, NOON + LEASE - timedelta(microseconds=1)) == []
    again = other.waiting(9, NOON + LEASE)
    assert [(waiting.letter.envelope.number, waiting.tries) for waiting in again] == [(1, 2), (2, 2), (3, 2)]
    assert [waiting.tries for waiting in one.waiting(9, NOON + 2 * LEASE)] == [3, 3, 3]
    for end in (one, other, slot):
        end.close()


def test_a_lease_is_prolonged_by_putting_the_letter_off(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(2))
    tray = Tray(seated.listen.letterbox)
    assert numbers(tray, 9, NOON) == [1, 2]
    tray.put_off([2], NOON + timedelta(minutes=10))
    assert numbers(tray, 9, NOON + LEASE) == [1]
    assert numbers(tray, 9, NOON + timedelta(minutes=10)) == [1, 2]
    tray.close()
    slot.close()


def test_a_lease_from_a_clock_that_jumped_back_holds_no_letter(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(1))
    tray = Tray(seated.listen.letterbox)
    assert numbers(tray, 1, NOON + timedelta(days=1)) == [1]
    assert numbers(tray, 1, NOON) == [1]
    tray.put_off([1], NOON + LONGEST_WAIT)
    assert numbers(tray, 1, NOON) == []
    tray.close()
    slot.close()


def test_removing_a_letter_twice_removes_no_other(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(2))
    tray = Tray(seated.listen.letterbox)
    numbers(tray, 9, NOON)
    tray.done([1])
    tray.done([1])
    assert tray.pending_count() == 1
    assert numbers(tray, 9, NOON + LEASE) == [2]
    assert tray._db.execute("SELECT count(*) FROM lease").fetchone()[0] == 1
    tray.close()
    slot.close()


def test_the_oldest_is_the_letter_that_waits_longest(seated: Seated) -> None:
    slot = opened(seated)
    tray = Tray(seated.listen.letterbox)
    assert (tray.pending_count(), tray.oldest()) == (0, None)
    slot.drop([*arrivals(1, NOON), *arrivals(1, NOON + LEASE)])
    assert (tray.pending_count(), tray.oldest()) == (2, NOON)
    tray.done([1])
    assert tray.oldest() == NOON + LEASE
    tray.close()
    slot.close()


def test_nothing_of_a_message_stands_in_the_letterbox_or_its_log(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(5))
    files = post.written(seated.folder)
    assert b"analyser-1" in files
    assert not [trace for trace in post.traces(post.CANARY) if trace in files]
    slot.close()


def test_a_removed_letter_is_overwritten(seated: Seated) -> None:
    slot = opened(seated)
    slot.drop(arrivals(1))
    tray = Tray(seated.listen.letterbox)
    (one,) = tray.waiting(1, NOON)
    middle = one.letter.sealed[1200:1264]
    assert middle in post.written(seated.folder)
    tray.done([1])
    tray.close()
    slot.close()
    assert middle not in post.written(seated.folder)


def test_the_file_is_closed_to_everyone_but_its_group(seated: Seated) -> None:
    opened(seated).close()
    assert stat.S_IMODE(seated.listen.letterbox.stat().st_mode) == 0o660
