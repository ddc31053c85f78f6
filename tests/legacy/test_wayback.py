"""The way back is open while the old system has exactly what was loaded."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aliquot.custody.answers import ActCount, NewWork
from aliquot.legacy import wayback
from aliquot.legacy.fates import Account, Bin, Sums
from aliquot.legacy.wayback import Rows, WayBack
from tests.legacy.move import Old
from tests.legacy.old import person, result

SINCE = datetime(2026, 11, 23, 8, tzinfo=UTC)
WORK = NewWork(SINCE, (ActCount("PlaceOrder", 3), ActCount("RegisterPatient", 1)))


def loaded(people: int, results: int, outside: int = 0) -> Sums:
    """The account of a load that read so many rows, and left some that the mandate does not name."""
    account = Account()
    for table, rows in (("P", people), ("R", results)):
        account.came(table, rows + outside)
        account.fates(table, Bin.IMPORTED, rows)
        account.fates(table, Bin.OUT_OF_SCOPE, outside, "date")
    return account.sums()


def rehearsed(*tables: Rows) -> WayBack:
    return wayback.rehearsed("aa" * 16, "bb" * 32, tables, WORK)


@pytest.fixture
def old(tmp_path: Path) -> Old:
    return Old(tmp_path, [person("17"), person("18")], [result("17", "900")])


def test_rows_in_scope_are_counted_beside_those_that_were_loaded(old: Old) -> None:
    with old.reading() as reading:
        assert wayback.compared(reading, loaded(2, 1, outside=4)) == (Rows("P", 2, 2), Rows("R", 1, 1))


@pytest.mark.parametrize(("now", "holds"), [(4, False), (5, True), (6, False)])
def test_a_row_that_came_or_went_closes_the_way_back(now: int, holds: bool) -> None:
    assert rehearsed(Rows("P", 2, 2), Rows("R", 5, now)).holds is holds


def test_the_account_says_what_was_done_meanwhile_and_its_digest_is_over_all_of_it() -> None:
    made = rehearsed(Rows("P", 2, 2))
    assert (made.since, made.new) == (SINCE, {"PlaceOrder": 3, "RegisterPatient": 1})
    others = {rehearsed().digest, wayback.rehearsed("aa" * 16, "cc" * 32, made.tables, WORK).digest}
    assert made.digest not in others
