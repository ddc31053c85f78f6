"""F2: storage fails at every step, and the custodian is killed: is anything ever shown without its entry?"""

import os
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random

from aliquot.access import rows
from aliquot.cli import scratch
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.custody.caller import Caller
from aliquot.custody.client import Client
from aliquot.custody.custodian import Asked, Custodian, Reply, Times
from aliquot.custody.denial import CustodyGone
from aliquot.custody.frames import Row
from aliquot.custody.protocol import Act, Enter, Entered, Granted, Open, Opened, Reading, Request
from aliquot.ledger import entry
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

_STEP = 5
"""Instructions of SQLite's machine between two looks at whether storage fails now."""
_STEPS = 400
"""About as many looks as one entry and its transaction take."""
_BYTES = 40_000
"""More than one entry and its transaction write."""
_START_S = 20.0
_LONGEST_LIFE_S = 0.1

_Say = Callable[[Request], Reply]


@dataclass
class _Seen:
    """What was shown, by the ids of the acts, and how many faults there were."""

    shown: set[bytes] = field(default_factory=set)
    faults: int = 0


def crash(ground: Ground) -> Measured:
    """Opens dossiers while storage fails at a random step, then while the custodian is killed."""
    ticket = ground.world.sign_in("biologist@nord").ticket
    ground.world.hang_up()
    ground.world.custodian.stop()
    try:
        faulted = _with_faults(ground, ticket)
        killed = _with_kills(ground, ticket)
    finally:
        ground.world.custodian.start()
    without = len((faulted.shown | killed.shown) - _entries(ground))
    figure = (
        f"{len(faulted.shown):,} openings under {faulted.faults:,} faults, {len(killed.shown):,} under "
        f"{killed.faults} kills; {without} without an entry"
    )
    busy = bool(faulted.shown and faulted.faults and killed.shown)
    return Measured(figure, holds=without == 0 and busy and killed.faults == ground.scale.kills)


def _with_faults(ground: Ground, ticket: bytes) -> _Seen:
    chance = Random(4)  # noqa: S311  # it chooses where storage fails
    clock = ground.world.clock
    custodian = scratch.custodian(ground.world.installation, Times(clock, clock.steady))
    caller = Caller(os.geteuid(), "web")
    seen = _Seen()

    def say(request: Request) -> Reply:
        return custodian.serve([Asked(caller, request)])[0]

    try:
        for number, (act, row) in enumerate(islice(_wanted(ground), ground.scale.opens)):
            clock.pass_(timedelta(milliseconds=20))
            with _FAULTS[number % len(_FAULTS)](custodian, chance, ground.world.installation.custody.database):
                entered = say(Enter(ticket, (act,)))
            seen.faults += not isinstance(entered, Entered)
            _show(seen, act, row, entered, say)
    finally:
        custodian.close()
    return seen


@contextmanager
def _interrupted(custodian: Custodian, chance: Random, database: Path) -> Iterator[None]:
    """The database stops in the middle of a statement."""
    left = chance.randrange(_STEPS)

    def stop() -> int:
        nonlocal left
        left -= 1
        return int(left == 0)

    custodian.store.db.set_progress_handler(stop, _STEP)
    try:
        yield
    finally:
        custodian.store.db.set_progress_handler(None, 0)


@contextmanager
def _full(custodian: Custodian, chance: Random, database: Path) -> Iterator[None]:
    """The disk is full in the middle of the commit: files may grow by some bytes more and no further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = Path(f"{database}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + chance.randrange(_BYTES), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


_FAULTS = (_interrupted, _interrupted, _full)


def _with_kills(ground: Ground, ticket: bytes) -> _Seen:
    chance = Random(5)  # noqa: S311  # it chooses when to kill
    seen = _Seen()
    wanted = _wanted(ground)
    for _ in range(ground.scale.kills):
        clock = ground.world.clock
        said = (str(ground.world.home), clock().isoformat(), str(clock.steady()))
        with subprocess.Popen([sys.executable, "-m", "aliquot.cli.attack.victim", *said]) as victim:
            began = time.monotonic()
            client = _connected(ground.world.installation.custody.socket)
            _open_until_gone(client, ticket, wanted, (seen, victim, chance.uniform(0.0, _LONGEST_LIFE_S)))
            victim.wait()
            clock.pass_(timedelta(seconds=time.monotonic() - began + 1))
        seen.faults += 1
    return seen


def _open_until_gone(
    client: Client,
    ticket: bytes,
    wanted: Iterator[tuple[Act, Row]],
    until: tuple[_Seen, subprocess.Popen[bytes], float],
) -> None:
    """Open one dossier after the other; at a moment that nobody chose, the process is killed in the middle."""
    seen, victim, over = until
    killer = threading.Timer(over, victim.kill)
    killer.start()
    try:
        for act, row in wanted:
            entered = client.ask(Enter(ticket, (act,)), Entered)
            _show(seen, act, row, entered, lambda request: client.ask(request, Opened))
    except CustodyGone:
        return
    finally:
        client.close()


def _wanted(ground: Ground) -> Iterator[tuple[Act, Row]]:
    """Validations of work in hand, each an act of its own, with the row that says who it is."""
    stored = rows.of_subjects([work.patient for work in ground.nord.works], (Kind.DEMOGRAPHY,))
    row = {one.subject: one.row for one in stored}
    for work in cycle(ground.nord.works):
        act = ids.new(ground.nord.org, ground.world.clock())
        yield (
            Act(act, "ValidateMedically", work.patient, Purpose.TREAT, work=work.requisition),
            row[Id(work.patient)],
        )


def _show(seen: _Seen, act: Act, row: Row, entered: Reply, say: _Say) -> None:
    if isinstance(entered, Entered) and isinstance(entered.outcomes[0], Granted):
        opened = say(Open((Reading(entered.outcomes[0].grant, (row,)),)))
        if isinstance(opened, Opened) and opened.readings[0].contents[0].state == "open":
            seen.shown.add(act.id)


def _entries(ground: Ground) -> set[bytes]:
    """The ids of all acts that history names, as they stand in the file."""
    with closing(sqlite3.connect(ground.world.installation.custody.database)) as db:
        found = db.execute("SELECT entry FROM leaf WHERE org = ?", (ground.nord.org,)).fetchall()
    return {bytes.fromhex(entry.decode(raw).id) for (raw,) in found}


def _connected(socket: Path) -> Client:
    over = time.monotonic() + _START_S
    while True:
        try:
            return Client(socket, "web")
        except CustodyGone:
            if time.monotonic() > over:
                raise
            time.sleep(0.02)
