"""The reception's first question: who is it? By birth date and a few letters, by an exact number, by a tube."""

from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.custody.denial import Denial
from aliquot.lab import patients, specimens
from aliquot.lab.patients import Letters
from aliquot.terms import clock
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.identity import Identifier
from aliquot.terms.ids import Id
from aliquot.web import births, pages, scans
from aliquot.web import patients as people
from aliquot.web.patients import Line
from aliquot.web.visitor import Visitor

_FEW = 3
_LETTERS = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "letters"})


class LettersForm(forms.Form):
    """A birth date, and at most three letters of each name."""

    prefix = "by"

    born_on = births.BirthDate(
        label=_("Birth date"),
        help_text=_("Day, month, year: 01041961"),
        widget=births.typed(**{"data-keys": "b", "data-keys-label": _("Search by birth date")}),
    )
    family = forms.CharField(label=_("Family name"), max_length=_FEW, required=False, widget=_LETTERS)
    given = forms.CharField(label=_("First name"), max_length=_FEW, required=False, widget=_LETTERS)


class NumberForm(forms.Form):
    """One exact number, typed or scanned."""

    prefix = "with"

    number = forms.CharField(
        label=_("Number or barcode"),
        help_text=_("A tube, a file number, a national number, or one from elsewhere."),
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "class": "code",
                "data-keys": "c",
                "data-keys-label": _("Search by a number or barcode"),
            }
        ),
    )
    system = forms.CharField(
        label=_("Whose number"),
        help_text=_("Only for a number from elsewhere: who gave it."),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@dataclass(frozen=True)
class Choice:
    """Somebody who was found. `key` is the digit that opens them; `fit` is how well they fit, in percent."""

    patient: str
    key: int
    line: Line
    fit: int


@dataclass(frozen=True)
class Answer:
    """What a search came to: `hidden` were found and not shown; `more` says that more letters are needed."""

    choices: tuple[Choice, ...] = ()
    more: bool = False
    hidden: int = 0

    @property
    def nobody(self) -> bool:
        """Whether there is nobody who may be meant."""
        return not self.choices and not self.more and not self.hidden


@require_http_methods(["GET", "POST"])
def search(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The reception's page. What is looked for is posted: nothing of a patient stands in an address."""
    if request.method == "GET":
        letters = LettersForm()
        letters.fields["born_on"].widget.attrs["autofocus"] = True
        return _page(request, visitor, {"letters": letters, "numbers": NumberForm()})
    if "with-number" in request.POST:
        return _by_number(request, visitor)
    return _by_letters(request, visitor)


def look(visitor: Visitor, letters: Letters) -> Answer:
    """Those who may be meant, as far as custody shows them."""
    at = clock.system()
    found = patients.find(visitor.actor, letters, at)
    shown = patients.candidates(visitor.actor, found, at)
    choices = (
        Choice(one.patient.hex(), key, people.line(one.demography), round(one.score * 100))
        for key, one in enumerate(shown, 1)
    )
    return Answer(tuple(choices), found.more, len(found.hits) - len(shown))


def _by_letters(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    form = LettersForm(request.POST)
    shown: dict[str, object] = {"letters": form, "numbers": NumberForm()}
    if not form.is_valid():
        return _page(request, visitor, shown, status=422)
    typed = form.cleaned_data
    answer = look(visitor, Letters(typed["born_on"], typed["family"], typed["given"]))
    return _page(request, visitor, {**shown, "answer": answer})


def _by_number(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    form = NumberForm(request.POST)
    if form.is_valid():
        found = _resolve(visitor, form)
        if found is not None:
            return pages.moved(request, reverse("patients.show", args=[found.hex()]))
    shown: dict[str, object] = {"letters": LettersForm(), "numbers": form}
    if form.errors:
        return _page(request, visitor, shown, status=422)
    scan = scans.read(form.cleaned_data["number"])
    nir = scan.value if scan.shape == "nir" else ""
    return _page(request, visitor, {**shown, "answer": Answer(), "nir": nir, "tube": scan.shape == "tube"})


def _resolve(visitor: Visitor, form: NumberForm) -> Id | None:
    """Whose number it is. What cannot be a number of ours is told beside its field."""
    scan = scans.read(form.cleaned_data["number"])
    system = scans.system_of(scan.shape) or form.cleaned_data["system"].strip()
    if scan.shape == "request":
        form.add_error("number", _("This is the number of a request; scan one of its tubes."))
        return None
    try:
        if system:
            return patients.by_identifier(visitor.actor, Identifier(system, scan.value), clock.system())
        return specimens.by_accession(visitor.actor, scan.value, clock.system()).subject
    except Denial:
        raise
    except Unclear:
        form.add_error("number", _("One character is wrong: its check character does not match. Read it again."))
    except Refused:
        # No tube of ours has it, whoever labelled it; one that looks like ours is told as not found.
        if scan.shape != "tube":
            form.add_error("system", _("This is no number of ours. Say who gave it."))
    return None


def _page(request: HttpRequest, visitor: Visitor, shown: dict[str, object], *, status: int = 200) -> HttpResponse:
    template = "reception/_search.html" if pages.partial(request) else "reception/search.html"
    return pages.page(request, visitor, template, shown, status=status)
