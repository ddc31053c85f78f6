"""The custodian under bad luck: nothing is answered that is not durable, and nothing is open without an entry."""

import base64
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody import subjects
from aliquot.custody.caller import Caller
from aliquot.custody.custodian import Asked, Custodian, Reply, Times
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answer, Done, Enter, Entered, Failed, Granted, Open, Reading, Request, SignOut
from aliquot.ledger.tree import Head
from aliquot.terms.errors import Broken
from tests.custody.speaker import Speaker, observation, person
from tests.plan import NORD

A = TypeVar("A", bound=Answer)


@pytest.fixture
def custodian(small_lab: World) -> Iterator[Custodian]:
    """The laboratory's custodian without its server, so that nothing happens but what the test does."""
    session = person(small_lab, "secretary@nord")
    session.line.hang_up()
    small_lab.secrets["ticket"] = session.ticket
    small_lab.custodian.stop()
    made = scratch.custodian(small_lab.installation, Times(small_lab.clock, small_lab.clock.steady))
    try:
        yield made
    finally:
        made.close()
        small_lab.custodian.start()


@pytest.fixture
def secretary(small_lab: World, custodian: Custodian) -> Speaker:
    return Speaker(small_lab, Direct(custodian), small_lab.secrets.pop("ticket"), NORD)  # type: ignore[arg-type]  # it asks like a line


class Direct:
    """A line without a socket."""

    def __init__(self, custodian: Custodian) -> None:
        self._custodian = custodian

    def ask(self, request: Request, kind: type[A]) -> A:
        (reply,) = self._custodian.serve([Asked(_caller(), request)])
        if isinstance(reply, Failed):
            raise CustodyGone(reply.code) if reply.family == "locked" else Denial(reply.code, reply.reason)
        assert isinstance(reply, kind)
        return reply


def memory(custodian: Custodian) -> tuple[Head, int, int, int]:
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


def test_whatever_statement_fails_there_is_no_grant_without_an_entry(custodian: Custodian, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    asked = Asked(_caller(), Enter(secretary.ticket, (act,)))
    before, dump, at = memory(custodian), written(custodian), 0
    replies: list[Reply] = []
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
    assert custodian.held.history.head(NORD).size > before[0].size


def test_a_key_journal_that_cannot_be_written_gives_no_grant(custodian: Custodian, secretary: Speaker) -> None:

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


def test_a_full_disk_locks_and_a_freed_one_goes_on(custodian: Custodian, secretary: Speaker) -> None:
    db = custodian.store.db
    (pages,) = db.execute("PRAGMA page_count").fetchone()
    db.execute(f"PRAGMA max_page_count = {pages}")
    with contextlib.suppress(CustodyGone):
        while True:
            secretary.register()
    before = memory(custodian)
    custodian.tick()
    with pytest.raises(CustodyGone):
        secretary.register()
    assert memory(custodian)[1] == before[1]
    db.execute("PRAGMA max_page_count = 1000000")
    secretary.register()
    assert memory(custodian)[1] == before[1] + 1


def test_a_database_that_somebody_else_holds_locks_and_is_not_waited_for_long(
    small_lab: World, custodian: Custodian, secretary: Speaker
) -> None:
    other = sqlite3.connect(small_lab.installation.custody.database)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CustodyGone):
        secretary.register()
    custodian.tick()
    other.execute("ROLLBACK")
    other.close()
    secretary.register()


def test_one_broken_request_leaves_its_neighbours_served_and_rings(
    custodian: Custodian, secretary: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [secretary.act("RegisterPatient", secretary.id(), "PATADMIN") for _ in range(3)]
    whole = subjects.create
    for bug in (Broken("an invariant"), KeyError("a bug"), sqlite3.IntegrityError("a bug")):
        monkeypatch.setattr(subjects, "create", _raising(whole, acts[1].subject, bug))
        replies = custodian.serve([Asked(_caller(), Enter(secretary.ticket, (act,))) for act in acts])
        assert [type(reply) for reply in replies] == [Entered, Failed, Entered]
        assert isinstance(replies[1], Failed)
        assert replies[1].family == "broken"
    monkeypatch.undo()
    kinds = custodian.store.db.execute("SELECT kind FROM notice").fetchall()
    # One for each kind of failure a day: whoever can cause one on purpose does not silence the others.
    assert kinds == [("custody-broken",)] * 3
    (kept,) = custodian.store.db.execute("SELECT count(*) FROM subject WHERE id = ?", (acts[1].subject,)).fetchone()
    assert kept == 0


def _raising(whole: Callable[..., Any], subject: bytes, bug: Exception) -> Callable[..., Any]:  # Any: any function
    def create(*given: Any, **named: Any) -> Any:  # Any: as the function that it stands before
        made = whole(*given, **named)
        if made.id == subject:
            raise bug
        return made

    return create


def test_a_grant_of_a_turn_that_failed_opens_nothing(custodian: Custodian, secretary: Speaker) -> None:
    patient, kept = secretary.register()
    given: list[bytes] = []
    whole = custodian.held.grants.give

    def give(turn: Any, grant: Any) -> None:  # Any: as the method that it stands before
        whole(turn, grant)
        given.append(grant.token)

    custodian.held.grants.give = give  # type: ignore[method-assign]  # to learn what nobody is told
    asked = Asked(_caller(), Enter(secretary.ticket, (secretary.act("OpenIdentity", patient, "PATADMIN"),)))
    custodian.serve([asked])
    with_failing(custodian, _commit_of(custodian, asked), lambda: custodian.serve([asked]))
    assert len(given) == 3
    (reply,) = custodian.serve([Asked(_caller(), Open((Reading(given[2], (kept,)),)))])
    assert isinstance(reply, Failed)
    assert reply.code == "grant-over"


def _commit_of(custodian: Custodian, asked: Asked) -> int:
    """Which statement of a request is its commit."""
    counted = with_failing(custodian, 0, lambda: custodian.serve([asked]))
    return counted.seen


def _caller() -> Caller:
    return Caller(0, "web")


def test_opening_writes_nothing_and_an_act_is_one_commit(custodian: Custodian, secretary: Speaker) -> None:
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
    custodian: Custodian, secretary: Speaker, tmp_path: Path
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    custodian.held.tiles = blocked
    custodian.tick()
    secretary.register()


def test_history_that_was_rewritten_rings_and_care_goes_on(custodian: Custodian, secretary: Speaker) -> None:
    custodian.tick()
    custodian.store.db.execute("UPDATE leaf SET entry = x'7b7d' WHERE seq = 1")
    secretary.register()
    custodian.tick()
    kinds = custodian.store.db.execute("SELECT kind FROM notice").fetchall()
    assert kinds == [("custody-broken",)]
    secretary.register()


def test_a_session_that_ended_in_a_group_grants_nothing_after_it(custodian: Custodian, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    replies = custodian.serve(
        [Asked(_caller(), SignOut(secretary.ticket)), Asked(_caller(), Enter(secretary.ticket, (act,)))]
    )
    assert isinstance(replies[0], Done)
    assert isinstance(replies[1], Failed)
    assert replies[1].code == "signed-out"


def test_no_name_value_or_reason_is_in_clear_in_anything_that_custody_writes(small_lab: World) -> None:
    secretary = person(small_lab, "secretary@nord")
    patient, _ = secretary.register()
    work, _ = secretary.order(patient)
    technician = person(small_lab, "technician@nord")
    technician.result(patient, work, observation(technician.id(), work, body=b'{"value":"canary 4711"}'))
    small_lab.custodian.tick()
    written_to = [path for path in small_lab.home.rglob("*") if path.is_file() and path.name != "aliquot.toml"]
    files = b"".join(path.read_bytes() for path in written_to)
    assert bytes(patient) in files
    for canary in ("Zélande", "ZELANDE", "Jeanne", "1961-04-01", "canary 4711", "Secretary Nord", "secretary@nord"):
        for spelled in _spellings(canary):
            assert spelled not in files, canary


def _spellings(canary: str) -> list[bytes]:
    plain = canary.encode()
    middles = [base64.b64encode(bytes(shift) + plain)[4:-4] for shift in (3, 1, 2)]
    return [plain, canary.encode("utf-16-le"), canary.encode("utf-16-be"), plain.hex().encode(), *middles]
