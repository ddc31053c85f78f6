"""Keys of patients, and the journal in which each is durable before it is used once."""

import os
import resource
import signal
from pathlib import Path

import pytest

from aliquot.cli.scratch import World
from aliquot.custody.keyjournal import KeyJournal
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from tests.custody.speaker import person

RECORD = 85


def add(journal: KeyJournal, n: int) -> None:
    journal.add(Id(bytes([n]) * 16), 1, 1, bytes([n]) * 61)
    journal.settle()


def patients(path: Path) -> list[int]:
    """The first byte of each record's patient."""
    raw = path.read_bytes().split(b"\n", 1)[1]
    assert len(raw) % RECORD == 0
    return [raw[at] for at in range(0, len(raw), RECORD)]


def test_a_key_is_in_the_journal_when_its_act_is_granted(small_lab: World) -> None:
    secretary = person(small_lab, "secretary@nord")
    patient = secretary.id()
    secretary.granted(secretary.act("RegisterPatient", patient, "PATADMIN"))
    assert bytes(patient) in small_lab.installation.custody.key_journal.read_bytes()


@pytest.mark.parametrize("torn", [1, 40, RECORD - 1])
def test_a_record_that_was_torn_is_cut_away_and_shifts_nothing(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "keys"
    add(KeyJournal(path), 1)
    path.write_bytes(path.read_bytes() + b"\x09" * torn)
    add(KeyJournal(path), 2)
    assert patients(path) == [1, 2]


def test_a_head_that_was_torn_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"aliquot/k")
    add(KeyJournal(path), 1)
    assert patients(path) == [1]


def test_another_file_is_not_taken_for_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(b"somebody's only copy of something else")
    with pytest.raises(Broken):
        KeyJournal(path)
    assert path.read_bytes() == b"somebody's only copy of something else"


def test_a_write_that_fails_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    journal = KeyJournal(path)
    add(journal, 1)
    # A file size limit stands for a full disk: the kernel writes a part and then refuses.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            add(journal, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    journal.forget()
    add(journal, 3)
    assert patients(path) == [1, 3]


def test_what_a_turn_gave_up_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    journal = KeyJournal(path)
    journal.add(Id(b"\1" * 16), 1, 1, b"\1" * 61)
    journal.forget()
    add(journal, 2)
    assert patients(path) == [2]


def test_only_custody_reads_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    KeyJournal(path)
    assert os.stat(path).st_mode & 0o077 == 0
