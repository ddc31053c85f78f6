"""Threads of one process that go through the door side by side: each has its own line to custody and its own connection
to the record database, and all of them end together."""

import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import ParamSpec, TypeVar, final

from django.db import connection, connections

from aliquot.access.custodian import Line

P = ParamSpec("P")
T = TypeVar("T")


@final
class Crew:
    """So many threads, which begin when there is work for them."""

    def __init__(self, line: Line, number: int, name: str, *, frugal: bool = False) -> None:
        """`line` is the process's own: each thread that asks over it has a connection of its own there.

        A frugal crew keeps as many pages of an SQLite database as one connection does, and not each as many.
        """
        self._line = line
        self._number = number
        self._threads = ThreadPoolExecutor(number, name, functools.partial(_keep_a_part, number) if frugal else None)
        self._used = False

    def do(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> Future[T]:
        """Let one of them do it, as soon as one is free."""
        self._used = True
        return self._threads.submit(work, *given, **named)

    def close(self) -> None:
        """End the threads after what they have in hand; each closes what it had of its own."""
        if self._used:
            all_here = Barrier(self._number)
            for each in [self._threads.submit(self._part, all_here) for _ in range(self._number)]:
                each.result()
        self._threads.shutdown()

    def _part(self, all_here: Barrier) -> None:
        # No thread takes the end of another, for each waits until all have their own.
        all_here.wait()
        self._line.hang_up()
        connections.close_all()


def _keep_a_part(of: int) -> None:
    """Keep this part of the pages that a connection keeps by itself (`record.settings`)."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size")
            (pages,) = cursor.fetchone()
            cursor.execute(f"PRAGMA cache_size = {pages // of}")
