"""Speaking to the custodian: one blocking connection, one request and its answer at a time."""

import os
import socket
import struct
from pathlib import Path
from typing import Self, TypeVar, final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody import framing, protocol, services
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Answer, Failed, Hello, ProveService, Request, SessionOpened, Welcome
from aliquot.terms import canonical
from aliquot.terms.errors import Broken

_HEAD_BYTES = 4
_AT_ONCE = 64 * 1024
_PATIENCE = struct.pack("@ll", 60, 0)
"""Seconds and microseconds, as the kernel takes them."""

A = TypeVar("A", bound=Answer)


@final
class Client:
    """One connection of one process. It is not shared between threads."""

    def __init__(self, path: Path, process: str) -> None:
        self._path = path
        self._socket = _connect(path)
        self.process_id = os.getpid()
        try:
            self.welcome = self.ask(Hello(process, protocol.VERSION), Welcome)  # type: ignore[arg-type]  # checked by the custodian
        except (Denial, Broken):
            self.close()
            raise

    @classmethod
    def service(cls, path: Path, name: str, key: Ed25519PrivateKey) -> tuple[Self, SessionOpened]:
        """A connection that proves to be an enrolled service, and its session."""
        client = cls.__new__(cls)
        client._path, client._socket, client.process_id = path, _connect(path), os.getpid()
        try:
            client.welcome = client.ask(Hello("work", protocol.VERSION, name), Welcome)
            signed = services.message(client.welcome.installation, name, client.welcome.challenge)
            return client, client.ask(ProveService(key.sign(signed)), SessionOpened)
        except (Denial, Broken):
            client.close()
            raise

    def ask(self, request: Request, kind: type[A]) -> A:
        """Send a request and wait for its answer.

        Raises:
            Denial: custody says no.
            Broken: an invariant failed inside, and the alarm was raised there.
            CustodyGone: there is no answer.
        """
        answer = self._exchange(request)
        if isinstance(answer, Failed):
            if answer.family == "refused":
                raise Denial(answer.code, answer.reason)
            raise Broken(answer.reason) if answer.family == "broken" else CustodyGone(answer.reason)
        if not isinstance(answer, kind):
            raise Broken("custody answered something else than was asked")
        return answer

    def tell(self, request: Request) -> None:
        """Send something that is not answered."""
        try:
            self._socket.sendall(framing.frame(request))
        except OSError:
            raise CustodyGone("the custodian does not answer") from None

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _exchange(self, request: Request) -> Answer:
        whole = False
        try:
            self._socket.sendall(framing.frame(request))
            answer = framing.answer(self._body())
            whole = True
        except (OSError, *canonical.UNREADABLE):
            raise CustodyGone("the custodian does not answer") from None
        finally:
            # Whatever broke it off: an answer that comes later would be read as the answer to the next request.
            if not whole:
                self._socket.close()
        return answer

    def _body(self) -> bytes:
        """The body of the one frame that is awaited; most come in one piece."""
        came = self._socket.recv(_AT_ONCE)
        if 0 < len(came) < _HEAD_BYTES:
            came += self._exactly(_HEAD_BYTES - len(came))
        size = int.from_bytes(came[:_HEAD_BYTES], "big")
        rest = _HEAD_BYTES + size - len(came)
        if not came or size > framing.MAX_FRAME or rest < 0:
            raise ConnectionResetError
        return came[_HEAD_BYTES:] + self._exactly(rest)

    def _exactly(self, size: int) -> bytes:
        whole = bytearray(size)
        view, got = memoryview(whole), 0
        while got < size:
            more = self._socket.recv_into(view[got:])
            if not more:
                raise ConnectionResetError
            got += more
        return bytes(whole)


def _connect(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The kernel keeps the time: a timeout of Python's own asks it beforehand, each time, whether the line is ready.
    for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        line.setsockopt(socket.SOL_SOCKET, way, _PATIENCE)
    try:
        line.connect(os.fspath(path))
    except OSError:
        line.close()
        raise CustodyGone("the custodian does not answer; is `aliquot custody` running and unlocked?") from None
    return line
