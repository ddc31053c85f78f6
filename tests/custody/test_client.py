"""The other end: an answer is the answer to what was asked, or there is none."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aliquot.custody import framing
from aliquot.custody.client import Client
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answer, Done, Failed, Hello, Release, SessionOpened, SignOut, Welcome, WhoAmI
from aliquot.terms.errors import Broken

WELCOME = framing.frame(Welcome("i", "p", b""))


@pytest.fixture
def custodian(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Something that answers each request with the next of some bytes, and then hangs up."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    threads: list[threading.Thread] = []

    def answering(*answers: bytes) -> Path:
        path = tmp_path / "s"
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            line, _ = listening.accept()
            # The client may hang up first: that is what some of these tests are about.
            with line, contextlib.suppress(OSError):
                for answer in answers:
                    line.recv(65536)
                    line.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[0].start()
        return path

    yield answering
    for thread in threads:
        thread.join(10)
    listening.close()


def failed(family: str) -> bytes:
    return framing.frame(Failed(family, "code", "reason"))  # type: ignore[arg-type]  # one of the three


@pytest.mark.parametrize(("family", "error"), [("refused", Denial), ("broken", Broken), ("locked", CustodyGone)])
def test_each_family_of_failure_has_its_error(
    custodian: Callable[..., Path], family: str, error: type[Exception]
) -> None:
    client = Client(custodian(WELCOME, failed(family)), "web")
    with pytest.raises(error, match="reason"):
        client.ask(SignOut(b""), Done)
    client.close()


@pytest.mark.parametrize(
    "answer", [b"", b"\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", b"\0\0\0\x09short", framing.frame(Hello("web", 1))]
)
def test_an_answer_that_is_none_ends_the_line(custodian: Callable[..., Path], answer: bytes) -> None:
    client = Client(custodian(WELCOME, answer), "web")
    with pytest.raises(CustodyGone):
        client.ask(SignOut(b""), Done)
    with pytest.raises(CustodyGone):
        client.ask(SignOut(b""), Done)


def test_an_answer_of_another_kind_is_not_taken(custodian: Callable[..., Path]) -> None:
    client = Client(custodian(WELCOME, framing.frame(Done())), "web")
    with pytest.raises(Broken):
        client.ask(WhoAmI(b""), SessionOpened)
    client.close()


def test_who_was_interrupted_never_reads_the_answer_to_another_request(
    custodian: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(custodian(WELCOME, framing.frame(Done())), "web")

    def interrupted() -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(client, "_body", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.ask(SignOut(b""), Done)
    monkeypatch.undo()
    with pytest.raises(CustodyGone):
        client.ask(SignOut(b""), Done)


def test_where_nobody_listens_custody_is_gone(tmp_path: Path) -> None:
    with pytest.raises(CustodyGone):
        Client(tmp_path / "nobody", "web")


def test_a_refused_hello_is_told_and_leaves_no_line(custodian: Callable[..., Path]) -> None:
    answer: Answer = Failed("refused", "protocol", "another version")
    with pytest.raises(Denial):
        Client(custodian(framing.frame(answer)), "web")


@pytest.mark.parametrize("pieces", [(1, 2, 3), (4, 5, 6), (7, 9, 11)])
def test_an_answer_may_come_in_pieces(custodian: Callable[..., Path], pieces: tuple[int, ...]) -> None:
    answer = framing.frame(Failed("broken", "code", "a reason" * 20_000))
    cuts = zip((0, *pieces), (*pieces, len(answer)), strict=True)
    client = Client(custodian(WELCOME, *(answer[start:stop] for start, stop in cuts)), "web")
    for _ in pieces:
        # Whatever it says, it gets one piece of the answer more.
        client.tell(Release(()))
        time.sleep(0.02)
    with pytest.raises(Broken, match="a reason"):
        client.ask(SignOut(b""), Done)
    client.close()


def test_two_answers_to_one_request_end_the_line(custodian: Callable[..., Path]) -> None:
    client = Client(custodian(WELCOME, framing.frame(Done()) * 2), "web")
    for _ in range(2):
        with pytest.raises(CustodyGone):
            client.ask(SignOut(b""), Done)


def test_a_custodian_that_says_nothing_is_gone_after_a_while(
    custodian: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aliquot.custody.client._PATIENCE", struct.pack("@ll", 0, 50_000))
    client = Client(custodian(WELCOME, b"", b""), "web")
    with pytest.raises(CustodyGone):
        client.ask(SignOut(b""), Done)
