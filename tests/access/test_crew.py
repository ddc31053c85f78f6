"""Threads that go through the door side by side leave nothing open behind them."""

import threading
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from aliquot.access.crew import Crew
from aliquot.access.custodian import Line
from aliquot.custody.client import Client
from tests.world import World

_NUMBER = 3
_LATE_S = 20


class _Heard(Line):
    """A line that says in which threads it was hung up."""

    def __init__(self, socket: Path) -> None:
        super().__init__(socket, "web")
        self.heard: list[int] = []

    def hang_up(self) -> None:
        self.heard.append(threading.get_ident())
        super().hang_up()


def test_each_thread_closes_its_own_line_and_its_own_connection_at_the_end(small_lab: World) -> None:
    line = _Heard(small_lab.installation.custody.socket)
    crew, together = Crew(line, _NUMBER, "crew"), threading.Barrier(_NUMBER)
    opened: list[tuple[Client, BaseDatabaseWrapper]] = []

    def work(number: int) -> int:
        together.wait(_LATE_S)
        own = connections["default"]
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
        opened.append((line._client(), own))
        return number

    assert [each.result() for each in [crew.do(work, number) for number in range(_NUMBER)]] == list(range(_NUMBER))
    used = set(line.heard)
    assert not used
    crew.close()
    assert len(set(line.heard)) == len(line.heard) == _NUMBER
    assert threading.get_ident() not in line.heard
    assert [client._socket.fileno() for client, _ in opened] == [-1] * _NUMBER
    assert [own.connection for _, own in opened] == [None] * _NUMBER
    assert len({id(own) for _, own in opened}) == _NUMBER


def test_a_crew_that_never_worked_closes_nothing() -> None:
    line = _Heard(Path("nowhere"))
    Crew(line, _NUMBER, "crew").close()
    assert line.heard == []


@pytest.mark.parametrize(("frugal", "share"), [(False, 1), (True, 4)])
def test_a_frugal_crew_keeps_as_many_pages_as_one_connection(small_lab: World, *, frugal: bool, share: int) -> None:
    line, together = Line(small_lab.installation.custody.socket, "web"), threading.Barrier(4)
    crew = Crew(line, 4, "crew", frugal=frugal)

    def kept() -> int:
        together.wait(_LATE_S)
        return pages()

    try:
        of_one = pages()
        assert [each.result() for each in [crew.do(kept) for _ in range(4)]] == [of_one // share] * 4
    finally:
        crew.close()


def pages() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        return int(cursor.fetchone()[0])
