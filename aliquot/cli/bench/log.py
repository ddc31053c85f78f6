"""Durable signed entries of the history, one by one and in batches, beside raw durable commits of the same bytes."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field

from aliquot.cli.bench import alone, floors
from aliquot.cli.bench.alone import Alone
from aliquot.cli.bench.floors import Row
from aliquot.cli.bench.measured import Figure, quantile
from aliquot.custody.custodian import Custodian
from aliquot.custody.history import Leaf
from aliquot.ledger.entry import Step
from aliquot.terms import clock

_BATCH = 100
_SINGLE_AIM, _BATCH_AIM = 0.7, 0.5
_SUBJECT = b"\x07" * 16
_TABLES = ("leaf", "leaf_subject", "log")
_HEAD = "size, frontier, root, note, at, org"


@dataclass
class _Sample:
    """Seconds on the wall and of the processor, of each commit of the history and of the floor in turn with it."""

    wall: list[float] = field(default_factory=list)
    ran: list[float] = field(default_factory=list)
    floor_wall: list[float] = field(default_factory=list)
    floor_ran: list[float] = field(default_factory=list)


def measure(entries: int) -> list[Figure]:
    """Append so many entries in each way."""
    with alone.founded() as made, made.unlocked() as (custodian, _):
        single = _sample(custodian, made, entries, 1)
        batches = _sample(custodian, made, entries * 10, _BATCH)
    return [
        _figure("durable signed entries, one by one", single, 1, _SINGLE_AIM),
        _figure(f"durable signed entries, {_BATCH} at once", batches, _BATCH, _BATCH_AIM),
    ]


def _figure(name: str, sample: _Sample, size: int, aim: float) -> Figure:
    own, ran = quantile(sample.wall, 0.5), quantile(sample.ran, 0.5)
    floor, floor_ran = quantile(sample.floor_wall, 0.5), quantile(sample.floor_ran, 0.5)
    above = (ran - floor_ran) / size * 1e6
    return Figure(
        f"{name}, p50 of {len(sample.wall)}",
        f"{size / own:,.0f} entries/s, of it processor above the floor {above:.0f} us an entry",
        f"{size / floor:,.0f} entries/s, raw durable commits of the same bytes",
        f"{floor / own:.0%}",
        f"at least {aim:.0%}",
        floor / own >= aim,
    )


def _sample(custodian: Custodian, made: Alone, entries: int, size: int) -> _Sample:
    sample, store = _Sample(), custodian.store.db
    tables = [
        sql for name in _TABLES for (sql,) in store.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,))
    ]
    with closing(floors.sqlite(made.home / "custody" / f"floor-{size}.sqlite3", *tables)) as floor:
        heads = store.execute("SELECT * FROM log").fetchall()
        floor.executemany(f"INSERT INTO log VALUES ({', '.join('?' * len(heads[0]))})", heads)
        for _ in range(0, entries, size):
            began, ran = time.perf_counter(), time.thread_time()
            first = _append(custodian, made, size)
            sample.wall.append(time.perf_counter() - began)
            sample.ran.append(time.thread_time() - ran)
            same = _rows(store, made, first)
            began, ran = time.perf_counter(), time.thread_time()
            _commit(floor, *same)
            sample.floor_wall.append(time.perf_counter() - began)
            sample.floor_ran.append(time.thread_time() - ran)
    return sample


def _append(custodian: Custodian, made: Alone, size: int) -> int:
    history = custodian.held.history
    with custodian.store.turn(clock.system()) as turn:
        first = history.head(made.org).size
        for number in range(size):
            history.append(turn, made.org, _leaf(first + number))
        history.settle(turn)
    return first


def _leaf(number: int) -> Leaf:
    return Leaf(
        act="OpenDossier",
        step=Step.ENTER,
        actor="a7" * 16,
        id=number.to_bytes(16, "big").hex(),
        ses="5e" * 8,
        why="TREAT",
        pat="9a" * 16,
        portion=("demography", "observation", "order", "requisition", "specimen"),
        subject=_SUBJECT,
    )


def _rows(db: sqlite3.Connection, made: Alone, first: int) -> tuple[list[Row], list[Row], Row]:
    """What the history has just written: the entries, whose dossier each is in, and the signed head over them."""
    leaves = db.execute("SELECT org, seq, entry FROM leaf WHERE org = ? AND seq >= ?", (made.org, first)).fetchall()
    head = db.execute(f"SELECT {_HEAD} FROM log WHERE org = ?", (made.org,)).fetchone()
    return leaves, [(_SUBJECT, org, seq) for org, seq, _ in leaves], head


def _commit(floor: sqlite3.Connection, leaves: list[Row], subjects: list[Row], head: Row) -> None:
    floor.execute("BEGIN IMMEDIATE")
    floor.executemany("INSERT INTO leaf (org, seq, entry) VALUES (?, ?, ?)", leaves)
    floor.executemany("INSERT INTO leaf_subject (subject, org, seq) VALUES (?, ?, ?)", subjects)
    floor.execute("UPDATE log SET size = ?, frontier = ?, root = ?, note = ?, at = ? WHERE org = ?", head)
    floor.execute("COMMIT")
