"""The custodian under bad luck: nothing is answered that is not durable, and nothing is open without an entry."""

import base64
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aliquot.cli.scratch import World
from aliquot.custody import entering
from aliquot.custody.caller import Caller
from aliquot.custody.client import CustodyGone
from aliquot.custody.custodian import Asked, Custodian
from aliquot.custody.protocol import Done, Enter, Entered, Failed, Granted, Open, Reading, SignOut
from aliquot.terms.errors import Broken
from tests.custody.speaker import Speaker, leaves, notices, observation, person
from tests.plan import NORD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


def memory(custodian: Custodian) -> tuple[object, ...]:
    """What decisions rest on beside the database."""
    held = custodian.held
    return held.history.head(NORD), len(held.index(NORD)), len(held.grants), len(held.superseded)


def written(custodian: Custodian) -> list[str]:
    """Everything in custody's database."""
    return list(custodian.store.db.iterdump())


class Failing:
    """A connection of which one statement fails, counted from the beginning."""

    def __init__(self, db: sqlite3.Connection, at: int) -> None:
        self._db, self._at, self.seen = db, at, 0

    def __getattr__(self, name: str) -> Any:  # Any: whatever a connection has
        return getattr(self._db, name)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:  # Any: as sqlite3 has it
        self._count(sql)
        return self._db.execute(sql, *values)

    def executemany(self, sql: str, *values: Any) -> sqlite3.Cursor:  # Any: as sqlite3 has it
        self._count(sql)
        return self._db.executemany(sql, *values)

    def _count(self, sql: str) -> None:
        if sql == "ROLLBACK":
            return
        self.seen += 1
        if self.seen == self._at:
            raise sqlite3.OperationalError("disk I/O error")


def with_failing(custodian: Custodian, at: int, then: Callable[[], object]) -> Failing:
    """Do something while one statement fails."""
    whole = custodian.store.db
    failing = Failing(whole, at)
    custodian.store.db = failing  # type: ignore[assignment]  # it speaks like one
    try:
        then()
    finally:
        custodian.store.db = whole
    return failing


def test_whatever_statement_fails_there_is_no_grant_without_an_entry(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    asked = Asked(_caller(), Enter(secretary.ticket, (act,)))
    before, dump, at, replies = memory(custodian), written(custodian), 0, []
    while True:
        at += 1
        replies.clear()
        failing = with_failing(custodian, at, lambda: replies.extend(custodian.serve([asked])))
        if failing.seen < at:
            break
        assert isinstance(replies[0], Failed)
        assert replies[0].family == "locked"
        assert memory(custodian) == before
        assert written(custodian) == dump
    assert at > 10
    assert isinstance(replies[0], Entered)
    assert isinstance(replies[0].outcomes[0], Granted)
    assert leaves(small_lab, NORD) > 0


def test_a_key_journal_that_cannot_be_written_gives_no_grant(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian

    def full() -> None:
        raise OSError(28, "No space left on device")

    before, dump = memory(custodian), written(custodian)
    whole = custodian.held.journal
    custodian.held.journal = _Full(whole, full)  # type: ignore[assignment]  # it speaks like one
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    with pytest.raises(CustodyGone):
        secretary.granted(act)
    assert (memory(custodian), written(custodian)) == (before, dump)
    custodian.held.journal = whole
    secretary.granted(act)


class _Full:
    """A journal whose disk is full."""

    def __init__(self, whole: object, settle: Callable[[], None]) -> None:
        self._whole, self.settle = whole, settle

    def __getattr__(self, name: str) -> Any:  # Any: whatever a journal has
        return getattr(self._whole, name)


def test_a_full_disk_locks_and_a_freed_one_goes_on(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian
    db = custodian.store.db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    served = 0
    with pytest.raises(CustodyGone):
        for _ in range(1000):
            secretary.register()
            served += 1
    before = memory(custodian)
    custodian.tick()
    with pytest.raises(CustodyGone):
        secretary.register()
    assert memory(custodian)[1] == before[1]
    db.execute("PRAGMA max_page_count = 1000000")
    secretary.register()
    assert len(custodian.held.index(NORD)) == served + 1


def test_a_database_that_somebody_else_holds_locks_and_is_not_waited_for_long(
    small_lab: World, secretary: Speaker
) -> None:
    custodian = small_lab.custodian.custodian
    other = sqlite3.connect(small_lab.installation.custody.database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CustodyGone):
        secretary.register()
    custodian.tick()
    other.execute("ROLLBACK")
    other.close()
    secretary.register()


def test_one_broken_request_leaves_its_neighbours_served_and_rings(
    small_lab: World, secretary: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    custodian = small_lab.custodian.custodian
    acts = [secretary.act("RegisterPatient", secretary.id(), "PATADMIN") for _ in range(3)]
    whole = entering.subjects.create
    for bug in (Broken("an invariant"), KeyError("a bug"), sqlite3.IntegrityError("a bug")):
        monkeypatch.setattr(entering.subjects, "create", _raising(whole, acts[1].subject, bug))
        replies = custodian.serve([Asked(_caller(), Enter(secretary.ticket, (act,))) for act in acts])
        assert [type(reply) for reply in replies] == [Entered, Failed, Entered]
        assert isinstance(replies[1], Failed)
        assert replies[1].family == "broken"
    monkeypatch.undo()
    assert notices(small_lab) == ["request-broken"]
    (kept,) = custodian.store.db.execute("SELECT count(*) FROM subject WHERE id = ?", (acts[1].subject,)).fetchone()
    assert kept == 0


def _raising(whole: Callable[..., Any], subject: bytes, bug: Exception) -> Callable[..., Any]:  # Any: any function
    def create(*given: Any, **named: Any) -> Any:  # Any: as the function that it stands before
        made = whole(*given, **named)
        if made.id == subject:
            raise bug
        return made

    return create


def test_a_grant_of_a_turn_that_failed_opens_nothing(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian
    patient, kept = secretary.register()
    given: list[bytes] = []
    whole = custodian.held.grants.give

    def give(turn: Any, grant: Any) -> None:  # Any: as the method that it stands before
        whole(turn, grant)
        given.append(grant.token)

    custodian.held.grants.give = give  # type: ignore[method-assign]  # to learn what nobody is told
    asked = Asked(_caller(), Enter(secretary.ticket, (secretary.act("OpenIdentity", patient, "PATADMIN"),)))
    with_failing(custodian, _commit_of(custodian, asked), lambda: custodian.serve([asked]))
    assert given
    (reply,) = custodian.serve([Asked(_caller(), Open((Reading(given[0], (kept,)),)))])
    assert isinstance(reply, Failed)
    assert reply.code == "grant-over"


def _commit_of(custodian: Custodian, asked: Asked) -> int:
    """Which statement of a request is its commit."""
    counted = with_failing(custodian, 0, lambda: custodian.serve([asked]))
    return counted.seen


def _caller() -> Caller:
    return Caller(0, "web")


def test_opening_writes_nothing_and_an_act_is_one_commit(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian
    patient, kept = secretary.register()
    commits: list[str] = []
    custodian.store.db.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    changes = custodian.store.db.total_changes
    grant = secretary.granted(secretary.act("OpenIdentity", patient, "PATADMIN")).grant
    assert len(commits) == 1
    assert custodian.store.db.total_changes > changes
    changes = custodian.store.db.total_changes
    assert secretary.open(grant, *[kept] * 20).contents[19].state == "open"
    assert custodian.store.db.total_changes == changes
    custodian.store.db.set_trace_callback(None)


def test_a_tick_that_cannot_write_tiles_leaves_the_custodian_serving(
    small_lab: World, secretary: Speaker, tmp_path: Path
) -> None:
    custodian = small_lab.custodian.custodian
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    custodian.held = replace(custodian.held, tiles=blocked)
    small_lab.clock.pass_(timedelta(minutes=1))
    custodian.tick()
    secretary.register()


def test_a_session_that_ended_in_a_group_grants_nothing_after_it(small_lab: World, secretary: Speaker) -> None:
    custodian = small_lab.custodian.custodian
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    replies = custodian.serve(
        [Asked(_caller(), SignOut(secretary.ticket)), Asked(_caller(), Enter(secretary.ticket, (act,)))]
    )
    assert isinstance(replies[0], Done)
    assert isinstance(replies[1], Failed)
    assert replies[1].code == "signed-out"


def test_no_name_value_or_reason_is_in_clear_in_anything_that_custody_writes(
    small_lab: World, secretary: Speaker
) -> None:
    patient, _ = secretary.register()
    work, _ = secretary.order(patient)
    technician = person(small_lab, "technician@nord")
    technician.result(patient, work, observation(technician.id(), work, body=b'{"value":"canary 4711"}'))
    small_lab.custodian.custodian.tick()
    home = small_lab.home
    files = b"".join(
        path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name not in {"aliquot.toml"}
    )
    assert bytes(patient) in files
    for canary in ("Zélande", "ZELANDE", "Jeanne", "1961-04-01", "canary 4711", "Secretary Nord", "secretary@nord"):
        for spelled in _spellings(canary):
            assert spelled not in files, canary


def _spellings(canary: str) -> list[bytes]:
    plain = canary.encode()
    middles = [base64.b64encode(bytes(shift) + plain)[4:-4] for shift in (3, 1, 2)]
    return [plain, canary.encode("utf-16-le"), canary.encode("utf-16-be"), plain.hex().encode(), *middles]
