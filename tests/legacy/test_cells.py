"""Cells of an old system: days, hours and numbers, in the form that the map says and in no other."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from aliquot.legacy import cells
from aliquot.legacy.cells import Moments
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.quantities import Quantity

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("dd/mm/yyyy", "03/11/1951", date(1951, 11, 3)),
        ("dd/mm/yyyy", " 3/1/1951 ", date(1951, 1, 3)),
        ("yyyymmdd", "19511103", date(1951, 11, 3)),
        ("yyyy-mm-dd", "2000-02-29", date(2000, 2, 29)),
        ("dd.mm.yyyy", "03.11.1951 07:50", date(1951, 11, 3)),
        ("yyyymmdd", "195111030750", date(1951, 11, 3)),
        ("yyyymmdd", "19511103075012.25+0100", date(1951, 11, 3)),
    ],
)
def test_a_day_is_read_in_the_form_that_the_map_says(form: str, text: str, day: date) -> None:
    assert Moments([form]).day(text) == day


@pytest.mark.parametrize("text", ["31/02/2001", "00/01/2001", "2001/01/31", "3-11-1951", "", "31/12/01", "٣/11/1951"])
def test_what_is_no_such_day_is_unclear_and_not_guessed(text: str) -> None:
    with pytest.raises(Unclear):
        Moments(["dd/mm/yyyy"]).day(text)


@pytest.mark.parametrize(("text", "year"), [("010126", 2026), ("010127", 1927), ("010100", 2000), ("010199", 1999)])
def test_a_two_digit_year_is_the_last_such_year_up_to_the_latest(text: str, year: int) -> None:
    assert Moments(["ddmmyy"], latest=2026).day(text).year == year


def test_a_stamp_of_an_old_archive_is_read_with_its_hour() -> None:
    stamps = Moments(["yyyymmdd", "yymmdd"], latest=2020)
    said = [stamps.moment(text, PARIS) for text in ("201907010750", "1907010750", "190701")]
    assert [f"{at.astimezone(PARIS):%Y-%m-%d %H:%M}" for at in said] == ["2019-07-01 07:50"] * 2 + ["2019-07-01 00:00"]


def test_a_column_may_mix_forms_that_cannot_be_confused() -> None:
    mixed = Moments(["dd/mm/yyyy", "dd/mm/yy"], latest=2020)
    assert [mixed.day(text).year for text in ("03/11/1951", "03/11/19", "03/11/51")] == [1951, 2019, 1951]


def test_a_cell_that_two_forms_read_differently_is_unclear() -> None:
    either = Moments(["dd/mm/yyyy", "mm/dd/yyyy"])
    assert either.day("25/12/2001") == date(2001, 12, 25)
    with pytest.raises(Unclear):
        either.day("03/04/2001")


def test_a_cell_that_names_its_zone_is_read_in_it() -> None:
    form = Moments(["yyyy-mm-dd"])
    assert form.moment("2019-07-01T08:00:00+09:00", PARIS) == datetime(2019, 6, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "form", ["ddmmyy", "mm/yyyy", "dd/mm", "dd/dd/yyyy", "hh:mi", "dd/mm/yyyy hh:mi", "", "yyyy-yy-mm", "dd/mm-yyyy"]
)
def test_a_form_that_names_no_day_or_half_a_year_is_refused(form: str) -> None:
    with pytest.raises(Refused):
        Moments([form])


def test_without_separators_no_digit_may_be_left_out() -> None:
    with pytest.raises(Unclear):
        Moments(["ddmmyyyy"]).day("1111951")


def test_a_moment_is_of_the_laboratorys_clock_in_summer_and_in_winter() -> None:
    form = Moments(["yyyy-mm-dd"])
    assert form.moment("2019-07-01 08:00", PARIS) == datetime(2019, 7, 1, 6, tzinfo=UTC)
    assert form.moment("2019-01-01 08:00", PARIS) == datetime(2019, 1, 1, 7, tzinfo=UTC)


def test_an_hour_that_the_clock_never_shows_is_unclear() -> None:
    with pytest.raises(Unclear):
        Moments(["yyyy-mm-dd"]).moment("2019-07-01 24:00", PARIS)


@pytest.mark.parametrize("text", ["07:50", "7h50", "0750", "7:50", "07.50", "075000"])
def test_an_hour_is_read_as_old_programs_write_it(text: str) -> None:
    assert cells.hour(text) == time(7, 50)


@pytest.mark.parametrize("text", ["", "7", "7h5", "2460", "25:00", "matin"])
def test_what_is_no_hour_is_unclear(text: str) -> None:
    with pytest.raises(Unclear):
        cells.hour(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5,10", Quantity(Decimal("5.10"), "g/L")),
        ("0", Quantity(Decimal(0), "g/L")),
        ("-1,5", Quantity(Decimal("-1.5"), "g/L")),
        ("<0,01", Quantity(Decimal("0.01"), "g/L", "<")),
        ("\u2265 200", Quantity(Decimal(200), "g/L", ">=")),
    ],
)
def test_a_number_keeps_its_digits_and_its_comparator(text: str, said: Quantity) -> None:
    assert cells.number(text, "g/L", ",") == said


@pytest.mark.parametrize("text", ["", "positif", "1 234", "1,2,3", "12 g", "1e5", "NaN", "5-10", ",5", "5,"])
def test_what_is_more_or_less_than_a_number_is_none(text: str) -> None:
    assert cells.number(text, "g/L", "either") is None


def test_a_fraction_behind_the_other_mark_is_unclear() -> None:
    with pytest.raises(Unclear):
        cells.number("1.234", "g/L", ",")


def test_a_source_that_mixes_both_marks_is_read_if_the_map_says_so() -> None:
    both = [cells.number(text, "g/L", "either") for text in ("5,1", "5.1")]
    assert both == [Quantity(Decimal("5.1"), "g/L")] * 2
