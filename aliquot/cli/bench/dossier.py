"""Opening a dossier through the door, beside one durable commit and one SELECT."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial

from aliquot.access import door, rows
from aliquot.access.acts import OpenDossier
from aliquot.access.door import Actor
from aliquot.cli.bench import counting, filing, floors
from aliquot.cli.bench.house import Case, House
from aliquot.cli.bench.measured import Costs, Figure, quantile
from aliquot.custody.roles import Role
from aliquot.terms import clock
from aliquot.terms.errors import Broken
from aliquot.terms.kinds import Kind

_RECORDS = 20
_KINDS = (Kind.ORDER, Kind.OBSERVATION)
COUNTED = 20
_TRIPS = 2
_MOST_MS = 1.2
_LEAF = (
    "CREATE TABLE leaf (org BLOB NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (org, seq)) STRICT"
)
_LEAF_BYTES = 450


@dataclass
class _Sample:
    """Seconds on the wall and of the processors, of each dossier and of the floor in turn with it."""

    wall: list[float] = field(default_factory=list)
    ran: list[float] = field(default_factory=list)
    floor_wall: list[float] = field(default_factory=list)
    floor_ran: list[float] = field(default_factory=list)


def measure(house: House, number: int) -> list[Figure]:
    """A biologist opens the dossiers of patients whose results have come in."""
    actor, line = house.sign_in(Role.BIOLOGIST)
    cases = filing.filed(house, number + COUNTED)
    _open(actor, cases[0])
    counted, timed = cases[1:COUNTED], cases[COUNTED:]
    each = counting.costs((house.databases, house.custody, line), [partial(_open, actor, case) for case in counted])
    sample = _Sample()
    with closing(floors.sqlite(house.home / "custody" / "floor.sqlite3", _LEAF)) as floor:
        for n, case in enumerate(timed):
            _time(house, actor, case, (floor, n), sample)
    line.hang_up()
    return [_commits(each), _time_of(sample, each)]


def _commits(each: Costs) -> Figure:
    commits = sum(each.commits.values())
    return Figure(
        f"open a dossier of {_RECORDS} records: commits, round trips",
        f"{commits:g} durable commits, {each.trips:g} round trips",
        "",
        "",
        f"exactly 1 durable commit, at most {_TRIPS} round trips",
        commits == 1 and each.trips <= _TRIPS,
        each,
    )


def _time_of(sample: _Sample, each: Costs) -> Figure:
    above = (quantile(sample.ran, 0.5) - quantile(sample.floor_ran, 0.5)) * 1000
    wall, floor = quantile(sample.wall, 0.5), quantile(sample.floor_wall, 0.5)
    return Figure(
        f"open a dossier of {_RECORDS} records, p50 of {len(sample.wall)}",
        f"{wall * 1000:.2f} ms, of it processor above the floor {above:.2f} ms",
        f"{floor * 1000:.2f} ms, a durable commit and a SELECT",
        f"{wall / floor:.1f}x",
        f"at most {_MOST_MS} ms of processor above the floor",
        above <= _MOST_MS,
        each,
    )


def _open(actor: Actor, case: Case) -> None:
    act = OpenDossier(case.patient, case.placed.requisition)
    with door.enter(actor, act, door.intent(actor, clock.system())) as grant:
        opened = grant.read(rows.of_work((case.placed.requisition,), _KINDS))
    if len(opened) != _RECORDS or any(record.broken for record in opened):
        raise Broken("bench: the dossier is not whole")


def _time(house: House, actor: Actor, case: Case, floor: tuple[sqlite3.Connection, int], sample: _Sample) -> None:
    began, ran = time.perf_counter(), time.process_time() + house.custody.ran()
    _open(actor, case)
    sample.wall.append(time.perf_counter() - began)
    sample.ran.append(time.process_time() + house.custody.ran() - ran)
    began, ran = time.perf_counter(), time.process_time()
    db, number = floor
    db.execute("INSERT INTO leaf VALUES (x'00', ?, ?)", (number, bytes(_LEAF_BYTES)))
    rows.of_work((case.placed.requisition,), _KINDS)
    sample.floor_wall.append(time.perf_counter() - began)
    sample.floor_ran.append(time.process_time() - ran)
