"""A scratch installation that is thrown away: two laboratories with a cast, and a custodian whose clock can be set.

The tests and `aliquot attack` work in it. Everything is real - keys, policies, socket, database - but the clock and the
price of a guess at a passphrase.
"""

import asyncio
import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.apps import apps
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
from aliquot.custody.founding import Founded
from aliquot.custody.protocol import AcceptInvitation, ConfirmInvitation, Done, Factor, InvitationAccepted, SignIn
from aliquot.custody.roles import Role
from aliquot.terms import installation
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation, Record
from aliquot.terms.purposes import Purpose
from aliquot.vault import keyring

PASSPHRASE = "a passphrase of scratch installations"  # noqa: S105  # it protects nobody
PASSWORD = "bench and barcode"  # noqa: S105  # of people who are invented
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
CHEAP = keyring.Cost(passes=1, memory_kib=8 * 1024, lanes=1)
CHEAP_PASSWORD = factors.Cost(passes=1, memory_kib=64, lanes=1)


class Clock:
    """The wall's clock and the machine's steady one. `jump` moves only the wall's."""

    def __init__(self, at: datetime, steady: int = 1_000_000) -> None:
        self.at = at
        self._steady = steady

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


class Running:
    """A custodian that serves in a thread, and can be stopped and started again."""

    def __init__(self, home: Path, clock: Clock, passphrase: str = PASSPHRASE) -> None:
        self._home = home
        self._clock = clock
        self._passphrase = passphrase
        self.start()

    def start(self) -> None:
        """Unlock and serve."""
        described = installation.read(self._home / installation.FILE_NAME)
        self.custodian = custodian(described, Times(self._clock, self._clock.steady), self._passphrase)
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(described, ready), daemon=True)
        self._thread.start()
        ready.wait(10)

    def stop(self) -> None:
        """Stop serving and close the database."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self.custodian.close()

    def tick(self) -> None:
        """What time does by itself, now; it is done when this returns."""
        over = threading.Event()

        def tick() -> None:
            self.custodian.tick()
            over.set()

        self._loop.call_soon_threadsafe(tick)
        over.wait(60)

    def _serve(self, described: Installation, ready: threading.Event) -> None:
        async def run() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            up = asyncio.Event()
            task = asyncio.create_task(server.serve(self.custodian, described.custody, up, self._stop))
            await up.wait()
            ready.set()
            await task

        asyncio.run(run())


@dataclass
class World:
    """A scratch installation at work. `sign_in("technician@nord")` gives an actor."""

    home: Path
    installation: Installation
    clock: Clock
    secrets: dict[str, bytes]
    engine: str
    custodian: Running
    _used: dict[str, int] = field(default_factory=dict)
    _lines: list[Line] = field(default_factory=list)

    def line(self, process: str = "web") -> Line:
        """A process's line to custody."""
        self._lines.append(Line(self.installation.custody.socket, process))
        return self._lines[-1]

    def worker(self) -> Line:
        """The worker's line, with its own key."""
        work = self.installation.work
        return self.service(work.name, layout.key(work.key))

    def service(self, name: str, key: Ed25519PrivateKey) -> Line:
        """A service's line to custody, with its own key."""
        self._lines.append(Line(self.installation.custody.socket, "work", (name, key)))
        return self._lines[-1]

    def hang_up(self) -> None:
        """Close every line of this thread."""
        for line in self._lines:
            line.hang_up()

    def work(self, org: Org | None = None) -> Actor:
        """The worker as an actor in one laboratory: the first, if none is named."""
        line = self.worker()
        own = Org(bytes.fromhex(self.installation.laboratories[0].org)) if org is None else org
        return Actor(line, line.session().ticket, own)

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
            door.intent(administrator, self.clock(), Purpose.HSYSADMIN), factor=self.factor(f"administrator@{site}")
        )
        governing.change(administrator, forms.EnrolDevice(name, site), meant)

    def sign_in(self, who: str) -> Actor:
        """Somebody of the cast, signed in with password and code: `technician@nord`."""
        line = self.line()
        opened = people.sign_in(line, SignIn(who, PASSWORD, self.code(who), "test"))
        return Actor(line, opened.ticket, Org(opened.org))


def custodian(described: Installation, times: Times, passphrase: str = PASSPHRASE) -> Custodian:
    """The custodian of a scratch installation, unlocked; it serves nobody yet."""
    keys = keyring.Keyring.unlock(described.custody.keyring, passphrase, allow_weak=True)
    return Custodian(described, keys, times, Passwords(CHEAP_PASSWORD))


def found(home: Path, founders: dict[Org, Sequence[Founder]], clock: Clock) -> dict[str, bytes]:
    """Found what was laid out at `home`; everyone accepts. The answer is each login's secret for one-time codes."""
    described = installation.read(home / installation.FILE_NAME)
    if not apps.ready:
        founding.configure(home)
    record = described.record
    point(msgspec.structs.replace(record, name=str(home / record.name)) if record.engine == "sqlite" else record)
    founded = founding.found(described, founders, Secrecy(PASSPHRASE, CHEAP), clock)
    founding.migrate()
    running = Running(home, clock)
    try:
        return accept(described, founded, clock)
    finally:
        running.stop()


def accept(described: Installation, founded: Founded, clock: Clock) -> dict[str, bytes]:
    """Everyone who was invited at the founding accepts. The answer is each login's secret for one-time codes."""
    return {
        invitation.login: join(described, clock, invitation.login, invitation.code)
        for invitations in founded.invitations.values()
        for invitation in invitations
    }


def cast(sites: dict[Org, str]) -> dict[Org, Sequence[Founder]]:
    """The first people of each laboratory: everyone of the cast at its one site, as `technician@nord`."""
    return {
        org: tuple(
            Founder(f"{login}@{site}", f"{login.title()} {site.title()}", (role,), site) for login, role in CAST.items()
        )
        for org, site in sites.items()
    }


def point(record: Record) -> None:
    """Let Django's connection of every thread mean another database from now on."""
    from aliquot.record import settings  # only when the process knows which installation it is about

    connection = connections["default"]
    connection.close()
    configured = connections.configure_settings({"default": settings.database(record)})
    connections.settings["default"] = configured["default"]
    del connections["default"]


def join(described: Installation, clock: Clock, login: str, invitation: str) -> bytes:
    """Somebody accepts an invitation. The answer is the secret for one-time codes."""
    line = Line(described.custody.socket, "web")
    told = line.ask(AcceptInvitation(login, invitation, PASSWORD), InvitationAccepted)
    secret = base64.b32decode(parse_qs(urlsplit(told.uri).query)["secret"][0])
    step = int(clock().timestamp()) // factors.STEP_SECONDS
    line.ask(ConfirmInvitation(login, invitation, factors.code(secret, step)), Done)
    line.hang_up()
    return secret
