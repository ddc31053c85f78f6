"""The envelope in which HL7 v2 travels over a stream: 0x0B, the message, 0x1C 0x0D (HL7 MLLP release 1).

No sockets here: bytes go in, whole messages and faults come out, however the network cut them.
"""

import re
from typing import Final, Literal

import msgspec

MAX_BYTES: Final = 16 * 1024 * 1024
"""The largest message that is taken unless the caller says otherwise."""

_START: Final = b"\x0b"
_END: Final = b"\x1c\r"
_BETWEEN: Final = b"\r\n"
# A vertical tab may stand in pasted text, so that only one before a header says that the sender began again.
_RESTART: Final = re.compile(rb"\x0b(?=MSH|FHS|BHS)")


class Fault(msgspec.Struct, frozen=True):
    """What was on the line and is not a message: `size` bytes were dropped (0 where the end was not awaited)."""

    reason: Literal["outside a frame", "cut short", "too large"]
    size: int


class Frames:
    """The messages of one connection, in order. Memory stays within the largest message; time is linear.

    A frame whose end has not come yet is pending; what a sender cut short by beginning again is a fault. Bytes between
    frames are counted and reported with the next start, or each time they reach the largest message.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max = max_bytes
        self._buffer = bytearray()
        self._state: Literal["outside", "inside", "skipping"] = "outside"
        self._searched = 0
        self._strays = 0

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and not ended: closing the connection now loses an unacknowledged message."""
        return self._state != "outside"

    def feed(self, chunk: bytes) -> list[bytes | Fault]:
        """The messages and faults that this chunk completes. The result does not depend on where chunks end."""
        self._buffer += chunk
        found: list[bytes | Fault] = []
        progress = True
        while progress:
            progress = self._outside(found) if self._state == "outside" else self._inside(found)
        return found

    def _outside(self, found: list[bytes | Fault]) -> bool:
        start = self._buffer.find(_START)
        stray = self._buffer if start < 0 else self._buffer[:start]
        self._strays += len(stray) - sum(stray.count(byte) for byte in _BETWEEN)
        while self._strays >= self._max:
            found.append(Fault("outside a frame", self._max))
            self._strays -= self._max
        if start < 0:
            self._buffer.clear()
            return False
        if self._strays:
            found.append(Fault("outside a frame", self._strays))
            self._strays = 0
        self._enter("inside", start + len(_START))
        return True

    def _inside(self, found: list[bytes | Fault]) -> bool:
        end = self._buffer.find(_END, self._searched)
        size = len(self._buffer) if end < 0 else end
        if self._state == "inside" and size > self._max and (end >= 0 or size > self._max + 1):
            found.append(Fault("too large", 0))
            self._state = "skipping"
        if end < 0:
            self._await_end()
            return False
        if self._state == "inside":
            found += _messages(bytes(self._buffer[:end]))
        self._enter("outside", end + len(_END))
        return True

    def _await_end(self) -> None:
        # The last byte may be the first half of the end, so that it is looked at again.
        if self._state == "skipping":
            del self._buffer[:-1]
        self._searched = max(len(self._buffer) - 1, 0)

    def _enter(self, state: Literal["outside", "inside"], consumed: int) -> None:
        del self._buffer[:consumed]
        self._state = state
        self._searched = 0


def frame(message: bytes) -> bytes:
    """One message, ready for the stream."""
    return _START + message + _END


def _messages(body: bytes) -> list[bytes | Fault]:
    *cut, whole = _RESTART.split(body)
    return [*(Fault("cut short", len(part)) for part in cut), whole]
