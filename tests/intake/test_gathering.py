import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from aliquot.intake import seat
from aliquot.intake.gathering import Gathering
from aliquot.intake.letterbox import Arrival, Slot, Unkept
from tests.intake import post
from tests.intake.post import NOON, Seated


class Counted(Slot):
    """A letterbox that notes how many letters each of its transactions had."""

    def __init__(self, seated: Seated) -> None:
        super().__init__(seated.listen.letterbox, seat.read(seated.listen))
        self.groups: list[int] = []

    def drop(self, arrivals: Sequence[Arrival]) -> list[int]:
        self.groups.append(len(arrivals))
        return super().drop(arrivals)


def arrival(number: int, size: int = 0) -> Arrival:
    return Arrival("analyser-1", NOON, post.message(str(number), fill=size))


def kept_together(slot: Slot, arrivals: Sequence[Arrival]) -> list[BaseException | None]:
    async def run() -> list[BaseException | None]:
        gathering = Gathering(slot)
        try:
            return await asyncio.gather(*map(gathering.keep, arrivals), return_exceptions=True)
        finally:
            gathering.close()

    return asyncio.run(run())


def test_what_arrives_together_is_stored_in_one_transaction_in_its_order(tmp_path: Path) -> None:
    seated = Seated(tmp_path)
    slot = Counted(seated)
    assert kept_together(slot, [arrival(number) for number in range(20)]) == [None] * 20
    assert slot.groups == [20]
    assert seated.messages() == [post.message(str(number)) for number in range(20)]
    slot.close()


def test_what_arrives_during_a_transaction_waits_for_the_next(tmp_path: Path) -> None:
    seated = Seated(tmp_path)
    slot = Counted(seated)

    async def run() -> None:
        gathering = Gathering(slot)
        first = asyncio.create_task(gathering.keep(arrival(0)))
        while not slot.groups:
            await asyncio.sleep(0)
        await asyncio.gather(first, *(gathering.keep(arrival(number)) for number in range(1, 9)))
        gathering.close()

    asyncio.run(run())
    assert slot.groups == [1, 8]
    slot.close()


@pytest.mark.parametrize(("size", "count", "groups"), [(0, 600, [256, 256, 88]), (12 * 1024 * 1024, 4, [3, 1])])
def test_no_transaction_grows_without_end(tmp_path: Path, size: int, count: int, groups: list[int]) -> None:
    slot = Counted(Seated(tmp_path))
    kept_together(slot, [arrival(number, size) for number in range(count)])
    assert slot.groups == groups
    slot.close()


def test_when_a_transaction_fails_everyone_in_it_is_told_and_the_next_goes_on(tmp_path: Path) -> None:
    seated = Seated(tmp_path)
    slot = Counted(seated)
    slot._db.execute("PRAGMA max_page_count = 20")
    failed = kept_together(slot, [arrival(number, 20_000) for number in range(5)])
    assert [type(one) for one in failed] == [Unkept] * 5
    assert kept_together(slot, [arrival(1)]) == [None]
    assert seated.messages() == [post.message("1")]
    slot.close()


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_caller_that_gives_up_takes_nobodys_letter_with_it(tmp_path: Path, steps: int) -> None:
    seated = Seated(tmp_path)
    slot = Counted(seated)

    async def run() -> None:
        gathering = Gathering(slot)
        hasty, *patient = (asyncio.create_task(gathering.keep(arrival(number))) for number in range(3))
        for _ in range(steps):
            await asyncio.sleep(0)
        hasty.cancel()
        await asyncio.gather(*patient)
        gathering.close()

    asyncio.run(run())
    assert seated.messages()[-2:] == [post.message("1"), post.message("2")]
    slot.close()
