"""B5: every way in - socket, port, page, command - without authority, and with too little of it."""

import os
import re
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import get_args

import msgspec

from aliquot.cli.attack import pages, plan, workday
from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.cli.attack.seekers import Words
from aliquot.cli.attack.thief import Thief
from aliquot.custody import framing, protocol
from aliquot.custody.portions import PORTIONS, About
from aliquot.custody.protocol import Failed, Hello, Request
from aliquot.intake.letterbox import Tray
from aliquot.terms.purposes import Purpose
from aliquot.wire import mllp

_HEAD_BYTES = 4
_SHOWN = 10
_START_S = 20.0
_FILL = re.compile(r"<(str|int):(\w+)>")
_TOO_LITTLE = ("integrator", "quality", "administrator", "director")


def every_door(ground: Ground) -> Measured:
    """Says everything to the socket, tries every page, port and command, and counts what of any patient comes out."""
    asked, shown = _pages(ground)
    commands, said = _commands(ground)
    found = _socket(ground) + _sessions(ground) + shown + said + _stranger(ground)
    figure = (
        f"{len(get_args(Request))} requests, {len(PORTIONS)} acts, {asked} pages, {commands} commands, 1 port: "
        f"{found} let through"
    )
    return Measured(figure, holds=found == 0 and asked > 0)


def _socket(ground: Ground) -> int:
    """Every request before any greeting, and after one with a ticket that nobody gave; the socket's own mode."""
    path = ground.world.installation.custody.socket
    let = int(bool(stat.S_IMODE(path.stat().st_mode) & 0o007))
    for request in get_args(Request):
        if request in _TELL_NOTHING:
            continue
        said = _invented(request, ground)
        let += not isinstance(_say(path, [said]), Failed)
        if _carries_authority(request):
            let += not isinstance(_say(path, [Hello("web", protocol.VERSION), said]), Failed)
            let += not isinstance(_say(path, [Hello("work", protocol.VERSION, "work"), said]), Failed)
    return let


_TELL_NOTHING = frozenset({Hello, protocol.Release, protocol.SignOut})
"""A greeting; two requests that end something, which are heard whether or not there is anything to end."""


def _carries_authority(request: type[msgspec.Struct]) -> bool:
    return bool({"ticket", "grant", "signature"} & set(request.__struct_fields__))


def _invented(request: type[Request], ground: Ground) -> Request:
    """A request of this kind with an invented ticket or grant, and nothing else in it that matters."""
    values: dict[str, object] = {}
    for one in msgspec.structs.fields(request):
        values[one.name] = _EMPTY.get(str(one.type), ())
    if request is protocol.Enter:
        patient = ground.nord.patients[0]
        values["acts"] = (protocol.Act(patient, "OpenIdentity", patient, Purpose.TREAT),)
    if request is protocol.Open:
        values["readings"] = (protocol.Reading(b"\x01" * 16, ()),)
    if request is protocol.FactorOptions:
        values["act"] = protocol.Act(bytes(16), "OpenIdentity", bytes(16), Purpose.TREAT)
    return request(**values)  # type: ignore[arg-type]  # each field by its own kind, at run time


_EMPTY: dict[str, object] = {
    "<class 'bytes'>": b"\x01" * 32,
    "<class 'str'>": "nobody",
    "<class 'int'>": 0,
    "<class 'datetime.date'>": plan.START.date(),
}


def _say(path: os.PathLike[str], requests: list[Request]) -> object:
    """The last answer; what is hung up on is a refusal too."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(5)
        line.connect(os.fspath(path))
        answer: object = Failed("refused", "gone", "")
        for request in requests:
            try:
                line.sendall(framing.frame(request))
                size = int.from_bytes(_exactly(line, _HEAD_BYTES), "big")
                answer = framing.answer(_exactly(line, size))
            except OSError:
                return Failed("refused", "gone", "")
        return answer


def _exactly(line: socket.socket, size: int) -> bytes:
    raw = b""
    while len(raw) < size:
        more = line.recv(size - len(raw))
        if not more:
            raise ConnectionResetError
        raw += more
    return raw


def _sessions(ground: Ground) -> int:
    """Every act about a patient, by those whose work is not with patients."""
    thief = Thief(ground)
    patients = (*ground.nord.idle[:_SHOWN], *(work.patient for work in ground.nord.works[:_SHOWN]))
    works = {work.patient: work.requisition for work in ground.nord.works}
    thief.watch(patients)
    names = [name for name, portion in PORTIONS.items() if portion.about is About.PATIENT]
    try:
        for login in _TOO_LITTLE:
            ticket = ground.world.sign_in(f"{login}@nord").ticket
            for patient in patients:
                work = works.get(patient, b"")
                thief.try_(ticket, [thief.act(name, patient, Purpose.TREAT, work) for name in names])
        return len(thief.booty)
    finally:
        thief.close()


def _pages(ground: Ground) -> tuple[int, int]:
    """Every page, by nobody, by an invented ticket, by too little authority and by another laboratory."""
    from aliquot.web.routes import ROUTES

    people = [f"{login}@nord" for login in _TOO_LITTLE] + ["biologist@sud"]
    tickets = [b"", b"\x01" * 32, *(ground.world.sign_in(person).ticket for person in people)]
    words = _words(ground)
    hits = 0
    port = workday.free_port()
    workday.configure(ground, "8000", port)
    with _serving(ground, "web", port):
        for route in ROUTES:
            for ticket in tickets:
                for method in ("GET", "POST"):
                    hits += words.count(pages.fetch(port, (method, _filled(route.path, ground)), ticket))
    return len(ROUTES) * len(tickets) * 2, hits


def _filled(path: str, ground: Ground) -> str:
    work = ground.nord.works[0]
    known = {"patient": work.patient, "work": work.requisition, "order": work.order, "specimen": work.specimen}
    return _FILL.sub(lambda place: "1" if place[1] == "int" else known.get(place[2], work.patient).hex(), path)


def _words(ground: Ground) -> Words:
    people = ground.nord.people[: len(ground.nord.works)]
    return Words(word for one in people for word in (one.national_number, one.contact.email, one.demography.family))


def _commands(ground: Ground) -> tuple[int, int]:
    """Commands that need no passphrase and may speak to the custodian of a running installation."""
    verbs = (["doctor"], ["ledger", "verify"], ["custody"], ["people", "accept", "nobody@nord"])
    words = _words(ground)
    hits = 0
    for verb in verbs:
        command = [sys.executable, "-m", "aliquot.cli.main", verb[0], "--home", str(ground.world.home), *verb[1:]]
        said = subprocess.run(
            command,
            env=_environment(),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
            start_new_session=True,
        )
        hits += words.count(said.stdout + said.stderr) + (verb[0] == "custody" and said.returncode == 0)
    return len(verbs), hits


def _stranger(ground: Ground) -> int:
    """A machine whose address nobody enrolled speaks to the listener: is it acknowledged, or its letter kept?"""
    port = workday.free_port()
    workday.configure(ground, "0", port)
    message = b"MSH|^~\\&|ANA|LAB|LIS|LAB|20261123080000||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\r"
    with _serving(ground, "listen", port), closing(Tray(ground.world.installation.listen.letterbox)) as tray:
        return int(b"MSA|AA" in _told(port, message)) + tray.pending_count()


def _told(port: int, message: bytes) -> bytes:
    """What a machine at another address is answered."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5, source_address=("127.0.0.2", 0)) as line:
            line.sendall(mllp.frame(message))
            return line.recv(4096)
    except OSError:
        return b""


@contextmanager
def _serving(ground: Ground, name: str, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "aliquot.cli.main", name, "--home", str(ground.world.home)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, env=_environment(), stdout=quiet, stderr=quiet) as process:
        try:
            _answers(port)
            yield
        finally:
            process.terminate()


def _answers(port: int) -> None:
    over = time.monotonic() + _START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > over:
                raise
            time.sleep(0.05)
        else:
            return


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
