"""Letters that arrive while others are being made durable go together into the next transaction."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from aliquot.intake.letterbox import Arrival, Slot

_MOST_LETTERS: Final = 256
_MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(eq=False)
class _Group:
    arrivals: list[Arrival] = field(default_factory=list)
    size: int = 0

    def full(self) -> bool:
        return len(self.arrivals) >= _MOST_LETTERS or self.size >= _MOST_BYTES


class Gathering:
    """The one writer of a letterbox, for many connections: one transaction after another.

    That of several letters runs in a thread, so that the next ones are taken in meanwhile.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letterbox")
        self._turn = asyncio.Lock()
        self._open: tuple[_Group, asyncio.Task[None]] | None = None

    async def keep(self, arrival: Arrival) -> None:
        """Store a message. It is durable when this returns, and only then may its sender be told.

        Raises:
            Unkept: as `Slot.drop`, for every message of the group.
        """
        group, stored = self._current()
        group.arrivals.append(arrival)
        group.size += len(arrival.message)
        await asyncio.shield(stored)

    def close(self) -> None:
        """End the thread, after what it has in hand."""
        self._thread.shutdown()

    def _current(self) -> tuple[_Group, asyncio.Task[None]]:
        if self._open is None or self._open[0].full():
            group = _Group()
            self._open = group, asyncio.create_task(self._store(group))
        return self._open

    async def _store(self, group: _Group) -> None:
        async with self._turn:
            if self._open is not None and self._open[0] is group:
                self._open = None
            if len(group.arrivals) == 1:
                # Two changes of thread take longer than sealing. Who calls meanwhile would wait for the disk too.
                self._slot.drop(group.arrivals)
            else:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._slot.drop, group.arrivals)
