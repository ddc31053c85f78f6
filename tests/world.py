"""A small laboratory with a cast, a custodian of its own, and two engines: two laboratories, walled from each other.

Tests use real keys, real policies, a real socket and a real database. Only the clock is the test's.
"""

import asyncio
import base64
import shutil
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from django.db import connections

from aliquot.access import door, governing, people
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.cli import founding, layout
from aliquot.cli.founding import Secrecy
from aliquot.custody import factors, forms, server
from aliquot.custody.changes import Founder
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.factors import Passwords
from aliquot.custody.protocol import AcceptInvitation, ConfirmInvitation, Done, Factor, InvitationAccepted, SignIn
from aliquot.custody.roles import Role
from aliquot.record import settings as record_settings
from aliquot.terms import installation
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation, Record
from aliquot.vault import keyring
from tests import postgres
from tests.plan import NORD, SUD

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PASSPHRASE = "a passphrase that only tests use"
PASSWORD = "bench and barcode"
CAST = {
    "secretary": Role.SECRETARY,
    "technician": Role.TECHNICIAN,
    "biologist": Role.BIOLOGIST,
    "second": Role.BIOLOGIST,
    "director": Role.DIRECTOR,
    "privacy": Role.PRIVACY_OFFICER,
    "administrator": Role.ADMINISTRATOR,
    "integrator": Role.INTEGRATOR,
    "quality": Role.QUALITY_MANAGER,
}
_CHEAP = keyring.Cost(passes=1, memory_kib=8 * 1024, lanes=1)
_CHEAP_PASSWORD = factors.Cost(passes=1, memory_kib=64, lanes=1)


class Clock:
    """The wall's clock and the machine's steady one. `jump` moves only the wall's."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._steady = 1_000_000

    def __call__(self) -> datetime:
        """The present instant."""
        return self.at

    def steady(self) -> int:
        """The steady clock in microseconds."""
        return self._steady

    def pass_(self, time: timedelta) -> None:
        """Let time pass."""
        self.at += time
        self._steady += time // timedelta(microseconds=1)

    def jump(self, time: timedelta) -> None:
        """Set the wall's clock only."""
        self.at += time


@dataclass(frozen=True)
class Templates:
    """Installations to copy: a folder, the secrets of its cast, and the record database of each engine."""

    home: Path
    secrets: dict[str, bytes]
    server: postgres.Server
    name: str


@dataclass
class World:
    """One laboratory at work. `sign_in("technician@nord")` gives an actor."""

    home: Path
    installation: Installation
    clock: Clock
    secrets: dict[str, bytes]
    engine: str
    custodian: "Running"
    _used: dict[str, int] = field(default_factory=dict)
    _lines: list[Line] = field(default_factory=list)

    def line(self, process: str = "web") -> Line:
        """A process's line to custody."""
        self._lines.append(Line(self.installation.custody.socket, process))
        return self._lines[-1]

    def worker(self) -> Line:
        """The worker's line, with its own key."""
        work = self.installation.work
        self._lines.append(Line(self.installation.custody.socket, "work", (work.name, layout.key(work.key))))
        return self._lines[-1]

    def hang_up(self) -> None:
        """Close every line of this thread."""
        for line in self._lines:
            line.hang_up()

    def work(self, org: Org = NORD) -> Actor:
        """The worker as an actor in one laboratory."""
        line = self.worker()
        return Actor(line, line.session().ticket, org)

    def code(self, who: str) -> str:
        """A one-time code that was not used yet; time passes if there is none in this half minute."""
        step = int(self.clock().timestamp()) // factors.STEP_SECONDS
        if self._used.get(who, 0) >= step:
            self.clock.pass_(timedelta(seconds=factors.STEP_SECONDS * (self._used[who] + 1 - step)))
            step = int(self.clock().timestamp()) // factors.STEP_SECONDS
        self._used[who] = step
        return factors.code(self.secrets[who], step)

    def factor(self, who: str) -> Factor:
        """A fresh factor: a one-time code that was not used yet."""
        return Factor(code=self.code(who))

    def enrol_device(self, name: str = "ANALYSER-1", site: str = "nord") -> None:
        """Let a laboratory expect letters of an analyser."""
        administrator = self.sign_in(f"administrator@{site}")
        meant = replace(
            door.intent(administrator, self.clock(), "HSYSADMIN"), factor=self.factor(f"administrator@{site}")
        )
        governing.change(administrator, forms.EnrolDevice(name, site), meant)

    def sign_in(self, who: str) -> Actor:
        """Somebody of the cast, signed in with password and code: `technician@nord`."""
        line = self.line()
        opened = people.sign_in(line, SignIn(who, PASSWORD, self.code(who), "test"))
        return Actor(line, opened.ticket, Org(opened.org))


class Running:
    """A custodian that serves in a thread, and can be stopped and started again."""

    def __init__(self, home: Path, clock: Clock) -> None:
        self._home = home
        self._clock = clock
        self.start()

    def start(self) -> None:
        """Unlock and serve."""
        described = installation.read(self._home / installation.FILE_NAME)
        keys = keyring.Keyring.unlock(described.custody.keyring, PASSPHRASE, allow_weak=True)
        times = Times(self._clock, self._clock.steady)
        self.custodian = Custodian(described, keys, times, Passwords(_CHEAP_PASSWORD))
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(described, ready), daemon=True)
        self._thread.start()
        ready.wait(10)

    def stop(self) -> None:
        """Stop serving and close the database."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self.custodian.close()

    def _serve(self, described: Installation, ready: threading.Event) -> None:
        async def run() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            up = asyncio.Event()
            task = asyncio.create_task(server.serve(self.custodian, described.custody, up, self._stop))
            await up.wait()
            ready.set()
            await task

        asyncio.run(run())


@contextmanager
def templates(home: Path) -> Iterator[Templates]:
    """Found one installation and keep it for copying, with a record database on each engine."""
    clock = Clock(START)
    described = installation.read(home / installation.FILE_NAME)
    with postgres.started() as pg:
        founded = founding.found(described, _founders(), Secrecy(PASSPHRASE, _CHEAP), clock)
        founding.migrate()
        running = Running(home, clock)
        try:
            secrets = {
                invitation.login: _accept(running, home, clock, invitation.login, invitation.code)
                for invitations in founded.invitations.values()
                for invitation in invitations
            }
        finally:
            running.stop()
        name = f"template_{uuid.uuid4().hex}"
        pg.run(f"CREATE DATABASE {name}")
        _point(_record("postgresql", pg, name))
        founding.migrate()
        connections["default"].close()
        yield Templates(home, secrets, pg, name)


@contextmanager
def opened(made: Templates, engine: str, folder: Path) -> Iterator[World]:
    """A copy of the template on one engine, with its custodian serving."""
    home = folder / "home"
    shutil.copytree(made.home, home)
    name = str(home / "record" / "record.sqlite3")
    if engine == "postgresql":
        name = f"lab_{uuid.uuid4().hex}"
        made.server.run(f"CREATE DATABASE {name} TEMPLATE {made.name}")
    _point(_record(engine, made.server, name))
    clock = Clock(START + timedelta(hours=1))
    running = Running(home, clock)
    described = installation.read(home / installation.FILE_NAME)
    lab = World(home, described, clock, made.secrets, engine, running)
    try:
        yield lab
    finally:
        lab.hang_up()
        running.stop()
        connections["default"].close()
        if engine == "postgresql":
            made.server.run(f"DROP DATABASE {name} WITH (FORCE)")


def _record(engine: str, server_: postgres.Server, name: str) -> Record:
    if engine == "sqlite":
        return Record("sqlite", name)
    return Record("postgresql", name, host=str(server_.socket), user=server_.user)


def _point(record: Record) -> None:
    """Let Django's connection of every thread mean another database from now on."""
    connection = connections["default"]
    connection.close()
    settings = connections.configure_settings({"default": record_settings.database(record)})
    connections.settings["default"] = settings["default"]
    del connections["default"]


def _founders() -> dict[Org, Sequence[Founder]]:
    return {
        org: tuple(
            Founder(f"{login}@{site}", f"{login.title()} {site.title()}", (role,), site) for login, role in CAST.items()
        )
        for org, site in ((NORD, "nord"), (SUD, "sud"))
    }


def _accept(running: Running, home: Path, clock: Clock, login: str, invitation: str) -> bytes:
    line = Line(installation.read(home / installation.FILE_NAME).custody.socket, "web")
    told = line.ask(AcceptInvitation(login, invitation, PASSWORD), InvitationAccepted)
    secret = base64.b32decode(parse_qs(urlsplit(told.uri).query)["secret"][0])
    step = int(clock().timestamp()) // factors.STEP_SECONDS
    line.ask(ConfirmInvitation(login, invitation, factors.code(secret, step)), Done)
    line.hang_up()
    return secret
