"""One patient is looked for by somebody who does not receive patients: the privacy officer, or who breaks the glass."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.lab import patients
from aliquot.lab.patients import Letters
from aliquot.terms import clock
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Identifier
from aliquot.terms.ids import Id
from aliquot.web import births, pages, scans
from aliquot.web import patients as people
from aliquot.web.patients import Line
from aliquot.web.visitor import Visitor

_FEW = 3
_LETTERS = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "letters"})


class SeekForm(forms.Form):
    """A file number or a national number, else a birth date and at most three letters of each name."""

    number = forms.CharField(
        label=_("File number or national number"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "code"}),
    )
    born_on = births.BirthDate(label=_("Birth date"), help_text=_("Day, month, year: 01041961"), required=False)
    family = forms.CharField(label=_("Family name"), max_length=_FEW, required=False, widget=_LETTERS)
    given = forms.CharField(label=_("First name"), max_length=_FEW, required=False, widget=_LETTERS)

    def clean(self) -> dict[str, object]:
        """Whether one of the two was given, and the number is one of ours."""
        typed = self.cleaned_data
        number = scans.read(typed.get("number", ""))
        if not self.errors and not number.value and typed.get("born_on") is None:
            raise forms.ValidationError(_("Give a number, or a birth date."))
        if number.value and not scans.system_of(number.shape):
            self.add_error("number", _("This is no file number and no national number."))
        return typed


@dataclass(frozen=True)
class Choice:
    """Somebody who was found. `line` is nothing where a number led to them and nobody needed to be shown."""

    patient: str
    key: int
    line: Line | None


@dataclass(frozen=True)
class Sought:
    """What a search came to: people, the need of more letters, and how many custody did not show."""

    choices: tuple[Choice, ...] = ()
    more: bool = False
    hidden: int = 0


@dataclass(frozen=True)
class Way:
    """From where somebody looks, and the page where the patient's record then opens."""

    template: str
    to: str
    crumbs: Sequence[tuple[str | Promise, str]] = ()


def answer(request: HttpRequest, visitor: Visitor, way: Way) -> HttpResponse:
    """The form, then what it found; straight on where a number led to one record."""
    form = SeekForm(request.POST if request.method == "POST" else None)
    sought = _seek(visitor, form) if form.is_valid() else None
    patient = _only(sought) if sought else None
    if patient is not None:
        return pages.moved(request, reverse(way.to, args=[patient.hex()]))
    shown = {"crumbs": way.crumbs, "form": form, "sought": None if form.errors else sought, "to": way.to}
    return pages.page(request, visitor, way.template, shown, status=422 if form.errors else 200)


def _seek(visitor: Visitor, form: SeekForm) -> Sought:
    """Look for the patient of a valid form. A number shows nobody; it says which record is meant.

    Raises:
        Denial: the act is not permitted.
    """
    typed = form.cleaned_data
    if typed["number"]:
        return _numbered(visitor, form, typed["number"])
    return _lettered(visitor, Letters(typed["born_on"], typed["family"], typed["given"]))


def _numbered(visitor: Visitor, form: SeekForm, number: str) -> Sought:
    scan = scans.read(number)
    try:
        found = patients.by_identifier(
            visitor.actor, Identifier(scans.system_of(scan.shape), scan.value), clock.system()
        )
    except Unclear:
        form.add_error("number", _("One character is wrong: its check character does not match. Read it again."))
        return Sought()
    return Sought((Choice(found.hex(), 1, None),)) if found else Sought()


def _lettered(visitor: Visitor, letters: Letters) -> Sought:
    at = clock.system()
    found = patients.find(visitor.actor, letters, at)
    shown = patients.candidates(visitor.actor, found, at)
    choices = tuple(Choice(one.patient.hex(), key, people.line(one.demography)) for key, one in enumerate(shown, 1))
    return Sought(choices, found.more, len(found.hits) - len(shown))


def _only(sought: Sought) -> Id | None:
    """The one record that a number led to."""
    if len(sought.choices) == 1 and sought.choices[0].line is None:
        return Id(bytes.fromhex(sought.choices[0].patient))
    return None
