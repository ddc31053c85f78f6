"""The process that machines speak to (HL7 v2 over MLLP): it stores whole messages, acknowledges them, reads none.

A peer is known by its enrolled address. Nobody else is read from.
"""

import asyncio
import ipaddress
import signal
import socket
import sys
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from aliquot.intake import seat
from aliquot.intake.conversation import Conversation, Limits
from aliquot.intake.gathering import Gathering
from aliquot.intake.letterbox import Slot
from aliquot.terms import clock, events
from aliquot.terms.clock import Clock
from aliquot.terms.errors import Refused
from aliquot.terms.events import Failed, Listening, PeerCrowding, PeerUnknown, Stopped
from aliquot.terms.installation import Installation, Listen, Peer

_READ_AHEAD: Final = 65536
_FAREWELL_SECONDS: Final = 10
_STRANGER_SECONDS: Final = 60
_LONGEST_DEVICE: Final = 255
# A peer that lost its power is noticed after two minutes, and gives its connections back.
_KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


def main(installation: Installation) -> int:
    """Listen until SIGTERM or SIGINT; the message in hand is finished. Gives the exit status."""
    try:
        asyncio.run(_until_signalled(installation.listen))
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def serve(
    listen: Listen,
    stop: asyncio.Event,
    ready: Callable[[int], None],
    limits: Limits | None = None,
    time: Clock = clock.system,
) -> None:
    """Listen until `stop` is set. `ready` is given the port once machines may call.

    Raises:
        Refused: the peers, the listener's files, the letterbox or the address cannot be used.
    """
    peers = enrolled(listen.peers)
    slot = Slot(listen.letterbox, seat.read(listen))
    gathering = Gathering(slot)
    reception = _Reception(peers, gathering, limits or Limits(listen.max_message_bytes), time)
    asyncio.get_running_loop().set_exception_handler(reception.surprised)
    try:
        server = await _server(listen, reception)
        port = server.sockets[0].getsockname()[1]
        events.log(Listening(listen.name, listen.host, port), time())
        ready(port)
        await stop.wait()
        server.close()
        await reception.close()
    finally:
        gathering.close()
        slot.close()
    events.log(Stopped(listen.name), time())


def enrolled(peers: tuple[Peer, ...]) -> dict[str, str]:
    """The device that speaks from each address.

    Raises:
        Refused: an address is not one, or is enrolled twice; a device's name is longer than 255 bytes.
    """
    found: dict[str, str] = {}
    for peer in peers:
        try:
            address = _canonical(peer.address)
        except ValueError:
            raise Refused("listener: a peer's address is not an IP address") from None
        if address in found:
            raise Refused(f"listener: {address} is enrolled twice")
        if len(peer.device.encode()) > _LONGEST_DEVICE:
            raise Refused(f"listener: the device at {address} has a name that is too long")
        found[address] = peer.device
    return found


class _Reception:
    """Who is let in: each connection of an enrolled peer gets a conversation, up to the peer's share."""

    def __init__(self, peers: Mapping[str, str], gathering: Gathering, limits: Limits, time: Clock) -> None:
        self._peers = peers
        self._gathering = gathering
        self._limits = limits
        self._time = time
        self._held: dict[asyncio.Task[None], Conversation] = {}
        self._connections: Counter[str] = Counter()
        self._strangers = 0
        self._said_at = -float(_STRANGER_SECONDS)

    async def welcome(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Hold the conversation of a new connection, or close it before anything is read."""
        address = _address(writer)
        peer = self._peers.get(address)
        if peer is None:
            self._stranger(address)
            writer.transport.abort()
        elif self._connections[peer] >= self._limits.connections:
            events.log(PeerCrowding(peer), self._time())
            writer.transport.abort()
        else:
            await self._converse(peer, reader, writer)

    async def close(self) -> None:
        """Let every conversation finish what has arrived, for a while; then cut it off."""
        for task, conversation in self._held.items():
            if conversation.end():
                task.cancel()
        if self._held:
            _, late = await asyncio.wait(self._held, timeout=_FAREWELL_SECONDS)
            for task in late:
                task.cancel()

    def surprised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # Any: asyncio's own
        """What asyncio could tell nobody else: by type and place, as everything unforeseen."""
        events.log(Failed.of(context.get("exception") or RuntimeError()), self._time())

    async def _converse(self, peer: str, reader: StreamReader, writer: StreamWriter) -> None:
        conversation = Conversation(peer, self._gathering, self._time, self._limits)
        talk = asyncio.ensure_future(conversation.hold(reader, writer))
        self._held[talk] = conversation
        self._connections[peer] += 1
        try:
            _keep_alive(writer)
            await talk
        except asyncio.CancelledError:
            # We are stopping: what was not acknowledged will be sent again.
            writer.transport.abort()
        except Exception as error:  # noqa: BLE001 - the outermost loop of a door: nothing was acknowledged
            events.log(Failed.of(error), self._time())
            writer.transport.abort()
        finally:
            self._connections[peer] -= 1
            del self._held[talk]
            writer.close()

    def _stranger(self, address: str) -> None:
        self._strangers += 1
        now = asyncio.get_running_loop().time()
        if now - self._said_at >= _STRANGER_SECONDS:
            self._said_at = now
            events.log(PeerUnknown(address, self._strangers), self._time())


async def _until_signalled(listen: Listen) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(listen, stop, lambda port: None)


async def _server(listen: Listen, reception: _Reception) -> asyncio.Server:
    try:
        return await asyncio.start_server(reception.welcome, listen.host, listen.port, limit=_READ_AHEAD)
    except OSError as error:
        raise Refused(f"listener: cannot listen at {listen.host} port {listen.port} ({type(error).__name__})") from None


def _address(writer: StreamWriter) -> str:
    # A caller that has hung up already has no name, and is nobody's peer.
    name = writer.get_extra_info("peername")
    return _canonical(name[0]) if name else ""


def _canonical(address: str) -> str:
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)


def _keep_alive(writer: StreamWriter) -> None:
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in _KEEPALIVE:
        line.setsockopt(socket.IPPROTO_TCP, option, value)
