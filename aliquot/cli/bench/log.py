"""Durable signed entries of the history, one by one and in batches, beside raw durable commits of the same bytes."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

from aliquot.cli.bench import alone, floors
from aliquot.cli.bench.alone import Alone
from aliquot.cli.bench.measured import Figure
from aliquot.custody.custodian import Custodian
from aliquot.custody.history import Leaf
from aliquot.ledger.entry import Step
from aliquot.terms import clock

_BATCH = 100
_SINGLE_AIM, _BATCH_AIM = 0.7, 0.5
_TABLES = (
    "CREATE TABLE leaf (org BLOB NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (org, seq)) STRICT",
    "CREATE TABLE leaf_subject (subject BLOB, org BLOB, seq INTEGER, PRIMARY KEY (subject, seq))",
)


def measure(entries: int) -> list[Figure]:
    """Append so many entries in each way."""
    with alone.founded() as made, made.unlocked() as (custodian, _):
        single = _both(custodian, made, entries, 1)
        batches = _both(custodian, made, entries * 10, _BATCH)
    return [
        _figure("durable signed entries, one by one", entries, single, _SINGLE_AIM),
        _figure(f"durable signed entries, {_BATCH} at once", entries * 10, batches, _BATCH_AIM),
    ]


def _figure(name: str, entries: int, took: tuple[float, float], aim: float) -> Figure:
    own, floor = took
    return Figure(
        name,
        f"{entries / own:,.0f} entries/s",
        f"{entries / floor:,.0f} entries/s, raw durable commits of the same bytes",
        f"{floor / own:.0%}",
        f"at least {aim:.0%}",
        floor / own >= aim,
    )


def _both(custodian: Custodian, made: Alone, entries: int, size: int) -> tuple[float, float]:
    """Seconds of the history and of the floor, in turn."""
    own = floor = 0.0
    path = made.home / "custody" / f"floor-{size}.sqlite3"
    with closing(floors.sqlite(path, *_TABLES)) as raw:
        for _ in range(0, entries, size):
            began = time.perf_counter()
            first = _append(custodian, made, size)
            own += time.perf_counter() - began
            same = _rows(custodian, made, first)
            began = time.perf_counter()
            _insert(raw, made, same)
            floor += time.perf_counter() - began
    return own, floor


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
        subject=b"\x07" * 16,
    )


def _rows(custodian: Custodian, made: Alone, first: int) -> Sequence[tuple[bytes, int, bytes]]:
    query = "SELECT org, seq, entry FROM leaf WHERE org = ? AND seq >= ?"
    return custodian.store.db.execute(query, (made.org, first)).fetchall()


def _insert(raw: sqlite3.Connection, made: Alone, rows: Sequence[tuple[bytes, int, bytes]]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany("INSERT INTO leaf VALUES (?, ?, ?)", rows)
    raw.executemany("INSERT INTO leaf_subject VALUES (?, ?, ?)", [(b"\x07" * 16, org, seq) for org, seq, _ in rows])
    raw.execute("COMMIT")
