"""What is typed into more than one form: words that people sign, days, and what every mandate says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from aliquot.terms import plain

LONGEST: Final = 80
"""Characters of a name, a purpose or a receiver (`custody.forms.Word`)."""

Typed = Mapping[str, Any]  # what a form cleaned: each field has its own type


class Word(forms.CharField):
    """Words that people sign: who reads them sees all of them."""

    default_error_messages = {  # noqa: RUF012  # Django's own way to name it
        "hidden": _("A character stands in it that nobody sees: type it again, without copying it.")
    }

    def validate(self, value: str) -> None:
        """Refuse what would be signed and not shown."""
        super().validate(value)
        if not plain.is_plain(value):
            raise ValidationError(self.error_messages["hidden"], code="hidden")


class Day(forms.DateField):
    """A day, as a calendar gives it."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class Mandate(forms.Form):
    """What every mandate says: what for, of how many patients at most, until when, and which service works under it."""

    purpose = Word(
        label=_("Purpose"), max_length=LONGEST, help_text=_("What is moved, from where, and why. No patient's name.")
    )
    service = forms.ChoiceField(label=_("Service"))
    allowed = forms.IntegerField(label=_("Patients at most"), min_value=1, max_value=100_000_000)
    until = Day(label=_("Until"), help_text=_("At most 30 days from today."))


class MovingMandate(Mandate):
    """A mandate under which records move, with the services that may be chosen; it ends with a day's last minute."""

    def __init__(
        self,
        typed: QueryDict | None,
        files: Any,  # Django's own type of what was uploaded is not public
        *,
        services: Sequence[str],
        zone: ZoneInfo,
        initial: dict[str, Any] | None = None,  # each field has its own type
    ) -> None:
        super().__init__(typed, files, initial=initial)
        self._zone = zone
        offer(self, "service", [("", "–"), *((name, name) for name in services)])

    def clean_until(self) -> datetime:
        """The last minute of that day; custody knows whether it is too far."""
        return end(self.cleaned_data["until"], self._zone)


def end(day: date, zone: ZoneInfo) -> datetime:
    """The last minute of a day at the laboratory's place."""
    return datetime.combine(day, time(23, 59), zone).astimezone(UTC)


def offer(form: forms.Form, name: str, choices: Iterable[tuple[str, Any]]) -> None:
    """Give a field of a form the choices that custody gives; a form without that field stays as it is."""
    field = form.fields.get(name)
    if isinstance(field, forms.ChoiceField):
        field.choices = list(choices)


def typed(request: HttpRequest, text: str, longest: int) -> QueryDict | None:
    """What was typed; a file that was chosen stands in the field `text`, so that it is read before it is signed."""
    if request.method != "POST":
        return None
    said = request.POST.copy()
    file = request.FILES.get("file")
    if isinstance(file, UploadedFile):
        said[text] = file.read(longest + 1).decode("utf-8", "replace")
    return said
