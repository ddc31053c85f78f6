"""The talking analyser: a process that answers waiting tubes over MLLP at a pace that one can watch.

A real one reads the barcodes of the tubes that somebody puts into it. Here the bench's list stands in for that person:
the process signs in as who loads the analyser, sees what the bench sees - no name - and speaks to the listener as any
analyser on the laboratory's network does.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.cli import scratch
from aliquot.cli.demo import answering, codes, staff
from aliquot.cli.demo.answering import Sender, Tube
from aliquot.cli.signals import Stop
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import SignIn
from aliquot.lab import bench, catalogues
from aliquot.terms import clock, states
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation, Listen
from aliquot.wire import mllp
from aliquot.wire.hl7v2 import messages

_LABORATORY = staff.LABORATORIES[0]
_PAUSE_S = 4.0
_AT_ONCE = (1, 2)
_ODD_ONE_IN = 12
_FIRST_ODD = 3
"""So that quarantine is not empty for long."""
_PATIENCE_S = 10.0
_CHUNK = 65536

Tell = Callable[[str], None]


class Analyser:
    """One analyser that has what was put into it, and remembers what it has answered."""

    def __init__(self, home: Path, installation: Installation, tell: Tell) -> None:
        self._home = home
        self._listen = installation.listen
        self._line = Line(installation.custody.socket, "cli")
        self._tell = tell
        self._rng = Random()  # noqa: S311 - invented results, not secrets
        self._actor: Actor | None = None
        self._answered: set[str] = set()
        self._sent = 0
        self._idle = False

    def run(self, stop: Stop) -> None:
        """Answer one or two tubes every few seconds, until told to stop."""
        while not stop.told:
            try:
                self._say_idle(self.answer(self._rng.choice(_AT_ONCE), surprises=True))
            except Denial:
                # The session is over: the next round signs in again.
                self._actor = None
            except (CustodyGone, OSError) as away:
                self._tell(f"{staff.ANALYSER}  nobody answers ({type(away).__name__}); trying again")
            stop.rest(_PAUSE_S)

    def answer(self, most: int, *, surprises: bool) -> int:
        """Answer so many tubes that wait; how many there were. Surprises are codes that no catalogue maps."""
        tubes = self._waiting()[:most]
        if not tubes:
            return 0
        with _connected(self._listen) as line:
            for tube in tubes:
                odd = surprises and (self._sent + 1 == _FIRST_ODD or self._rng.randrange(_ODD_ONE_IN) == 0)
                self._tell(self._say(line, tube, odd=odd))
                self._answered.add(tube.accession)
        return len(tubes)

    def close(self) -> None:
        """Sign out and hang up: who loads the analyser works in one place at a time."""
        if self._actor is not None:
            with suppress(CustodyGone, Denial):
                people.sign_out(self._actor)
        self._line.hang_up()

    def _say_idle(self, answered: int) -> None:
        """Say once that nothing waits, when that begins."""
        if not answered and not self._idle:
            self._tell(f"{staff.ANALYSER}  no tube waits; order something, and let the technician accept its tubes")
        self._idle = not answered

    def _waiting(self) -> list[Tube]:
        rows = bench.waiting(self._signed_in(), _LABORATORY.site, clock.system())
        tubes = [Tube(row.accession, row.sex, row.age, _unmeasured(row)) for row in rows if row.awaits == "results"]
        return [tube for tube in tubes if tube.tests and tube.accession not in self._answered]

    def _say(self, line: socket.socket, tube: Tube, *, odd: bool) -> str:
        at = clock.system()
        self._sent += 1
        current = catalogues.current(self._signed_in(), at)
        sender = Sender(staff.ANALYSER, current, f"{at:%y%m%d%H%M%S}-{self._sent}", at)
        line.sendall(mllp.frame(answering.message(tube, sender, self._rng, odd=odd)))
        said = f"{staff.ANALYSER}  {at.astimezone():%H:%M:%S}  tube {tube.accession}  {' '.join(tube.tests)}"
        return f"{said}{f' {answering.UNKNOWN_CODE}?' if odd else ''}  {_acknowledged(line)}"

    def _signed_in(self) -> Actor:
        if self._actor is None:
            login = _LABORATORY.login(staff.LOADS_THE_ANALYSER)
            asked = SignIn(login, scratch.PASSWORD, codes.draw(self._home, login), "analyser")
            opened = people.sign_in(self._line, asked)
            self._actor = Actor(self._line, opened.ticket, Org(opened.org))
        return self._actor


def _unmeasured(row: bench.BenchRow) -> tuple[str, ...]:
    return tuple(each.test for each in row.tests if each.state == states.Analysis.READY)


@contextmanager
def _connected(listen: Listen) -> Iterator[socket.socket]:
    with socket.create_connection((listen.host, listen.port), timeout=_PATIENCE_S) as line:
        yield line


def _acknowledged(line: socket.socket) -> str:
    """MSA-1 of the answer: `AA` is stored for good."""
    frames = mllp.Frames()
    while True:
        chunk = line.recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError
        for found in frames.feed(chunk):
            if isinstance(found, bytes):
                return messages.parse(found)["MSA"][0][1].text
            raise Broken("the listener answered with something that is no message")
