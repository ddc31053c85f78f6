"""One connection of one enrolled machine: whole frames in, acknowledgments out, one message after another.

It holds at most one message of the largest size, and reads nothing while it stores or answers.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from typing import Final

import msgspec

from aliquot.intake import judgement
from aliquot.intake.gathering import Gathering
from aliquot.intake.judgement import Verdict
from aliquot.intake.letterbox import Arrival, Unkept
from aliquot.terms import events
from aliquot.terms.clock import Clock
from aliquot.terms.events import LineFault, MessagePostponed, MessageRefused, Reason
from aliquot.wire import mllp
from aliquot.wire.mllp import Fault, Frames

_CHUNK: Final = 65536


class Limits(msgspec.Struct, frozen=True):
    """What a peer may cost us. Times are in seconds.

    `chunk_seconds`: the longest silence inside a frame. `frame_seconds`: from a frame's start to its end.
    `answer_seconds`: until an answer is taken off the line. Between frames a peer may be silent for ever.
    """

    message_bytes: int
    chunk_seconds: float = 30
    frame_seconds: float = 300
    answer_seconds: float = 30
    connections: int = 8


class _CutOff(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Conversation:
    """What is said on one connection until either side ends it."""

    def __init__(self, peer: str, gathering: Gathering, clock: Clock, limits: Limits) -> None:
        self._peer = peer
        self._gathering = gathering
        self._clock = clock
        self._limits = limits
        self._frames = Frames(limits.message_bytes)
        self._began = 0.0
        self._idle = False
        self._ended = False

    async def hold(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take and answer messages until the peer closes, stalls, or does not read its answers."""
        # The buffer of answers is empty before the next message is read, so that it cannot grow.
        writer.transport.set_write_buffer_limits(high=0)
        try:
            while chunk := await self._chunk(reader):
                await self._hear(chunk, writer)
        except _CutOff as cut:
            writer.transport.abort()
            self._fault(cut.reason)
            return
        except OSError:
            # The line is gone, whatever the network calls it. What was not acknowledged will be sent again.
            pass
        if self._frames.pending:
            self._fault("left inside a frame")

    def end(self) -> bool:
        """Read no further. Whether nothing is in hand, so that the conversation may be cancelled at once."""
        self._ended = True
        return self._idle

    async def _chunk(self, reader: StreamReader) -> bytes:
        if self._ended:
            return b""
        deadline = self._deadline()
        self._idle = True
        try:
            if deadline is None:
                return await reader.read(_CHUNK)
            async with asyncio.timeout_at(deadline):
                return await reader.read(_CHUNK)
        except TimeoutError:
            raise _CutOff("stalled") from None
        finally:
            self._idle = False

    def _deadline(self) -> float | None:
        if not self._frames.pending:
            return None
        silence = asyncio.get_running_loop().time() + self._limits.chunk_seconds
        return min(silence, self._began + self._limits.frame_seconds)

    async def _hear(self, chunk: bytes, writer: StreamWriter) -> None:
        began = self._frames.pending
        found = self._frames.feed(chunk)
        for one in found:
            await self._take(one, writer)
        if found or not began:
            self._began = asyncio.get_running_loop().time()

    async def _take(self, found: bytes | Fault, writer: StreamWriter) -> None:
        if isinstance(found, bytes):
            await self._answer(await self._settle(found), writer)
            return
        self._fault(found.reason, found.size)
        if found.reason == "too large":
            await self._answer(judgement.OVERSIZE, writer)

    async def _settle(self, message: bytes) -> Verdict:
        verdict = judgement.judge(message)
        if verdict.objection is not None:
            place, reason = verdict.objection.place, verdict.objection.hl70357
            events.log(MessageRefused(self._peer, place, reason), self._clock())
            return verdict
        try:
            # Store before acknowledging: once we answer AA, the analyser forgets the result.
            await self._gathering.keep(Arrival(self._peer, self._clock(), message))
        except Unkept as error:
            events.log(MessagePostponed(self._peer, str(error)), self._clock())
            return judgement.postponed(verdict)
        return verdict

    async def _answer(self, verdict: Verdict, writer: StreamWriter) -> None:
        if not verdict.answered:
            return
        writer.write(mllp.frame(judgement.answer(verdict, self._clock())))
        if not writer.transport.get_write_buffer_size():
            return
        try:
            async with asyncio.timeout(self._limits.answer_seconds):
                await writer.drain()
        except TimeoutError:
            raise _CutOff("unread answers") from None

    def _fault(self, reason: Reason, size: int = 0) -> None:
        events.log(LineFault(self._peer, reason, size), self._clock())
