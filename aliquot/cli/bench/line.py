"""One message over MLLP, from sending to the acknowledgment, beside one durable commit of the same letter."""

import os
import socket
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from aliquot.cli.bench import filing, floors
from aliquot.cli.bench.counting import Databases
from aliquot.cli.bench.house import Case, House
from aliquot.cli.bench.measured import Costs, Figure, quantile
from aliquot.cli.bench.processes import Process
from aliquot.intake.letterbox import Tray
from aliquot.terms.errors import Broken
from aliquot.wire import mllp
from aliquot.wire.hl7v2 import messages

COUNTED = 50
_ALONE, _BUSY = 2.0, 3.0
_CHUNK = 65536
_END = b"\x1c\r"
# The letterbox leaves SQLite its own room.
_LETTER = "CREATE TABLE letter (number INTEGER PRIMARY KEY, peer TEXT, signature BLOB, sealed BLOB)"
_SEALED_MORE = 1200
"""What sealing adds to a message: the encapsulated key and the padding."""


@dataclass
class _Sample:
    """Seconds of each message and of each floor commit; they take turns, so that the machine is the same for both."""

    told: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


def measure(house: House, number: int) -> list[Figure]:
    """Messages one by one, alone and while the worker files what waits."""
    filing.post(house, [case.message for case in house.take(number)])
    listener = Process(("listen", "--home", str(house.home)), house.log)
    try:
        listener.until(lambda: _answers(house))
        with closing(_connected(house)) as line:
            return _talk(house, line, listener, number)
    finally:
        listener.stop()


def _talk(house: House, line: socket.socket, listener: Process, number: int) -> list[Figure]:
    with closing(floors.sqlite(house.home / "letterbox" / "floor.sqlite3", _LETTER, room=())) as floor:
        counted = _counted(house, line, listener)
        alone = _sample(line, floor, house.take(number), lambda: True)
        busy = _while_filing(house, line, floor, number)
    return [
        _figure("one message over MLLP, p50", alone, 0.5, _ALONE, counted),
        _figure("the same while the worker files, p99", busy, 0.99, _BUSY, None),
        _figure("the same while the worker files, p50", busy, 0.5, None, None),
    ]


def _while_filing(house: House, line: socket.socket, floor: sqlite3.Connection, number: int) -> _Sample:
    worker = Process(("work", "--home", str(house.home)), house.log)
    tray = Tray(house.described.listen.letterbox)
    try:
        worker.until(lambda: _taken(house.described.listen.letterbox))
        return _sample(line, floor, house.take(number), lambda: tray.pending_count() > 0)
    finally:
        worker.stop()
        tray.close()


def _taken(letterbox: Path) -> bool:
    """Whether the worker has letters in hand; it removes hundreds at once, when all of them are filed."""
    with closing(sqlite3.connect(f"file:{letterbox}?mode=ro", uri=True)) as db:
        return db.execute("SELECT 1 FROM lease LIMIT 1").fetchone() is not None


def _counted(house: House, line: socket.socket, listener: Process) -> Costs:
    cases = house.take(COUNTED)
    with Databases({"letterbox": house.described.listen.letterbox}, None).counted() as commits:
        ran = listener.ran()
        for case in cases:
            _tell(line, case.message)
        ran = listener.ran() - ran
    return Costs({name: n / COUNTED for name, n in commits.seen.items()}, 0, 0, ran / COUNTED * 1000)


def _sample(line: socket.socket, floor: sqlite3.Connection, cases: list[Case], going: Callable[[], bool]) -> _Sample:
    sample = _Sample()
    for case in cases:
        if not going():
            break
        framed = mllp.frame(case.message)
        began = time.perf_counter()
        answer = _exchange(line, framed)
        sample.told.append(time.perf_counter() - began)
        _check(answer)
        letter = ("ANALYSER-1", os.urandom(64), os.urandom(len(case.message) + _SEALED_MORE))
        began = time.perf_counter()
        _commit(floor, letter)
        sample.floor.append(time.perf_counter() - began)
    return sample


def _figure(name: str, sample: _Sample, share: float, aim: float | None, costs: Costs | None) -> Figure:
    told, floor = quantile(sample.told, share), quantile(sample.floor, share)
    return Figure(
        f"{name} of {len(sample.told)}",
        f"{told * 1000:.2f} ms",
        f"{floor * 1000:.2f} ms, a durable commit of the same letter in turn with it",
        f"{told / floor:.1f}x",
        "reported" if aim is None else f"at most {aim:g}x",
        None if aim is None else told <= aim * floor,
        costs,
    )


def _commit(floor: sqlite3.Connection, letter: tuple[str, bytes, bytes]) -> None:
    floor.execute("BEGIN IMMEDIATE")
    floor.execute("INSERT INTO letter (peer, signature, sealed) VALUES (?, ?, ?)", letter)
    floor.execute("COMMIT")


def _tell(line: socket.socket, message: bytes) -> None:
    """Send one message and wait for its acknowledgment."""
    _check(_exchange(line, mllp.frame(message)))


def _exchange(line: socket.socket, framed: bytes) -> bytes:
    """What is answered to one frame, from sending it to the end of the answer."""
    line.sendall(framed)
    answer = b""
    while not answer.endswith(_END):
        chunk = line.recv(_CHUNK)
        if not chunk:
            raise Broken("bench: the listener hung up")
        answer += chunk
    return answer


def _check(answer: bytes) -> None:
    (found,) = mllp.Frames(_CHUNK).feed(answer)
    if not isinstance(found, bytes) or messages.parse(found)["MSA"][0][1].text != "AA":
        raise Broken("bench: a message was not acknowledged")


def _connected(house: House) -> socket.socket:
    line = socket.create_connection((house.described.listen.host, house.described.listen.port), timeout=30)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _answers(house: House) -> bool:
    try:
        _connected(house).close()
    except OSError:
        return False
    return True
