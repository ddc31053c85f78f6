"""A custodian that is killed at any moment: what was answered is there, and history verifies."""

import contextlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody.custodian import Custodian, Times
from aliquot.ledger import verify
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from tests.custody.speaker import Speaker, person
from tests.plan import NORD

ROOT = Path(__file__).parents[2]


@contextmanager
def elsewhere(lab: World) -> Iterator[subprocess.Popen[str]]:
    """The laboratory's custodian in a process of its own, killed at the end."""
    lab.custodian.stop()
    command = [sys.executable, "-m", "tests.custody.dying", str(lab.home), lab.clock().isoformat()]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def answered(lab: World, ticket: bytes, seconds: float) -> list[Id]:
    """The patients of whom custody said that they are kept, before it was killed."""
    kept: list[Id] = []

    def work() -> None:
        speaker = Speaker(lab, lab.line(), ticket, NORD)
        with contextlib.suppress(Broken):
            while True:
                kept.append(speaker.register()[0])
        speaker.line.hang_up()

    threads = [threading.Thread(target=work) for _ in range(4)]
    with elsewhere(lab) as process:
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        process.kill()
        for thread in threads:
            thread.join()
    return kept


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_answered_before_a_kill_is_kept_and_history_verifies(small_lab: World, seed: int) -> None:
    secretary = person(small_lab, "secretary@nord")
    secretary.line.hang_up()
    kept = answered(small_lab, secretary.ticket, random.Random(seed).uniform(0.2, 0.8))
    assert kept
    custodian = scratch.custodian(small_lab.installation, Times(small_lab.clock, small_lab.clock.steady))
    try:
        known = _known(custodian, small_lab.clock())
        assert set(kept) <= set(known)
        assert len(custodian.held.index(NORD)) == len(known)
        custodian.tick()
    finally:
        custodian.close()
    assert verify.verify(small_lab.installation.custody.tiles).status == verify.HOLDS
    journal = small_lab.installation.custody.key_journal.read_bytes()
    assert all(bytes(patient) in journal for patient in kept)
    small_lab.custodian.start()
    secretary.register()


def _known(custodian: Custodian, now: datetime) -> list[Id]:
    """Every patient that is known; no two have one name in the log."""
    with custodian.store.turn(now) as turn:
        rows = turn.db.execute("SELECT id FROM subject WHERE org = ? AND state = 'known'", (NORD,)).fetchall()
        subjects = [custodian.held.subject(turn, Id(identifier)) for (identifier,) in rows]
    cards = {subject.card.pseudonym for subject in subjects if subject is not None}
    assert len(cards) == len(rows)
    return [subject.id for subject in subjects if subject is not None and subject.card.demography is not None]
