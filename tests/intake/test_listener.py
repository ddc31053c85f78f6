import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aliquot.intake import listener
from aliquot.intake.conversation import Limits
from aliquot.intake.letterbox import Tray
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Peer
from aliquot.wire import mllp
from tests.intake import post
from tests.intake.post import NOON, Machine, Seated, open_post

_CODE = """
import sys
from pathlib import Path
from aliquot.intake import listener
from aliquot.terms import installation
sys.exit(listener.main(installation.read(Path(sys.argv[1]))))
"""
_TOML = """
laboratories = []
[custody]
database = "c"
keyring = "k"
key_journal = "j"
socket = "s"
tiles = "t"
[record]
engine = "sqlite"
name = "r"
[web]
host = "127.0.0.1"
port = 1
origin = "https://lab.example"
signing_key = "w"
[work]
key = "w"
[listen]
host = "127.0.0.1"
port = 0
letterbox = "letterbox.sqlite"
key = "listener.key"
letterbox_public = "letterbox.pub"
peers = [{ address = "127.0.0.1", device = "analyser-1" }]
"""


@pytest.fixture
def seated(tmp_path: Path) -> Seated:
    (tmp_path / "aliquot.toml").write_text(_TOML)
    return Seated(tmp_path)


@contextmanager
def process(seated: Seated) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A listener in a process of its own, and its port; whoever ends the block ends it."""
    command = [sys.executable, "-c", _CODE, str(seated.folder / "aliquot.toml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        try:
            yield running, json.loads(running.stderr.readline())["port"]
        finally:
            running.kill()


@dataclass
class Round:
    """Machines that send every message until it is acknowledged, to whatever listener there is now."""

    port: int = 0
    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    async def run(self, control_ids: list[str]) -> None:
        for control_id in control_ids:
            while control_id not in self.acknowledged:
                await self._try(control_id)

    async def _try(self, control_id: str) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionError:
            await asyncio.sleep(0.02)
            return
        self.sent[control_id] += 1
        try:
            if await Machine(reader, writer).send(post.message(control_id)) == f"AA|{control_id}":
                self.acknowledged.add(control_id)
        except (ConnectionError, EOFError):
            await asyncio.sleep(0.02)
        finally:
            writer.transport.abort()


async def killed_again_and_again(seated: Seated, machines: Round, control_ids: list[str]) -> None:
    chance = random.Random(20260105)
    senders = asyncio.gather(*(machines.run(control_ids[part::4]) for part in range(4)))
    for wait in [chance.uniform(0.01, 0.1) for _ in range(5)]:
        with process(seated) as (running, machines.port):
            await asyncio.sleep(wait)
            running.kill()
    with process(seated) as (_, machines.port):
        await asyncio.wait_for(senders, 60)


def test_killed_at_any_moment_a_listener_loses_nothing_that_it_acknowledged(seated: Seated) -> None:
    machines, control_ids = Round(), [f"m{number}" for number in range(200)]
    asyncio.run(killed_again_and_again(seated, machines, control_ids))
    kept = Counter(seated.messages())
    assert set(kept) == {post.message(control_id) for control_id in control_ids}
    sent_once = [control_id for control_id in control_ids if machines.sent[control_id] == 1]
    assert len(sent_once) < len(control_ids)
    assert all(kept[post.message(control_id)] == 1 for control_id in sent_once)
    assert all(kept[post.message(control_id)] <= machines.sent[control_id] for control_id in control_ids)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_listener_cleanly_and_the_next_continues_its_numbers(
    seated: Seated, number: signal.Signals
) -> None:
    for _ in range(2):
        with process(seated) as (running, port), socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(mllp.frame(post.message("1")))
            assert b"MSA|AA|1" in line.recv(4096)
            running.send_signal(number)
            _, errors = running.communicate(timeout=20)
            assert running.returncode == 0
            assert json.loads(errors.splitlines()[-1])["event"] == "stopped"
            assert line.recv(4096) == b""
    assert len(seated.messages()) == 2


def test_no_clear_text_is_left_behind_by_a_listener_that_was_killed(seated: Seated) -> None:
    with process(seated) as (running, port), socket.create_connection(("127.0.0.1", port)) as line:
        line.sendall(b"stray" + mllp.frame(post.message("1")) + mllp.frame(post.message("2", "ADT^A01")))
        while b"MSA|AR|2" not in line.recv(4096):
            pass
        running.kill()
        _, errors = running.communicate(timeout=20)
    files = post.written(seated.folder) + errors.encode()
    assert b"analyser-1" in files
    assert not [trace for trace in post.traces(post.CANARY) if trace in files]


def test_a_listener_that_cannot_start_says_why_and_fails(seated: Seated) -> None:
    seated.listen.key.chmod(0o644)
    command = [sys.executable, "-c", _CODE, str(seated.folder / "aliquot.toml")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "open to other users" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_stop_finishes_the_message_in_hand(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            idle, busy = await here.machine(), await here.machine()
            assert await busy.send(post.message("1")) == "AA|1"
            busy.writer.write(mllp.frame(post.message("2", fill=4_000_000)))
            await busy.writer.drain()
            await asyncio.sleep(0.01)
            here.stop.set()
            assert await idle.closed()
            await here.done
            try:
                answered = await busy.answer()
            except (EOFError, ConnectionError):
                answered = ""
            # Either it was whole and was stored and acknowledged, or it was neither.
            assert (answered == "AA|2") == (len(seated.messages()) == 2)

    asyncio.run(run())


def test_an_unknown_caller_is_cut_off_before_it_is_read_and_said_once_a_minute(
    seated: Seated, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with open_post(seated, peers=(Peer("192.0.2.9", "analyser-9"),)) as here:
            for _ in range(3):
                machine = await here.machine()
                machine.writer.write(mllp.frame(post.message("1")))
                assert await machine.closed()

    asyncio.run(run())
    assert seated.messages() == []
    (told,) = (
        line for line in map(json.loads, capsys.readouterr().err.splitlines()) if line["event"] == "peer-unknown"
    )
    assert (told["address"], told["count"]) == ("127.0.0.1", 1)


def test_a_peer_has_its_share_of_connections_and_gets_it_back(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated, Limits(100_000, connections=2)) as here:
            one, two = await here.machine(), await here.machine()
            assert [await one.send(post.message("1")), await two.send(post.message("2"))] == ["AA|1", "AA|2"]
            assert await (await here.machine()).closed()
            one.writer.close()
            await one.writer.wait_closed()
            await asyncio.sleep(0.05)
            assert await (await here.machine()).send(post.message("3")) == "AA|3"

    asyncio.run(run())


def test_a_line_whose_other_end_lost_its_power_is_noticed(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            assert await (await here.machine()).send(post.message("1")) == "AA|1"
            lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
            (timer,) = (line[5] for line in lines if line[1].endswith(f":{here.port:04X}") and line[3] == "01")
            # 02 is the kernel's keep-alive timer; 60 seconds are 6000 of its ticks.
            kind, left = timer.split(":")
            assert (kind, int(left, 16) <= 6000) == ("02", True)

    asyncio.run(run())


def test_a_letter_names_its_sender_as_it_was_enrolled(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated, peers=(Peer("::ffff:127.0.0.1", "cobas-2"),)) as here:
            await (await here.machine()).send(post.message("1"))

    asyncio.run(run())
    tray = Tray(seated.listen.letterbox)
    assert [one.letter.envelope.peer for one in tray.waiting(9, NOON)] == ["cobas-2"]
    tray.close()


def test_two_machines_that_send_the_same_message_have_two_letters(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            one, two = await here.machine(), await here.machine()
            answers = await asyncio.gather(one.send(post.message("1")), two.send(post.message("1")))
            assert list(answers) == ["AA|1", "AA|1"]

    asyncio.run(run())
    assert seated.messages() == [post.message("1")] * 2


@pytest.mark.parametrize(
    ("peers", "reason"),
    [
        ((Peer("analyser.lab", "a"),), "not an IP address"),
        ((Peer("192.0.2.1", "a"), Peer("::ffff:192.0.2.1", "b")), r"192\.0\.2\.1 is enrolled twice"),
        ((Peer("192.0.2.1", "é" * 128),), "too long"),
    ],
)
def test_a_list_of_peers_that_says_two_things_is_refused(peers: tuple[Peer, ...], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        listener.enrolled(peers)


def test_an_address_in_use_is_refused_and_frees_the_letterbox(seated: Seated) -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(Refused, match="cannot listen at"):
            async with open_post(seated, port=taken.getsockname()[1]):
                pass
        async with open_post(seated) as here:
            assert await (await here.machine()).send(post.message("1")) == "AA|1"

    asyncio.run(run())
