"""How far a load is stands at the desk every ten seconds, and holds up nothing."""

import pytest

from aliquot.access import rows
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Prepare, Prepared, Write, Writing
from aliquot.legacy import papers
from aliquot.legacy.bulletin import EVERY_S, Bulletin
from aliquot.legacy.entrance import Leave
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.papers import Progressed
from aliquot.terms import papers as names
from aliquot.terms.kinds import Kind
from aliquot.terms.papers import Paper
from tests.custody import moving
from tests.custody.moving import Move
from tests.custody.speaker import EMPTY
from tests.legacy.move import WHERE
from tests.legacy.test_papers import newest


@pytest.fixture
def move(small_lab: World) -> Move:
    return moving.declared(small_lab).until("load")


def begun(move: Move, account: Account, steady: "Steady") -> Bulletin:
    return Bulletin(Leave(move.loader, move.mandate, WHERE, move.lab.clock), "0" * 64, account, steady)


class Steady:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_how_far_a_load_is_stands_there_every_ten_seconds_and_at_its_end(move: Move) -> None:
    account, steady = Account(), Steady()
    bulletin = begun(move, account, steady)
    found: list[Progressed] = []

    def after(seconds: float, rows_: int, state: str = "running") -> None:
        steady.now += seconds
        account.fate("R", Bin.IMPORTED, rows_)
        bulletin.read("R", rows_, rows_, 1000)
        bulletin.tell(state)  # type: ignore[arg-type]  # a word of the test
        told = newest(move, papers.PROGRESS)
        found.extend([told.content] if told else [])

    after(EVERY_S - 1, 10)
    assert found == []
    after(1, 100)
    after(1, 110)
    after(EVERY_S, 320)
    after(1, 330, "paused")
    assert [(one.state, one.rows, one.rate, one.left_seconds) for one in found] == [
        ("running", 100, 10, 90),
        ("running", 100, 10, 90),
        ("running", 320, 20, 34),
        ("paused", 330, 10, 67),
    ]
    assert [one.sums.bins("R")[Bin.IMPORTED] for one in found] == [2, 2, 4, 5]
    assert [one.row.version for one in rows.of_resource(names.identity(move.mandate, Paper.PROGRESS))] == [1, 2, 3]


def test_what_a_killed_loader_was_putting_down_is_waited_for_and_holds_up_nothing(move: Move) -> None:
    identity = names.identity(move.mandate, Paper.PROGRESS)
    with move.run() as grant:
        write = Write(Kind.PAPER, identity, 1, 1, "known", (), 0, EMPTY)
        grant.line.ask(Prepare((Writing(grant.token, (write,)),)), Prepared)
    begun(move, Account(), Steady()).tell("ended")
    assert rows.of_resource(identity) == []


def test_a_load_that_custody_ends_hears_it_here_too(move: Move) -> None:
    bulletin = begun(move, Account(), Steady())
    move.step("abort")
    with pytest.raises(Denial) as refused:
        bulletin.tell("ended")
    assert refused.value.code == "mandate"
