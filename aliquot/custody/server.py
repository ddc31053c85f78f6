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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import final

from aliquot.custody import framing, protocol
from aliquot.custody.accounts import Slow
from aliquot.custody.caller import Caller
from aliquot.custody.custodian import Asked, Continued, Custodian, Reply
from aliquot.custody.protocol import Failed, Hello
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Custody

_HEAD_BYTES = 4
_TICK_S = 2.0
_LARGEST_GROUP = 256
_READ_AHEAD = 64 * 1024
"""Bytes that a connection may send while its request is in hand."""
_SLOW_AT_ONCE = 2
"""Hashing one password takes 64 MiB and a tenth of a second; who signs in waits in line for it."""
_CREDENTIALS = struct.Struct("3i")


@final
class _Desk:
    """Where requests wait for the next group."""

    def __init__(self, custodian: Custodian) -> None:
        self._custodian = custodian
        self._waiting: deque[tuple[_Connection, Asked]] = deque()
        self._called = False
        self._loop = asyncio.get_running_loop()
        self._slow = ThreadPoolExecutor(_SLOW_AT_ONCE, "slow")
        self.connections: set[_Connection] = set()

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

        def computed(done: asyncio.Future[object]) -> None:
            if done.cancelled() or done.exception() is not None:
                connection.answer(Failed("broken", "broken", "what was to be computed was not"))
            else:
                self.take(connection, Asked(asked.caller, Continued(then, done.result())))

        self._loop.run_in_executor(self._slow, reply.compute).add_done_callback(computed)

    def close(self) -> None:
        """Hang up on everybody and let go of the threads."""
        for connection in tuple(self.connections):
            connection.hang_up()
        self._slow.shutdown(wait=False, cancel_futures=True)


@final
class _Connection(asyncio.Protocol):
    """One process at the other end. It has one request in hand at a time; what it sends meanwhile waits.

    Whoever asks faster than it reads the answers is not read any further.
    """

    def __init__(self, desk: _Desk, config: Custody) -> None:
        self._desk = desk
        self._config = config
        self._received = bytearray()
        self._busy = False
        self._full = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask the kernel who it is."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # a stream's transport is this one
        line: socket.socket = transport.get_extra_info("socket")
        credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(credentials)
        self._caller = Caller(uid)
        self._desk.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has hung up."""
        self._desk.connections.discard(self)

    def pause_writing(self) -> None:
        """It does not read its answers."""
        self._full = True

    def resume_writing(self) -> None:
        """It reads its answers again."""
        self._full = False
        self._next()

    def data_received(self, data: bytes) -> None:
        """Gather bytes; hand over the next whole frame."""
        self._received += data
        self._next()

    def answer(self, reply: protocol.Answer | None) -> None:
        """Send an answer, and go on with what this connection sent meanwhile."""
        self._send(reply)
        self._busy = False
        self._next()

    def hang_up(self) -> None:
        """Close this connection, whatever it still says."""
        self._transport.abort()

    def _send(self, reply: protocol.Answer | None) -> None:
        if reply is not None and not self._transport.is_closing():
            self._transport.write(framing.frame(reply))

    def _next(self) -> None:
        """Hand over one whole frame if there is one and the one before is answered; else read on, or wait."""
        while not (self._busy or self._full or self._transport.is_closing()):
            body = self._frame()
            if body is None:
                break
            self._handle(body)
        self._read_on(wanted=not (self._busy or self._full) or len(self._received) < _READ_AHEAD)

    def _frame(self) -> bytes | None:
        if len(self._received) < _HEAD_BYTES:
            return None
        size = int.from_bytes(self._received[:_HEAD_BYTES], "big")
        if size > (framing.MAX_FRAME if self._caller.process else framing.MAX_HELLO):
            self.hang_up()
            return None
        if len(self._received) < _HEAD_BYTES + size:
            return None
        body = bytes(self._received[_HEAD_BYTES : _HEAD_BYTES + size])
        del self._received[: _HEAD_BYTES + size]
        return body

    def _read_on(self, *, wanted: bool) -> None:
        if self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _handle(self, body: bytes) -> None:
        try:
            request = framing.request(body)
        except canonical.UNREADABLE:
            self._send(Failed("refused", "malformed", "this is not a request of this version"))
            return
        if isinstance(request, Hello):
            if not self._may(request.process):
                self.hang_up()
                return
        elif not self._caller.process:
            self._send(Failed("refused", "malformed", "say hello first"))
            return
        self._busy = True
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
        desk.close()
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
