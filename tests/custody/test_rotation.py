"""The weekly life of keys: moved without a pause, killed at any moment, destroyed on time and never by a clock."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody import keyjournal, rotation, subjects
from aliquot.custody.custodian import Times
from aliquot.custody.unlocked import Unlocked
from aliquot.ledger import entry, verify
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org
from aliquot.vault import wrapping
from aliquot.vault.epochs import Epochs
from aliquot.vault.errors import Unopenable
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.wrapping import Binding, WrappedKey
from tests.custody.speaker import person
from tests.plan import NORD, SUD

WEEK = timedelta(days=7)
RECORD = 85


class Killed(BaseException):
    """The power failed."""


class House:
    """A laboratory's custodian without its server, which is killed and started again."""

    def __init__(self, lab: World) -> None:
        self.lab = lab
        lab.custodian.stop()
        self.start()

    def start(self) -> None:
        times = Times(self.lab.clock, self.lab.clock.steady)
        self.custodian = scratch.custodian(self.lab.installation, times)
        # What dies here is a test's custodian and not the machine: nothing needs to reach the disk.
        self.custodian.store.db.execute("PRAGMA synchronous=OFF")

    def restart(self) -> None:
        """As after a kill: nothing is put in order first."""
        self.custodian.store.close()
        self.start()

    def patient(self, org: Org = NORD) -> Id:
        """A patient who is known, with a key."""
        custodian, patient = self.custodian, ids.new(org, self.lab.clock())
        with custodian.store.turn(self.lab.clock()) as turn:
            held = custodian.held
            subjects.create(turn, held.unlocked, held.journal, patient, state=subjects.KNOWN)
            held.journal.settle()
        return patient

    def rotate(self) -> None:
        """A week passes, and the epoch after it is done."""
        self.lab.clock.pass_(WEEK)
        self.custodian.tick()
        for _ in range(40):
            self.custodian.tick()
            if self.done():
                break
        self.custodian.tick()
        self.custodian.tick()

    def done(self) -> bool:
        row = self.custodian.store.db.execute("SELECT finished FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
        return row is not None and row[0] is not None

    def number(self) -> int:
        return int(self.custodian.store.db.execute("SELECT max(number) FROM epoch").fetchone()[0])

    def rows(self) -> list[tuple[Id, Org, int, int, WrappedKey]]:
        return self.custodian.store.db.execute("SELECT id, org, n, epoch, key FROM subject").fetchall()

    def keys(self) -> dict[Id, bytes]:
        """Every subject's key out of the table; each opens, under the one living epoch that its row names."""
        unlocked = self.custodian.held.unlocked
        return {
            subject: wrapping.unwrap(unlocked.kek(org, epoch), key, Binding(org, subject, n, epoch)).reveal()
            for subject, org, n, epoch, key in self.rows()
        }

    def journal(self) -> list[tuple[Id, int, int, WrappedKey]]:
        raw = self.lab.installation.custody.key_journal.read_bytes().split(b"\n", 1)[1]
        assert len(raw) % RECORD == 0
        return [record(raw[at : at + RECORD]) for at in range(0, len(raw), RECORD)]

    def opens(self, subject: Id, n: int, epoch: int, key: WrappedKey) -> bytes:
        """A key out of the journal."""
        org = ids.org_of(subject)
        kek = self.custodian.held.unlocked.kek(org, epoch)
        return wrapping.unwrap(kek, key, Binding(org, subject, n, epoch)).reveal()

    def journalled(self) -> dict[Id, set[bytes]]:
        """What the journal gives back of each subject with the keys that live."""
        found: dict[Id, set[bytes]] = {}
        for subject, n, epoch, key in self.journal():
            org = ids.org_of(subject)
            kek = self.custodian.held.unlocked.epochs.keks(org).get(epoch)
            if kek is not None:
                found.setdefault(subject, set()).add(
                    wrapping.unwrap(kek, key, Binding(org, subject, n, epoch)).reveal()
                )
        return found

    def check(self, before: dict[Id, bytes]) -> None:
        """Nobody's key was lost or changed, in the table or in the journal."""
        assert self.keys() == before
        journalled = self.journalled()
        assert {subject: journalled[subject] for subject in before} == {key: {value} for key, value in before.items()}

    def acts(self, org: Org) -> list[tuple[str, int]]:
        """What the history of an organization says of its keys."""
        rows = self.custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (org,)).fetchall()
        said = [entry.decode(raw) for (raw,) in rows if raw.startswith(b"{")]
        return [(one.act, one.n) for one in said if one.act.startswith("epoch.")]


def record(raw: bytes) -> tuple[Id, int, int, WrappedKey]:
    return Id(raw[:16]), int.from_bytes(raw[16:20], "big"), int.from_bytes(raw[20:24], "big"), WrappedKey(raw[24:])


@pytest.fixture
def house(small_lab: World) -> Iterator[House]:
    made = House(small_lab)
    try:
        yield made
    finally:
        made.custodian.store.close()
        small_lab.custodian.start()


@pytest.fixture
def crowded(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Seven patients of two laboratories, who are moved two at a time."""
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    monkeypatch.setattr(rotation, "COPIED_AT_ONCE", 3)
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    for org in (NORD, NORD, SUD, NORD, SUD, NORD, NORD):
        house.patient(org)
    house.custodian.tick()
    return house


def test_after_a_week_every_key_is_of_the_next_epoch_and_the_same_key(crowded: House) -> None:
    before = crowded.keys()
    assert {epoch for _, _, _, epoch, _ in crowded.rows()} == {1}
    crowded.rotate()
    assert {epoch for _, _, _, epoch, _ in crowded.rows()} == {2}
    crowded.check(before)
    assert sorted(subject for subject, *_ in crowded.journal()) == sorted(before)
    assert {epoch for _, _, epoch, _ in crowded.journal()} == {2}


def test_before_a_week_is_over_nothing_happens(crowded: House) -> None:
    crowded.lab.clock.pass_(WEEK - timedelta(minutes=1))
    crowded.custodian.tick()
    assert crowded.number() == 1
    crowded.lab.clock.pass_(timedelta(minutes=1))
    crowded.custodian.tick()
    assert crowded.number() == 2


def test_a_clock_that_was_set_forward_makes_no_epoch_and_destroys_no_key(crowded: House) -> None:
    for _ in range(4):
        crowded.lab.clock.jump(10 * WEEK)
        for _ in range(10):
            crowded.custodian.tick()
    assert crowded.number() == 1
    assert crowded.custodian.held.unlocked.oldest == 1


def test_three_epochs_live_and_the_one_before_opens_nothing_any_more(crowded: House) -> None:
    first = crowded.custodian.held.unlocked.epochs.keks(NORD)[1].reveal()
    held: list[tuple[int, int]] = []
    for _ in range(4):
        crowded.rotate()
        held.append((crowded.custodian.held.unlocked.oldest, crowded.custodian.held.unlocked.newest))
    assert held == [(1, 2), (1, 3), (2, 4), (3, 5)]
    living = [key.reveal() for key in crowded.custodian.held.unlocked.epochs.keks(NORD).values()]
    assert len(living) == 3
    assert first not in living
    with pytest.raises(Broken, match="epoch that is over"):
        crowded.custodian.held.unlocked.kek(NORD, 1)


def test_history_tells_of_each_epoch_and_still_verifies(crowded: House) -> None:
    for _ in range(3):
        crowded.rotate()
    told = [("epoch.begun", 1)]
    for number in (2, 3, 4):
        told += [("epoch.begun", number), ("epoch.moved", number)]
    told.append(("epoch.destroyed", 1))
    assert crowded.acts(NORD) == crowded.acts(SUD) == crowded.acts(INSTALLATION) == told
    crowded.custodian.tick()
    assert verify.verify(crowded.lab.installation.custody.tiles).status == verify.HOLDS


def test_work_goes_on_while_keys_are_moved(crowded: House) -> None:
    crowded.lab.clock.pass_(WEEK)
    crowded.custodian.tick()
    before = crowded.keys()
    fresh: list[Id] = []
    steps = 0
    while not crowded.done():
        fresh.append(crowded.patient())
        crowded.custodian.tick()
        crowded.check(before | {one: crowded.keys()[one] for one in fresh})
        steps += 1
        assert steps < 60
    epochs = {subject: epoch for subject, _, _, epoch, _ in crowded.rows()}
    assert set(epochs.values()) == {2}
    assert steps > 5
    crowded.custodian.tick()
    crowded.check(before | {one: crowded.keys()[one] for one in fresh})


def test_one_step_moves_no_more_than_its_share(crowded: House) -> None:
    crowded.lab.clock.pass_(WEEK)
    moved = []
    for _ in range(6):
        crowded.custodian.tick()
        moved.append(sum(epoch == 2 for _, _, _, epoch, _ in crowded.rows()))
    assert moved[:5] == [0, 2, 4, 6, 8]


def faulty(house: House, monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """From now on, the operation of this number is the last: statements, writes, syncs, renames, removals."""
    seen = 0

    def count() -> None:
        nonlocal seen
        seen += 1
        if seen == at:
            raise Killed

    for module, name in ((os, "write"), (os, "fsync"), (os, "pwrite"), (Path, "replace"), (Path, "unlink")):
        whole = getattr(module, name)

        def counted(*given: Any, _whole: Any = whole, **named: Any) -> Any:  # Any: as the function that it stands for
            count()
            done = _whole(*given, **named)
            count()
            return done

        monkeypatch.setattr(module, name, counted)
    house.custodian.store.db = Counted(house.custodian.store.db, count)  # type: ignore[assignment]  # it speaks like one
    return lambda: seen


class Counted:
    """A connection that is cut before or after any of its statements."""

    def __init__(self, db: sqlite3.Connection, count: Callable[[], None]) -> None:
        self.whole, self._count = db, count

    def __getattr__(self, name: str) -> Any:  # Any: whatever a connection has
        return getattr(self.whole, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # Any: as sqlite3 has it
        if sql != "ROLLBACK":
            self._count()
        done = self.whole.execute(sql, *values)
        if sql == "COMMIT":
            self._count()
        return done

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:  # Any: as sqlite3 has it
        self._count()
        return self.whole.executemany(sql, *values)


def test_killed_at_any_operation_no_key_is_lost_and_the_epoch_is_finished(
    crowded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power fails at one operation after another: statements, writes, syncs, renames and removals."""
    before, at, killed = crowded.keys(), 2, 0
    while True:
        crowded.lab.clock.pass_(WEEK)
        number = crowded.number()
        with monkeypatch.context() as patch:
            seen = faulty(crowded, patch, at)
            try:
                for _ in range(14):
                    crowded.custodian.tick()
            except Killed:
                killed += 1
        crowded.restart()
        crowded.check(before)
        for _ in range(20):
            crowded.custodian.tick()
        crowded.check(before)
        assert crowded.done()
        assert crowded.number() == number + 1
        assert {epoch for _, _, _, epoch, _ in crowded.rows()} == {number + 1}
        assert crowded.custodian.held.unlocked.oldest == max(1, number - 1)
        assert not keyjournal.draft(crowded.lab.installation.custody.key_journal).exists()
        if seen() < at:
            break
        at += 7
    assert killed > 20
    assert verify.verify(crowded.lab.installation.custody.tiles).status == verify.HOLDS


def test_a_full_disk_stops_the_move_and_a_freed_one_goes_on(crowded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = crowded.keys()
    crowded.lab.clock.pass_(WEEK)
    crowded.custodian.tick()
    real = os.write

    def full(handle: int, raw: bytes) -> int:
        if ".draft" in os.readlink(f"/proc/self/fd/{handle}"):
            real(handle, raw[:40])
            raise OSError(28, "No space left on device")
        return real(handle, raw)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        for _ in range(12):
            crowded.custodian.tick()
        assert not crowded.done()
    newcomer = crowded.patient()
    for _ in range(12):
        crowded.custodian.tick()
    assert crowded.done()
    crowded.check(before | {newcomer: crowded.keys()[newcomer]})


def test_an_older_database_is_brought_up_to_the_epoch_file(crowded: House, tmp_path: Path) -> None:
    database, backup = crowded.lab.installation.custody.database, tmp_path / "backup"
    before = crowded.keys()
    crowded.rotate()
    with sqlite3.connect(backup) as copied:
        crowded.custodian.store.db.backup(copied)
    copied.close()
    crowded.rotate()
    crowded.rotate()
    crowded.custodian.store.close()
    for leftover in database.parent.glob(f"{database.name}-*"):
        leftover.unlink()
    database.write_bytes(backup.read_bytes())
    crowded.start()
    for _ in range(20):
        crowded.custodian.tick()
    assert crowded.number() == 4
    crowded.check(before)


def test_keys_that_only_the_journal_has_are_in_the_next_journal_too(crowded: House, tmp_path: Path) -> None:
    """An older database was restored, and a row was damaged: of both patients the journal has the only key."""
    database, backup = crowded.lab.installation.custody.database, tmp_path / "backup"
    damaged = crowded.patient()
    with sqlite3.connect(backup) as copied:
        crowded.custodian.store.db.backup(copied)
    copied.close()
    newer = crowded.patient(SUD)
    before = crowded.keys()
    crowded.custodian.store.close()
    for leftover in database.parent.glob(f"{database.name}-*"):
        leftover.unlink()
    database.write_bytes(backup.read_bytes())
    crowded.start()
    crowded.custodian.store.db.execute("UPDATE subject SET key = zeroblob(61) WHERE id = ?", (damaged,))
    for _ in range(4):
        crowded.rotate()
    assert crowded.number() == 5
    kept = {patient: crowded.opens(patient, n, epoch, key) for patient, n, epoch, key in crowded.journal() if any(key)}
    assert {patient: kept[patient] for patient in (newer, damaged)} == {
        patient: before[patient] for patient in (newer, damaged)
    }
    crowded.custodian.store.db.execute("DELETE FROM subject WHERE id = ?", (damaged,))


def test_a_shred_is_remembered_for_as_long_as_the_last_epoch_of_the_key(crowded: House) -> None:
    """The epoch was begun and the power failed: who came before the next tick has a key that is younger than it."""
    patient = crowded.patient()
    custodian = crowded.custodian
    custodian.store.db.execute("UPDATE subject SET epoch = 2 WHERE id = ?", (patient,))
    with custodian.store.turn(crowded.lab.clock()) as turn:
        subjects.destroy(turn, patient)
    assert custodian.store.db.execute("SELECT epoch FROM shredded").fetchall() == [(2,)]


def opened(house: House) -> Unlocked:
    """What a start would unlock."""
    custody = house.lab.installation.custody
    ring = Keyring.unlock(custody.keyring, scratch.PASSPHRASE, allow_weak=True)
    unlocked = Unlocked(ring, Epochs(ring, custody.epochs))
    unlocked.load(house.custodian.store.db)
    return unlocked


def test_an_epoch_file_that_is_older_than_the_database_stops_the_start(crowded: House) -> None:
    places = crowded.lab.installation.custody.epochs
    old = places[0].read_bytes()
    crowded.rotate()
    fresh = places[0].read_bytes()
    for place in places:
        place.write_bytes(old)
    with pytest.raises(Broken, match="older than custody's database"):
        opened(crowded)
    places[1].write_bytes(fresh)
    assert opened(crowded).newest == 2


def test_without_the_epoch_file_nothing_starts_and_it_is_said_why(crowded: House) -> None:
    places = crowded.lab.installation.custody.epochs
    whole = places[0].read_bytes()
    for place in places:
        place.unlink()
    with pytest.raises(Broken, match="the epoch file is gone"):
        opened(crowded)
    places[1].write_bytes(whole)
    assert opened(crowded).newest == 1
    assert places[0].read_bytes() == whole


def test_a_key_that_does_not_open_rings_and_holds_nobody_else_up(crowded: House) -> None:
    victim = crowded.patient()
    db = crowded.custodian.store.db
    db.execute("UPDATE subject SET key = zeroblob(61) WHERE id = ?", (victim,))
    before = {subject for subject, *_ in crowded.rows()} - {victim}
    crowded.rotate()
    assert {epoch for subject, _, _, epoch, _ in crowded.rows() if subject != victim} == {2}
    assert len(before) == len(crowded.rows()) - 1
    assert ("key-does-not-open",) in db.execute("SELECT kind FROM notice").fetchall()
    db.execute("DELETE FROM subject WHERE id = ?", (victim,))


def test_keys_of_a_database_of_before_the_epoch_file_move_into_it(crowded: House) -> None:
    custody, unlocked = crowded.lab.installation.custody, crowded.custodian.held.unlocked
    before, db = crowded.keys(), crowded.custodian.store.db
    ring = Keyring.unlock(custody.keyring, scratch.PASSPHRASE, allow_weak=True)
    for org in (INSTALLATION, NORD, SUD):
        wrapped = ring.wrap(org, unlocked.kek(org, 1).reveal(), b"aliquot/lab-kek/v1" + (1).to_bytes(4, "big"))
        db.execute("INSERT INTO kek VALUES (?, 1, ?)", (org, wrapped))
    db.execute("DELETE FROM epoch")
    crowded.custodian.store.close()
    for place in custody.epochs:
        place.unlink()
    crowded.start()
    crowded.check(before)
    assert crowded.custodian.store.db.execute("SELECT count(*) FROM kek").fetchone() == (0,)


def test_a_session_works_through_a_rotation(small_lab: World) -> None:
    secretary = person(small_lab, "secretary@nord")
    patient, row = secretary.register()
    small_lab.clock.pass_(WEEK)
    for _ in range(4):
        small_lab.custodian.tick()
    secretary = person(small_lab, "secretary@nord")
    secretary.order(patient)
    grant = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    assert secretary.state(grant, row) == "open"
    held = small_lab.custodian.custodian.held
    query = "SELECT key FROM subject WHERE id = ?"
    key = WrappedKey(small_lab.custodian.custodian.store.db.execute(query, (patient,)).fetchone()[0])
    with pytest.raises(Unopenable):
        wrapping.unwrap(held.unlocked.kek(NORD, 1), key, Binding(NORD, patient, 1, 1))


def test_a_tick_in_quiet_times_writes_no_leaf(crowded: House) -> None:
    before = crowded.custodian.held.history.head(NORD)
    for _ in range(5):
        crowded.custodian.tick()
    assert crowded.custodian.held.history.head(NORD) == before
