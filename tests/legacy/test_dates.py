"""Days as old systems write them."""

from datetime import date

import pytest

from aliquot.legacy import dates
from aliquot.legacy.dates import Days, Order

DAY = date(2019, 4, 3)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2019-04-03", "yyyy-mm-dd"),
        ("20190403", "yyyymmdd"),
        ("20190403081200", "yyyymmddhhmiss"),
        ("201904030812+0200", "yyyymmddhhmi+zz"),
        ("2019-04-03T08:12:00Z", "yyyy-mm-ddThh:mi:ss+zz"),
        ("2019-04-03 08:12:00.000", "yyyy-mm-dd hh:mi:ss.f"),
        ("2019/04/03", "yyyy/mm/dd"),
        ("03042019", "ddmmyyyy"),
        ("3 avril 2019", "d month yyyy"),
        ("3-Apr-19", "d-month-yy"),
        ("April 3, 2019", "month d, yyyy"),
    ],
)
def test_a_cell_that_means_one_day_says_so_with_its_format(text: str, form: str) -> None:
    assert dates.readings(text, 2021) == {form: DAY}


def test_day_and_month_may_be_either_until_the_column_settles_it() -> None:
    assert dates.readings("03/04/2019 08:12", 2021) == {
        "dd/mm/yyyy hh:mi": DAY,
        "mm/dd/yyyy hh:mi": date(2019, 3, 4),
    }
    assert dates.settle([("03/04/2019", 50), ("25/04/2019", 1)], 2021) is Order.DAY_FIRST
    assert dates.settle([("03/04/2019", 50), ("04/25/19", 1)], 2021) is Order.MONTH_FIRST
    assert dates.settle([("03/04/2019", 50)], 2021) is None
    assert dates.settle([("25/04/2019", 3), ("04/25/2019", 2)], 2021) is None


def test_a_year_of_two_digits_is_the_last_one_up_to_the_latest() -> None:
    assert dates.readings("25/12/21", 2021) == {"dd/mm/yy": date(2021, 12, 25)}
    assert dates.readings("25/12/22", 2021) == {"dd/mm/yy": date(1922, 12, 25)}


@pytest.mark.parametrize(
    "text", ["", "140", "31/02/2019", "2019-13-01", "12.5.7.8", "Dr Avril 12", "99999999", "1.2.3"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    assert dates.readings(text, 2021) == {}


def test_a_column_reads_a_day_only_where_it_is_one_day() -> None:
    assert Days(2021)["03/04/2019"] is None
    assert Days(2021)["04/04/2019"] == date(2019, 4, 4)
    assert Days(2021, Order.DAY_FIRST)["03/04/2019"] == DAY
    assert Days(2021, Order.DAY_FIRST)["04/25/2019"] is None
    assert Days(2021, Order.DAY_FIRST)["20190403"] == DAY
    assert Days(2021, None, ("mm/dd/yyyy",))["03/04/2019 08:12"] == date(2019, 3, 4)
    assert Days(2021, None, ("mm/dd/yyyy",))["2019-04-03"] is None


def test_six_digits_are_a_day_only_where_it_is_declared() -> None:
    assert dates.readings("190403", 2021) == {"yymmdd": DAY, "ddmmyy": date(2003, 4, 19)}
    assert Days(2021)["190403"] is None
    assert Days(2021, Order.DAY_FIRST)["190403"] is None
    assert Days(2021, None, ("yyyymmdd", "yymmdd"))["190403"] == DAY
    assert Days(2021, None, ("yyyymmdd", "yymmdd"))["20190403"] == DAY
    assert dates.settle([("190403", 50)], 2021) is None
