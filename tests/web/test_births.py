"""Birth dates as they are typed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django import forms

from aliquot.web import births


@pytest.mark.parametrize("typed", ["01041961", "1/4/1961", "01.04.1961", "01-04-1961", "1961-04-01", "1 4 1961"])
def test_a_day_is_read_day_first_or_as_iso_and_never_month_first(typed: str) -> None:
    assert births.read(typed) == date(1961, 4, 1)


@pytest.mark.parametrize("typed", ["010461", "1/4/61", "29021961", "1961", "19610401", "01041889", "x"])
def test_what_is_not_one_day_is_refused(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        births.read(typed)


def test_a_child_of_today_is_found_and_one_of_next_week_is_not() -> None:
    today = datetime.now(UTC).date()
    assert births.read(today.isoformat()) == today
    with pytest.raises(forms.ValidationError):
        births.read((today + timedelta(days=7)).isoformat())
