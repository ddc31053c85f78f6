"""Messages from one file into the record: what filing costs beside making the same sealed rows durable."""

import time
from dataclasses import dataclass
from functools import partial

from aliquot.cli.bench import counting, filing, floors
from aliquot.cli.bench.house import TESTS, House
from aliquot.cli.bench.measured import Figure
from aliquot.intake.worker import AT_ONCE, Worker
from aliquot.terms import clock
from aliquot.wire.hl7v2 import batches
from aliquot.wire.hl7v2.batches import Sort

_AIM = 0.5


@dataclass
class _Times:
    """Seconds that each way took for the same messages, batch by batch, so that the machine is the same for all."""

    posted: float = 0
    filed: float = 0
    singly: float = 0
    at_once: float = 0


def measure(house: House, number: int) -> list[Figure]:
    """File so many messages out of the letterbox, in batches."""
    file = house.home / "messages.hl7"
    counted = min(number, AT_ONCE)
    file.write_bytes(b"\r".join(case.message for case in house.take(counted + number)))
    found = [piece.raw for piece in batches.split(file.read_bytes()).pieces if piece.sort is Sort.MESSAGE]
    line = house.worker()
    worker = Worker(house.described, line, clock.system)
    filing.post(house, found[:counted])
    each = counting.costs((house.databases, house.custody, line), [partial(filing.file, worker, counted)], counted)
    times = _Times()
    with floors.raw(house) as singly, floors.raw(house) as at_once:
        for start in range(counted, len(found), AT_ONCE):
            _batch(house, worker, found[start : start + AT_ONCE], (singly, at_once), times)
    worker.close()
    line.hang_up()
    ratio = times.singly / times.filed
    filed = f"{number / times.filed:,.0f} messages/s"
    return [
        Figure(
            f"{number} messages of {len(TESTS)} results, letters to results",
            f"{filed}, {number * len(TESTS) / times.filed:,.0f} results/s",
            f"{number / times.singly:,.0f} durable commits/s of the same rows",
            f"{ratio:.0%}",
            "at least 50 % of one durable commit for each message",
            ratio >= _AIM,
            each,
        ),
        Figure(
            "the same beside bulk insert",
            filed,
            f"{number / times.at_once:,.0f} messages/s, {AT_ONCE} in a commit",
            f"{times.at_once / times.filed:.0%}",
            "reported",
            None,
        ),
        Figure("file to letterbox", f"{number / times.posted:,.0f} messages/s", "", "", "reported", None),
    ]


def _batch(
    house: House, worker: Worker, messages: list[bytes], floor: tuple[floors.Raw, floors.Raw], times: _Times
) -> None:
    since = floors.latest()
    began = time.perf_counter()
    filing.post(house, messages)
    posted = time.perf_counter()
    filing.file(worker, len(messages))
    filed = time.perf_counter()
    times.posted += posted - began
    times.filed += filed - posted
    kept = floors.kept(since)
    times.singly += floors.singly(floor[0], kept)
    times.at_once += floors.at_once(floor[1], kept)
