import asyncio
import json
import socket
import sqlite3
from pathlib import Path

import pytest

from aliquot.intake.conversation import Limits
from aliquot.wire import mllp
from tests.intake import post
from tests.intake.post import Machine, Seated, open_post

QUICK = Limits(message_bytes=100_000, chunk_seconds=0.3, frame_seconds=1.0, answer_seconds=0.3, connections=2)


@pytest.fixture
def seated(tmp_path: Path) -> Seated:
    return Seated(tmp_path)


def said(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, object]]:
    lines = map(json.loads, capsys.readouterr().err.splitlines())
    return [line for line in lines if line["event"] == event]


def test_a_message_is_stored_before_it_is_acknowledged(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            assert await machine.send(post.message("42")) == "AA|42"
            assert seated.messages() == [post.message("42")]
            assert await machine.send(post.message("43", more="|||AL|NE")) == "CA|43"

    asyncio.run(run())
    assert len(seated.messages()) == 2


def test_a_sender_of_single_bytes_is_understood(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            for byte in mllp.frame(post.message("1")) + mllp.frame(post.message("2")):
                machine.writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert [await machine.answer(), await machine.answer()] == ["AA|1", "AA|2"]

    asyncio.run(run())
    assert seated.messages() == [post.message("1"), post.message("2")]


def test_a_message_of_ten_megabytes_is_kept_whole(seated: Seated) -> None:
    large = post.message("1", fill=10_000_000)

    async def run() -> None:
        async with open_post(seated) as here:
            assert await (await here.machine()).send(large) == "AA|1"

    asyncio.run(run())
    assert seated.messages() == [large]


def test_a_message_over_the_limit_is_rejected_and_the_next_is_taken(
    seated: Seated, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with open_post(seated, QUICK) as here:
            machine = await here.machine()
            assert await machine.send(post.message("1", fill=500_000)) == "AR|"
            assert await machine.send(post.message("2")) == "AA|2"

    asyncio.run(run())
    assert seated.messages() == [post.message("2")]
    assert [line["reason"] for line in said(capsys, "line-fault")] == ["too large"]


def test_a_refused_message_is_answered_and_not_stored(seated: Seated, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            assert await machine.send(post.message("1", "ADT^A01")) == "AR|1"
            assert await machine.send(b"no header, " + post.CANARY.encode()) == "AE|"
            machine.writer.write(mllp.frame(post.message("2", "ACK")))
            assert await machine.send(post.message("3")) == "AA|3"

    asyncio.run(run())
    assert seated.messages() == [post.message("3")]
    logged = capsys.readouterr().err
    assert [json.loads(line)["place"] for line in logged.splitlines() if "message-refused" in line] == [
        "MSH-9",
        "MSH",
        "MSH-9",
    ]
    assert post.CANARY not in logged


def test_garbage_between_frames_is_dropped_and_not_answered(seated: Seated, capsys: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            machine.writer.write(b"GET / HTTP/1.1\r\n")
            assert await machine.send(post.message("1")) == "AA|1"

    asyncio.run(run())
    (fault,) = said(capsys, "line-fault")
    assert (fault["reason"], fault["size"], fault["peer"]) == ("outside a frame", 14, "analyser-1")


def test_a_message_cut_short_by_the_next_is_dropped_and_not_answered(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            machine.writer.write(b"\x0b" + post.message("1")[:60])
            assert await machine.send(post.message("2")) == "AA|2"

    asyncio.run(run())
    assert seated.messages() == [post.message("2")]


def test_half_a_frame_is_given_up_after_its_time_and_silence_between_frames_never(
    seated: Seated, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with open_post(seated, QUICK) as here:
            silent, half = await here.machine(), await here.machine()
            half.writer.write(mllp.frame(post.message("1"))[:50])
            assert await half.closed()
            await asyncio.sleep(0.5)
            assert await silent.send(post.message("2")) == "AA|2"

    asyncio.run(run())
    assert seated.messages() == [post.message("2")]
    assert [line["reason"] for line in said(capsys, "line-fault")] == ["stalled"]


def test_a_frame_that_drips_for_ever_is_given_up_too(seated: Seated) -> None:
    async def run() -> float:
        async with open_post(seated, QUICK) as here:
            machine = await here.machine()
            began = asyncio.get_running_loop().time()
            machine.writer.write(b"\x0b")
            ended = asyncio.create_task(machine.closed())
            while not ended.done():
                machine.writer.write(b"x")
                await asyncio.sleep(0.05)
            assert await ended
            return asyncio.get_running_loop().time() - began

    assert 0.8 < asyncio.run(run()) < 3


def test_a_line_that_is_never_between_frames_may_go_on_for_ever(seated: Seated) -> None:
    halves = mllp.frame(post.message("1"))[:50], mllp.frame(post.message("1"))[50:]

    async def run() -> None:
        async with open_post(seated, QUICK) as here:
            machine = await here.machine()
            machine.writer.write(halves[0])
            for _ in range(7):
                await asyncio.sleep(0.2)
                machine.writer.write(halves[1] + halves[0])
                assert await machine.answer() == "AA|1"

    asyncio.run(run())


def test_a_peer_that_hangs_up_inside_a_frame_is_noted_and_nothing_is_stored(
    seated: Seated, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            machine.writer.write(mllp.frame(post.message("1"))[:-1])
            machine.writer.close()
            await machine.writer.wait_closed()
            other = await here.machine()
            assert await other.send(post.message("2")) == "AA|2"

    asyncio.run(run())
    assert seated.messages() == [post.message("2")]
    assert [line["reason"] for line in said(capsys, "line-fault")] == ["left inside a frame"]


def test_a_peer_that_never_reads_its_answers_is_cut_off_and_holds_up_nobody(
    seated: Seated, capsys: pytest.CaptureFixture[str]
) -> None:
    async def run() -> None:
        async with open_post(seated, QUICK) as here:
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(deaf, ("127.0.0.1", here.port))
            other = await here.machine()
            shouting = asyncio.create_task(_shout(deaf))
            slowest = 0.0
            while not shouting.done():
                asked = loop.time()
                assert await other.send(post.message("2")) == "AA|2"
                slowest = max(slowest, loop.time() - asked)
                await asyncio.sleep(0.02)
            assert slowest < 2
            assert await shouting < 30_000_000
            deaf.close()

    asyncio.run(run())
    assert [line["reason"] for line in said(capsys, "line-fault")] == ["unread answers"]


async def _shout(deaf: socket.socket) -> int:
    # Refused messages are answered at length: 20,000 bytes of echoed party for each.
    long = post.message("1", "ADT^A01").replace(b"ANA", b"A" * 20_000)
    sent = 0
    try:
        while True:
            await asyncio.get_running_loop().sock_sendall(deaf, mllp.frame(long))
            sent += len(long)
    except ConnectionError:
        return sent


def test_a_store_that_fails_is_an_error_and_never_an_acknowledgment(
    seated: Seated, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("aliquot.intake.letterbox._PATIENCE_SECONDS", 0.1)

    async def run() -> None:
        async with open_post(seated) as here:
            machine = await here.machine()
            other = sqlite3.connect(seated.listen.letterbox, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            assert await machine.send(post.message("1")) == "AE|1"
            assert await machine.send(post.message("1", more="|||NE|NE")) == "CE|1"
            other.execute("ROLLBACK")
            other.close()
            assert await machine.send(post.message("1")) == "AA|1"

    asyncio.run(run())
    assert seated.messages() == [post.message("1")]
    assert [line["reason"] for line in said(capsys, "message-postponed")] == ["letterbox: SQLITE_BUSY"] * 2


def test_pipelined_messages_are_answered_in_their_order(seated: Seated) -> None:
    async def run() -> None:
        async with open_post(seated) as here:
            machine: Machine = await here.machine()
            machine.writer.write(b"".join(mllp.frame(post.message(str(number))) for number in range(50)))
            assert [await machine.answer() for _ in range(50)] == [f"AA|{number}" for number in range(50)]

    asyncio.run(run())
    assert seated.messages() == [post.message(str(number)) for number in range(50)]
