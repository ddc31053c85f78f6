"""A1: a working day with planted words, in which the processes are killed again and again; then every byte is read.

In the evening each of the four processes crashes once, so that what a machine keeps of a crash is looked at too.
"""

import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from aliquot.access import door
from aliquot.access.acts import PlaceOrder, RegisterPatient
from aliquot.access.custodian import Line
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Draft, Grant
from aliquot.cli.attack import pages, plan, remains
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.remains import Crashed, Temporary
from aliquot.cli.attack.seekers import Words
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.intake.letterbox import Tray
from aliquot.lab import routing
from aliquot.lab.content import Requisition
from aliquot.terms import identifiers, ids, installation
from aliquot.terms.identity import Contact, Demography, Identifier, Identifiers, Note, Sex, Traits, Trust
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.wire import mllp

_START_S = 20.0
_SHORTEST_LIFE_S, _LONGEST_LIFE_S = 0.05, 0.6
_RUN = secrets.token_hex(3)
"""No other run, and no copy of this source, has words that begin so."""
_NIR_STEM = f"1500199{secrets.randbelow(100):02d}"
_STEMS = tuple(f"Zqx{_RUN}{what}" for what in ("family", "given", "note", "mail", "value", "clinical"))
_WORDS = Words((*_STEMS, _NIR_STEM))
"""Every planted word begins with one of them."""
_ALL = ("listen", "custody", "web", "work")


@dataclass(frozen=True)
class Planted:
    """Words that stand in one dossier only, and that must be found nowhere."""

    number: int

    @property
    def words(self) -> tuple[str, ...]:
        """Family name, given name, note, address, a result's value, a remark of the prescriber; and the number."""
        return (*(f"{stem}{self.number:05d}" for stem in _STEMS), self.nir)

    @property
    def nir(self) -> str:
        """A national number that nobody was ever given."""
        body = f"{_NIR_STEM}{self.number:04d}"
        return body + identifiers.nir_key(body)


def working_day(ground: Ground) -> Measured:
    """Registers, orders and hears an analyser while custodian and listener are killed; then looks at every byte."""
    kills = max(2, ground.scale.kills // 2)
    chance = Random(7)  # noqa: S311  # it chooses when to kill
    ticket, elsewhere = _morning(ground)
    ground.world.custodian.stop()
    port = free_port()
    configure(ground, "0", port)
    temporary = Temporary(ground.folder)
    planted: list[Planted] = []
    try:
        for _ in range(kills):
            life = chance.uniform(_SHORTEST_LIFE_S, _LONGEST_LIFE_S)
            planted += _until_killed(ground, ticket, (port, life, len(planted)))
            ground.world.clock.pass_(timedelta(seconds=30))
        crashed, busy = _evening(ground, elsewhere, port, Planted(len(planted)))
    finally:
        ground.world.custodian.start()
    found = _measured(ground, temporary, crashed, (len(planted) + 1, kills))
    return Measured(found.figure, holds=found.holds and busy and len(planted) >= kills)


def _measured(ground: Ground, temporary: Temporary, crashed: Crashed, done: tuple[int, int]) -> Measured:
    planted, kills = done
    hits, looked_at = _WORDS.under(ground.folder)
    hits += _WORDS.count(ground.dump()) if ground.server is not None else 0
    beside, looked_beside = temporary.search(_WORDS)
    hits += beside + crashed.hits
    cores = ground.folder / "cores"
    cores.mkdir()
    proven = "" if remains.machine_dumps(cores) else " (this machine dumps nothing)"
    figure = (
        f"{hits} hits of {7 * planted:,} planted words in {(looked_at + looked_beside) / 1e6:,.1f} MB, after {kills} "
        f"kills; {crashed.dumped} of {crashed.processes} dumped{proven}, {crashed.swapped_kb} kB in swap"
    )
    return Measured(figure, holds=hits == crashed.dumped == 0 and crashed.processes >= len(_ALL))


def _evening(ground: Ground, ticket: bytes, port: int, planted: Planted) -> tuple[Crashed, bool]:
    """All four at work with one more dossier; then each crashes. Whether pages and worker did have it is said too.

    1. The listener hears of it, the desk takes it in, the pages show it, the worker files the letters.
    2. Crashed together, while they may have it in memory.
    """
    shown = free_port()
    configure(ground, "8000", shown)
    with ExitStack() as stack:
        started = [stack.enter_context(_process(ground, name)) for name in _ALL[:2]]
        _reach(ground, port)
        _speak(port, planted)
        patient = _at_the_desk(ground, ticket, planted)
        with closing(Tray(ground.world.installation.listen.letterbox)) as tray:
            waiting = tray.pending_count()
            started += [stack.enter_context(_process(ground, name)) for name in _ALL[2:]]
            shows = _within_time(lambda: _WORDS.count(_page(shown, patient, ticket)) > 0)
            files = _within_time(lambda: tray.pending_count() < waiting)
        return remains.crash(started, _WORDS), shows and files


def _at_the_desk(ground: Ground, ticket: bytes, planted: Planted) -> Id:
    line = Line(ground.world.installation.custody.socket, "web")
    try:
        return _receive(ground, Actor(line, ticket, ground.sud.org), planted)
    finally:
        line.hang_up()


def _page(port: int, patient: Id, ticket: bytes) -> bytes:
    try:
        return pages.fetch(port, ("GET", f"patients/{patient.hex()}"), ticket)
    except OSError:  # it is not up yet
        return b""


def _within_time(holds: Callable[[], bool]) -> bool:
    over = time.monotonic() + _START_S
    while not holds():
        if time.monotonic() > over:
            return False
        time.sleep(0.1)
    return True


def _morning(ground: Ground) -> tuple[bytes, bytes]:
    """The director puts a catalogue in force, so that messages find their way; the tickets of who sits at the desk.

    Whoever took in a thousand people that day is shown nobody more; in the evening somebody comes to the other
    laboratory.
    """
    from aliquot.cli.demo import making  # only when Django knows which installation it is about

    making.publish(ground.world, "director@nord")
    tickets = tuple(ground.world.sign_in(who).ticket for who in ("secretary@nord", "secretary@sud"))
    ground.world.hang_up()
    return tickets[0], tickets[1]


def _until_killed(ground: Ground, ticket: bytes, when: tuple[int, float, int]) -> list[Planted]:
    """Work with two processes of this day until both are killed in the middle of it."""
    port, life, first = when
    planted: list[Planted] = []
    with _process(ground, "listen") as listener, _process(ground, "custody") as custodian:
        _reach(ground, port)
        killer = threading.Timer(life, _kill, (listener, custodian))
        killer.start()
        line = Line(ground.world.installation.custody.socket, "web")
        actor = Actor(line, ticket, ground.nord.org)
        try:
            while custodian.poll() is None:
                planted.append(Planted(first + len(planted)))
                _speak(port, planted[-1])
                _receive(ground, actor, planted[-1])
        except (CustodyGone, Denial):
            pass
        finally:
            line.hang_up()
            killer.join()
    return planted


def _kill(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        process.kill()


@contextmanager
def _process(ground: Ground, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the installation; what it says goes into a log that is searched like everything else."""
    home, clock = str(ground.world.home), ground.world.clock
    command = ["aliquot.cli.main", name, "--home", home]
    if name == "custody":
        command = ["aliquot.cli.attack.victim", home, clock().isoformat(), str(clock.steady())]
    temporary = ground.folder / "temporary"
    temporary.mkdir(exist_ok=True)
    with (
        (ground.folder / f"{name}.log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", *command],
            env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
            | {"TMPDIR": str(temporary)},
            cwd=temporary,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def _receive(ground: Ground, actor: Actor, planted: Planted) -> Id:
    """Somebody comes to the desk with an order."""
    family, given, note, mail, _, clinical, nir = planted.words
    at, org = ground.world.clock(), actor.org
    patient, work = ids.new(org, at), ids.new(org, at)

    def say(
        grant: Grant[RegisterPatient], kind: Kind, said: Demography | Traits | Identifiers | Contact | Note
    ) -> None:
        tokens = (("nir", nir),) if kind is Kind.IDENTIFIERS else ()
        grant.write(Draft(kind, ids.new(org, at), 1, "known", (), said, tokens=tokens))

    meant = Intent(Purpose.PATADMIN, ids.new(org, at))
    with door.enter(actor, RegisterPatient(patient), meant) as grant:
        grant.route(routing.known(patient))
        say(grant, Kind.DEMOGRAPHY, Demography(family, (given,), date(1950, 1, 1), Sex.UNKNOWN))
        say(grant, Kind.TRAITS, Traits(family, (given,), "", Trust.PROVISIONAL))
        say(grant, Kind.IDENTIFIERS, Identifiers((Identifier(identifiers.NIR_SYSTEM, nir),)))
        say(grant, Kind.CONTACT, Contact((), "", "", "", f"{mail}@example.org"))
        say(grant, Kind.NOTE, Note(note))
    with door.enter(actor, PlaceOrder(patient, work), door.intent(actor, at)) as order:
        _ask(ground, order, clinical)
    return patient


def _ask(ground: Ground, order: Grant[PlaceOrder], clinical: str) -> None:
    at, work = ground.world.clock(), Id(order.act.work)
    org = ids.org_of(work)
    site = plan.SITES[org]
    order.route(routing.asked(work, order.act.subject, site, "routine", at))
    asked = Requisition("1", clinical, "", at, 1, Sex.UNKNOWN, "40 y", "routine")
    order.write(Draft(Kind.REQUISITION, work, 1, "open", (), asked, site=site))
    order.write(Draft(Kind.CLINICAL_NOTE, ids.new(org, at), 1, "known", (work,), Note(clinical)))


def _speak(port: int, planted: Planted) -> None:
    """An analyser tells a result with a name in it; whether it is heard is the listener's affair."""
    family, given, _, _, value, _, nir = planted.words
    segments = (
        f"MSH|^~\\&|ANA|LAB|LIS|LAB|20261123080000||ORU^R01^ORU_R01|{planted.number}|P|2.5.1",
        f"PID|1||{nir}||{family}^{given}",
        "OBR|1|||GLU",
        f"OBX|1|ST|GLU||{value}||||||F",
    )
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(mllp.frame("\r".join((*segments, "")).encode()))
            line.recv(1024)
    except OSError:
        return


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def configure(ground: Ground, before: str, port: int) -> None:
    """Give the listener (`before` is "0") or the web (its planned port) of this copy a port of its own."""
    file = ground.world.home / installation.FILE_NAME
    text = file.read_text()
    file.write_text(
        text.replace(f"port = {before}\nletterbox", f"port = {port}\nletterbox").replace(
            f"port = {before}\norigin", f"port = {port}\norigin"
        )
    )


def _reach(ground: Ground, port: int) -> None:
    """Wait until both processes answer."""
    over = time.monotonic() + _START_S
    while True:
        try:
            Client(ground.world.installation.custody.socket, "web").close()
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except (CustodyGone, OSError):
            if time.monotonic() > over:
                raise
            time.sleep(0.02)
        else:
            return
