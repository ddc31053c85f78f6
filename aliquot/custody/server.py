"""The custodian's socket: frames in, groups to the custodian, answers out when they are durable.

All requests that have arrived when a group begins share its one transaction; the longer a commit takes, the larger the
next group is. A connection is answered in the order in which it asked.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from pathlib import Path
from typing import final

import msgspec

from aliquot.custody import protocol
from aliquot.custody.accounts import Slow
from aliquot.custody.caller import Caller
from aliquot.custody.custodian import Asked, Continued, Custodian, Reply
from aliquot.custody.protocol import Failed, Hello
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Custody

_HEAD_BYTES = 4
_TICK_S = 2.0
_LARGEST_GROUP = 256
_CREDENTIALS = struct.Struct("3i")


@final
class _Desk:
    """Where requests wait for the next group."""

    def __init__(self, custodian: Custodian) -> None:
        self._custodian = custodian
        self._waiting: deque[tuple[_Connection, Asked]] = deque()
        self._called = False
        self._loop = asyncio.get_running_loop()

    def take(self, connection: "_Connection", asked: Asked) -> None:
        """Put a request into the next group."""
        self._waiting.append((connection, asked))
        if not self._called:
            self._called = True
            self._loop.call_soon(self._serve)

    def _serve(self) -> None:
        self._called = False
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_GROUP))]
        replies = self._custodian.serve([asked for _, asked in group])
        for (connection, asked), reply in zip(group, replies, strict=True):
            self._give(connection, asked, reply)
        if self._waiting and not self._called:
            self._called = True
            self._loop.call_soon(self._serve)

    def _give(self, connection: "_Connection", asked: Asked, reply: Reply) -> None:
        if not isinstance(reply, Slow):
            connection.answer(reply)
            return
        then = reply.then
        future = self._loop.run_in_executor(None, reply.compute)
        future.add_done_callback(
            lambda done: self.take(connection, Asked(asked.caller, Continued(then, done.result())))
        )


@final
class _Connection(asyncio.Protocol):
    """One process at the other end. It has one request in hand at a time; what it sends meanwhile waits."""

    def __init__(self, desk: _Desk, config: Custody) -> None:
        self._desk = desk
        self._config = config
        self._received = bytearray()
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the kernel who it is."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream's transport is this one
        line: socket.socket = transport.get_extra_info("socket")
        credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(credentials)
        self._caller = Caller(uid)

    def data_received(self, data: bytes) -> None:
        """Gather bytes; hand over the next whole frame."""
        self._received += data
        self._next()

    def answer(self, reply: protocol.Answer | None) -> None:
        """Send an answer, and go on with what this connection sent meanwhile."""
        if reply is not None and not self._transport.is_closing():
            self._transport.write(protocol.frame(reply))
        self._busy = False
        self._next()

    def _next(self) -> None:
        if self._busy or len(self._received) < _HEAD_BYTES:
            return
        size = int.from_bytes(self._received[:_HEAD_BYTES], "big")
        if size > protocol.MAX_FRAME:
            self._transport.abort()
            return
        if len(self._received) < _HEAD_BYTES + size:
            return
        body = bytes(self._received[_HEAD_BYTES : _HEAD_BYTES + size])
        del self._received[: _HEAD_BYTES + size]
        self._busy = True
        self._handle(body)

    def _handle(self, body: bytes) -> None:
        try:
            request = protocol.request(body)
        except (msgspec.ValidationError, msgspec.DecodeError):
            self.answer(Failed("refused", "malformed", "this is not a request of this version"))
            return
        if isinstance(request, Hello):
            if not self._may(request.process):
                self._transport.abort()
                return
        elif not self._caller.process:
            self.answer(Failed("refused", "malformed", "say hello first"))
            return
        self._desk.take(self, Asked(self._caller, request))

    def _may(self, process: str) -> bool:
        """Whether this Unix user may be that process: its own uid, or one that the installation names."""
        named = {"web": self._config.web_uids, "work": self._config.work_uids, "cli": self._config.cli_uids}[process]
        return self._caller.uid in (named or (os.geteuid(),))


async def serve(custodian: Custodian, config: Custody, ready: asyncio.Event, stop: asyncio.Event) -> None:
    """Listen until `stop` is set."""
    loop = asyncio.get_running_loop()
    desk = _Desk(custodian)
    listening = _bound(config.socket)
    server = await loop.create_unix_server(lambda: _Connection(desk, config), sock=listening)
    async with server:
        ready.set()
        while not stop.is_set():
            custodian.tick()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _TICK_S)
    config.socket.unlink(missing_ok=True)


def _bound(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(os.fspath(path))
    except OSError as error:
        listening.close()
        raise Refused(f"the custodian cannot listen at {path}: {error.strerror}") from None
    os.chmod(path, 0o660)
    return listening
