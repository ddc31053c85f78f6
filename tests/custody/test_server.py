"""The custodian's socket against processes that send what they like, and do not read what they are sent."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from aliquot.access.custodian import Line
from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody import framing, protocol, server
from aliquot.custody.client import Client
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answer, Failed, Hello, SessionOpened, SignIn, Welcome, WhoAmI
from aliquot.terms.errors import Broken
from aliquot.terms.installation import Custody
from tests.custody.speaker import Speaker, person

_AN_HOUR = timedelta(hours=1)
HELLO = framing.frame(Hello("web", protocol.VERSION))


@pytest.fixture
def wire(small_lab: World) -> Iterator[socket.socket]:
    """A bare connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(20)
        line.connect(str(small_lab.installation.custody.socket))
        yield line


def answer(line: socket.socket) -> Answer:
    """The next answer."""
    size = int.from_bytes(exactly(line, 4), "big")
    return framing.answer(exactly(line, size))


def exactly(line: socket.socket, size: int) -> bytes:
    whole = b""
    while len(whole) < size:
        more = line.recv(size - len(whole))
        if not more:
            raise ConnectionResetError
        whole += more
    return whole


def hung_up(line: socket.socket) -> bool:
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def test_garbage_is_refused_and_the_connection_goes_on(wire: socket.socket) -> None:
    wire.sendall(HELLO)
    assert isinstance(answer(wire), Welcome)
    for body in (
        b"",
        b"\xc1",
        b"\x00" * 100,
        msgspec.msgpack.encode(["Nobody", 1]),
        b"\x93\xa5Enter\xc0\xc0",
        b"\x92\xa1\xff\xc0",
    ):
        wire.sendall(framed(body))
        refused = answer(wire)
        assert isinstance(refused, Failed)
        assert refused.code == "malformed"
    wire.sendall(HELLO)
    assert isinstance(answer(wire), Welcome)


def test_thousands_of_garbage_frames_in_one_piece_are_answered_one_by_one(wire: socket.socket) -> None:
    wire.sendall(HELLO + framed(b"\xc1") * 5000)
    answers = [answer(wire) for _ in range(5001)]
    assert sum(isinstance(one, Failed) for one in answers) == 5000


def test_before_hello_nothing_is_asked(wire: socket.socket) -> None:
    wire.sendall(framing.frame(WhoAmI(b"ticket")))
    refused = answer(wire)
    assert isinstance(refused, Failed)
    assert refused.code == "malformed"


@pytest.mark.parametrize("head", [b"\xff\xff\xff\xff", (framing.MAX_FRAME + 1).to_bytes(4, "big")])
def test_a_frame_that_is_too_long_is_hung_up_on(wire: socket.socket, head: bytes) -> None:
    wire.sendall(HELLO)
    answer(wire)
    wire.sendall(head)
    assert hung_up(wire)


def test_before_hello_only_a_short_frame_is_waited_for(wire: socket.socket) -> None:
    wire.sendall((framing.MAX_HELLO + 1).to_bytes(4, "big"))
    assert hung_up(wire)


def test_another_version_is_refused(wire: socket.socket) -> None:
    wire.sendall(framing.frame(Hello("web", protocol.VERSION + 1)))
    refused = answer(wire)
    assert isinstance(refused, Failed)
    assert refused.code == "protocol"
    wire.sendall(framing.frame(WhoAmI(b"ticket")))
    assert isinstance(answer(wire), Failed)


def test_another_unix_user_is_hung_up_on(small_lab: World) -> None:
    config = msgspec.structs.replace(
        small_lab.installation.custody, web_uids=(4_000_000,), socket=small_lab.home / "run" / "strict.sock"
    )
    small_lab.custodian.stop()
    custodian = scratch.custodian(small_lab.installation, Times(small_lab.clock, small_lab.clock.steady))
    try:
        asyncio.run(_refused_by(custodian, config))
    finally:
        custodian.close()
        small_lab.custodian.start()


async def _refused_by(custodian: Custodian, config: Custody) -> None:
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(server.serve(custodian, config, ready, stop))
    await ready.wait()
    for hello, welcome in ((HELLO, False), (framing.frame(Hello("cli", protocol.VERSION)), True)):
        reader, writer = await asyncio.open_unix_connection(str(config.socket))
        writer.write(hello)
        heard = b""
        with contextlib.suppress(ConnectionResetError):
            heard = await reader.read(1)
        assert bool(heard) is welcome
        writer.close()
    stop.set()
    await serving


def test_half_a_frame_keeps_nobody_waiting(small_lab: World, wire: socket.socket) -> None:
    wire.sendall(HELLO[:7])
    secretary = person(small_lab, "secretary@nord")
    secretary.register()
    wire.sendall(HELLO[7:])
    assert isinstance(answer(wire), Welcome)


def test_a_frame_may_come_byte_by_byte(wire: socket.socket) -> None:
    for at in range(len(HELLO)):
        wire.sendall(HELLO[at : at + 1])
    assert isinstance(answer(wire), Welcome)


def test_requests_are_answered_in_the_order_in_which_they_came(small_lab: World, wire: socket.socket) -> None:
    ticket = person(small_lab, "secretary@nord").ticket
    asked = [HELLO, *[framing.frame(WhoAmI(ticket if n % 2 else b"nobody's")) for n in range(200)]]
    wire.sendall(b"".join(asked))
    answers = [answer(wire) for _ in asked]
    expected = [Welcome, *[SessionOpened if n % 2 else Failed for n in range(200)]]
    assert [type(one) for one in answers] == expected


def test_who_does_not_read_is_not_read_and_keeps_nobody_waiting(small_lab: World, wire: socket.socket) -> None:
    wire.sendall(HELLO)
    answer(wire)
    wire.settimeout(1)
    flood, sent = framed(b"\xc1") * 10_000, 0
    with contextlib.suppress(TimeoutError):
        while sent < 64 * 1024 * 1024:
            sent += wire.send(flood)
    assert sent < 8 * 1024 * 1024
    person(small_lab, "secretary@nord").register()


def test_two_hundred_connections_are_served(small_lab: World) -> None:
    clients = [Client(small_lab.installation.custody.socket, "web") for _ in range(200)]
    assert len({client.welcome for client in clients}) == 1
    for client in clients:
        client.close()


def test_who_hangs_up_while_a_password_is_hashed_keeps_nobody_waiting(small_lab: World) -> None:
    for _ in range(5):
        client = Client(small_lab.installation.custody.socket, "web")
        client.tell(SignIn("secretary@nord", "wrong", "000000", "test"))
        client.close()
    small_lab.clock.pass_(_AN_HOUR)
    person(small_lab, "technician@nord")


def test_a_storm_of_sign_ins_does_not_stop_the_others(small_lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    secretary = person(small_lab, "secretary@nord")
    passwords = small_lab.custodian.custodian.held.passwords
    running, most, lock = [0], [0], threading.Lock()

    def slow(against: str, password: str) -> bool:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.1)
        with lock:
            running[0] -= 1
        return False

    monkeypatch.setattr(type(passwords), "right", lambda self, against, password: slow(against, password))
    storm = [threading.Thread(target=_sign_in, args=(small_lab, f"nobody{n}@nord")) for n in range(20)]
    for thread in storm:
        thread.start()
    began = time.monotonic()
    secretary.register()
    assert time.monotonic() - began < 0.8
    for thread in storm:
        thread.join()
    assert most[0] == 2


def _sign_in(lab: World, login: str) -> None:
    line = Line(lab.installation.custody.socket, "web")
    with pytest.raises(Denial):
        line.ask(SignIn(login, "wrong", "000000", "test"), SessionOpened)
    line.hang_up()


def test_a_computation_that_fails_is_answered(small_lab: World, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = small_lab.custodian.custodian.held.passwords

    def failing(self: object, against: str, password: str) -> bool:
        raise MemoryError

    monkeypatch.setattr(type(passwords), "right", failing)
    client = Client(small_lab.installation.custody.socket, "web")
    with pytest.raises(Broken, match="computed"):
        client.ask(SignIn("secretary@nord", "wrong", "000000", "test"), SessionOpened)
    client.close()


def test_at_the_end_everybody_is_hung_up_on(small_lab: World, wire: socket.socket) -> None:
    wire.sendall(HELLO)
    answer(wire)
    small_lab.custodian.stop()
    assert hung_up(wire)
    small_lab.custodian.start()


def test_a_custodian_that_is_gone_is_said_to_be(small_lab: World) -> None:
    secretary: Speaker = person(small_lab, "secretary@nord")
    small_lab.custodian.stop()
    with pytest.raises(CustodyGone):
        secretary.register()
    with pytest.raises(CustodyGone):
        secretary.register()
    small_lab.custodian.start()
    secretary.register()
