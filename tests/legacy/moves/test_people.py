"""People with deliberate errors move in, and who was taken for whom is compared with the truth.

Without a number that is one person's anywhere custody takes nobody for another by itself: whoever is close waits for a
person. Precision says how many of those who wait are right to wait, recall how many of the copies do.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from aliquot.access import rows
from aliquot.cli.scratch import World
from aliquot.legacy import asking
from aliquot.legacy.description import Delimited, Description, TextTable
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.sorting import Sorter
from tests import data
from tests.legacy.moves import made, written
from tests.legacy.moves.made import Made, Mover


class Figures(NamedTuple):
    """Of those who can come over: who waits, who of them is a copy of one who came, and how many copies there are."""

    wait: int
    right: int
    copies: int


def febrl(number: str) -> str:
    """Of whom a row of FEBRL is the original or a copy: rec-17-dup-0."""
    return number.split("-")[1]


def splink(number: str) -> str:
    """Who one of the thousand is: the last column of the file, which the mandate does not name."""
    return CLUSTERS[number]


LINES = (data.folder("people") / "splink" / "fake_1000.csv").read_text("utf-8").splitlines()[1:]
CLUSTERS = {line.split(",")[0]: line.split(",")[-1] for line in LINES}
CASES: dict[str, tuple[str, Callable[[str], str], Figures]] = {
    "dataset1": ("febrl", febrl, Figures(373, 373, 458)),
    "fake_1000": ("splink", splink, Figures(253, 253, 569)),
    "dataset2": ("febrl", febrl, Figures(749, 748, 930)),
    "dataset3": ("febrl", febrl, Figures(2196, 2196, 2788)),
}
SLOW = ("dataset2", "dataset3")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in CASES])
def test_those_who_wait_are_mostly_right_to_wait(small_lab: World, name: str) -> None:
    form, who, expected = CASES[name]
    plan = written.read(form)
    plan = msgspec.structs.replace(plan, source=Delimited(trim=True, tables={"people": TextTable(path=f"{name}.csv")}))
    mover = Mover(small_lab, plan, Description(data.folder("people") / form, plan.source))
    done = made.held(mover, name)
    found = _figures(mover, done, who)
    print(f"{name}: {found}, precision {found.right / found.wait:.3f}, recall {found.right / found.copies:.3f}")
    assert done.loaded.bins("people")[Bin.MERGED] == 0
    assert found.wait == written.fates()[name]["people"]["parked may-be-known-here"]
    assert found == expected


def _figures(mover: Mover, done: Made, who: Callable[[str], str]) -> Figures:
    """Who waits is who could come over, and is not here."""
    table = mover.plan.mandate.table("people")
    with mover.reading() as reading:
        sorter = Sorter(done.drawn, mover.catalogue, Account(), mover.lab.clock().date())
        numbers = [found.person.number for found in sorter.people(table, reading.rows("people"))]
    with done.leave.running() as grant:
        ids = asking.names(grant, "patient", numbers)
    here = rows.known(list(ids))
    came = {who(number) for number, id_ in zip(numbers, ids, strict=True) if id_ in here}
    wait = [number for number, id_ in zip(numbers, ids, strict=True) if id_ not in here]
    persons = Counter(map(who, numbers))
    return Figures(len(wait), sum(who(number) in came for number in wait), persons.total() - len(persons))
