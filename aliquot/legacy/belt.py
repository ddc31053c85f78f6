"""Portions on their way in: while custody seals one, the next is made ready, and a third is read from the source.

They are settled in the order in which they came, whichever was done first: what has come out of the belt has no gap.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Set
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Barrier
from typing import Final, Generic, TypeVar, final

P = TypeVar("P")
T = TypeVar("T")

LANES: Final = 2
"""The loader and custody are one processor each: a third would wait for them as long as the other two."""
_ON_IT: Final = LANES + 1


@dataclass(frozen=True)
class _Under(Generic[P, T]):
    portion: P
    about: Set[object]
    done: Future[T]


@final
class Belt(Generic[P, T]):
    """Two threads that do portions. Each has connections of its own, which `part` closes at the end."""

    def __init__(self, do: Callable[[P], T], part: Callable[[], None]) -> None:
        self._do = do
        self._part = part
        self._threads = ThreadPoolExecutor(LANES, "belt")
        self._used = False

    def run(self, portions: Iterable[P], about: Callable[[P], Set[object]]) -> Generator[tuple[P, T], None, None]:
        """Do the portions, and give each with what came of it, in their order.

        Portions that are about the same are done one after the other. What a portion raises is raised in its place, and
        none that came after it comes out. When this ends, however it ends, none is at work any more.
        """
        under: deque[_Under[P, T]] = deque()
        try:
            for portion in portions:
                said = about(portion)
                while len(under) >= _ON_IT or any(not said.isdisjoint(each.about) for each in under):
                    yield _first(under)
                self._used = True
                under.append(_Under(portion, said, self._threads.submit(self._do, portion)))
            while under:
                yield _first(under)
        finally:
            for each in under:
                each.done.cancel()
            wait([each.done for each in under])

    def close(self) -> None:
        """End the threads."""
        if self._used:
            both_here = Barrier(LANES)

            def end() -> None:
                # No thread takes the end of the other, for each waits until both have their own.
                both_here.wait()
                self._part()

            for each in [self._threads.submit(end) for _ in range(LANES)]:
                each.result()
        self._threads.shutdown()


def _first(under: deque[_Under[P, T]]) -> tuple[P, T]:
    done = under[0].done.result()
    return under.popleft().portion, done
