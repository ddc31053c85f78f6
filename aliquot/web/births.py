"""Birth dates as they are typed at a reception: 01041961, 1/4/1961 or 1961-04-01, and never guessed."""

import re
from datetime import date, timedelta, timezone
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from aliquot.terms import clock

_SHAPES = (
    re.compile(r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})"),
    re.compile(r"(?P<day>\d{1,2})[ ./-](?P<month>\d{1,2})[ ./-](?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
)
_SHORT_YEAR = re.compile(r"\d{6}|\d{1,2}[ ./-]\d{1,2}[ ./-]\d{2}")
_OLDEST = 1890
# A child born after midnight is looked for before that day has come in UTC.
_EASTERNMOST = timezone(timedelta(hours=14))


def typed(**attributes: object) -> forms.TextInput:
    """The field as it is drawn: digits first on a telephone, and nothing remembered by the browser."""
    return forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", **attributes})


class BirthDate(forms.Field):
    """A birth date, day first or as ISO 8601. A year has four digits: a child of 1926 is not a child of 2026."""

    widget = typed()

    def to_python(self, value: str | None) -> date | None:
        """The day, or words that say what is not right with it."""
        typed = (value or "").strip()
        return read(typed) if typed else None

    def prepare_value(self, value: Any) -> Any:  # Django gives what was typed, or a day of ours
        """A day of ours as it would be typed."""
        return f"{value:%d/%m/%Y}" if isinstance(value, date) else value


def read(typed: str) -> date:
    """The day that was typed.

    Raises:
        ValidationError: it is not a day, its year is short, or nobody alive was born on it.
    """
    if _SHORT_YEAR.fullmatch(typed):
        raise forms.ValidationError(_("Type the year with four digits."))
    found = next(filter(None, (shape.fullmatch(typed) for shape in _SHAPES)), None)
    if found is None:
        raise forms.ValidationError(_("Type day, month and year, for example 01041961 or 1961-04-01."))
    try:
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        raise forms.ValidationError(_("There is no such day.")) from None
    if day > clock.system().astimezone(_EASTERNMOST).date() or day.year < _OLDEST:
        raise forms.ValidationError(_("Nobody at this desk was born on that day."))
    return day
