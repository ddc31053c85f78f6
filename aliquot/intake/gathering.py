"""Letters that arrive while others are being made durable go together into the next transaction."""

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from aliquot.intake.letterbox import Arrival, Slot

_MOST_LETTERS: Final = 256
_MOST_BYTES: Final = 32 * 1024 * 1024


@dataclass(eq=False)
class _Waiting:
    arrival: Arrival
    told: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Gathering:
    """The one writer of a letterbox, for many connections: one transaction after another.

    That of several letters runs in a thread, so that the next ones are taken in meanwhile.
    """

    def __init__(self, slot: Slot) -> None:
        self._slot = slot
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="letterbox")
        self._waiting: deque[_Waiting] = deque()
        self._storing: asyncio.Task[None] | None = None

    async def keep(self, arrival: Arrival) -> None:
        """Store a message. It is durable when this returns, and only then may its sender be told.

        Raises:
            Unkept: as `Slot.drop`, for every message of the group.
        """
        waiting = _Waiting(arrival)
        self._waiting.append(waiting)
        try:
            # Who calls in the same moment shares the transaction.
            await asyncio.sleep(0)
            if self._storing is None and len(self._waiting) == 1:
                # Two changes of thread take longer than sealing. Who calls meanwhile would wait for the disk too.
                self._slot.drop([arrival])
                return
            if self._storing is None:
                self._storing = asyncio.create_task(self._store())
            await waiting.told
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def close(self) -> None:
        """End the thread, after what it has in hand."""
        self._thread.shutdown()

    async def _store(self) -> None:
        while self._waiting:
            group = self._group()
            stored = asyncio.get_running_loop().run_in_executor(
                self._thread, self._slot.drop, [one.arrival for one in group]
            )
            await asyncio.wait([stored])
            failed = stored.exception()
            for one in group:
                if one.told.done():
                    continue
                if failed is None:
                    one.told.set_result(None)
                else:
                    one.told.set_exception(failed)
        self._storing = None

    def _group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < _MOST_LETTERS and size < _MOST_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1].arrival.message)
        return group
