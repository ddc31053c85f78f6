"""Registering somebody: looked for once more with what was typed, proposed if they may be known, then known once."""

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.access import door
from aliquot.access.acts import RegisterPatient
from aliquot.custody.denial import Denial
from aliquot.lab import numbers, patients
from aliquot.lab.patients import Letters, Registration
from aliquot.terms import canonical, clock, identifiers, ids
from aliquot.terms.errors import Unclear
from aliquot.terms.identifiers import NIR_SYSTEM
from aliquot.terms.identity import Contact, Demography, Identifier, Sex
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, answers, births, intents, pages, reception
from aliquot.web import patients as people
from aliquot.web.reception import Answer
from aliquot.web.visitor import Visitor

_FEW = 3
_MONTHS = range(1, 13)
_SEX_OF = {"1": Sex.MALE, "2": Sex.FEMALE, "7": Sex.MALE, "8": Sex.FEMALE}
_TAKEN = "identifier-taken"
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def _text(length: int, **attributes: str) -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": str(length), **attributes})


class PersonForm(forms.Form):
    """A person as they came to the desk. The hidden numbers are drawn when the form is rendered."""

    family = forms.CharField(label=_("Family name"), max_length=80, widget=_text(80))
    given = forms.CharField(
        label=_("First names"), help_text=_("In their order, with spaces between."), max_length=120, widget=_text(120)
    )
    born_on = births.BirthDate(label=_("Birth date"), help_text=_("Day, month, year: 01041961"))
    sex = forms.ChoiceField(label=_("Sex"), choices=[("", ""), *people.SEXES.items()])
    nir = forms.CharField(
        label=_("National number"),
        help_text=_("15 characters, as on the card. It may stay empty."),
        max_length=24,
        required=False,
        widget=_text(24, inputmode="text"),
    )
    birth_family = forms.CharField(label=_("Birth name"), max_length=80, required=False, widget=_text(80))
    birth_given = forms.CharField(label=_("Birth first names"), max_length=120, required=False, widget=_text(120))
    birthplace_insee = forms.RegexField(
        r"^[0-9][0-9AB][0-9]{3}$",
        label=_("Birthplace (INSEE code)"),
        help_text=_("Five characters; 99 and three digits for a country."),
        required=False,
        widget=_text(5),
        error_messages={"invalid": _("An INSEE code has five characters, for example 75056.")},
    )
    lines = forms.CharField(label=_("Address"), max_length=120, required=False, widget=_text(120))
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False, widget=_text(12))
    city = forms.CharField(label=_("Town"), max_length=60, required=False, widget=_text(60))
    phone = forms.CharField(label=_("Telephone"), max_length=24, required=False, widget=_text(24, inputmode="tel"))
    email = forms.EmailField(label=_("E-mail"), max_length=120, required=False, widget=_text(120, inputmode="email"))
    note = forms.CharField(
        label=_("Note"), help_text=_("For whoever receives this person."), max_length=500, required=False
    )
    patient = forms.CharField(widget=forms.HiddenInput)
    file_number = forms.CharField(widget=forms.HiddenInput)

    def clean_nir(self) -> str:
        """A national number whose key fits."""
        typed = "".join(str(self.cleaned_data["nir"]).split()).upper()
        if not typed:
            return ""
        if len(typed) != 15:
            raise forms.ValidationError(_("A national number has 15 characters: 13 and a key of two."))
        try:
            return identifiers.nir(typed)
        except Unclear:
            raise forms.ValidationError(_("One character is wrong: the key does not match. Read it again.")) from None


@dataclass(frozen=True)
class Doubts:
    """What the desk has to look at before somebody is registered. `seen` is carried on to say that it did."""

    answer: Answer
    words: tuple[str | Promise, ...]
    seen: str


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The form of a new person; sent with `begin` it is only filled with what was looked for."""
    if request.method == "GET" or "begin" in request.POST:
        return _page(request, visitor, _fresh(request, visitor))
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, form, status=422)
    person = _person(form, clock.system())
    doubts = _doubts(visitor, person, addresses.read(form.cleaned_data["patient"]))
    if doubts.seen and doubts.seen != request.POST.get("seen"):
        return _page(request, visitor, form, {"doubts": doubts}, status=409)
    return _register(request, visitor, form, person)


def _register(request: HttpRequest, visitor: Visitor, form: PersonForm, person: Registration) -> HttpResponse:
    patient = addresses.read(form.cleaned_data["patient"])
    # When it was looked for changes with each sending; what is wanted does not.
    wanted = canonical.encode(msgspec.structs.replace(person, searched_at=_ANY_TIME))
    meant = intents.posted(request, visitor, Purpose.PATADMIN, wanted)
    try:
        with door.enter(visitor.actor, RegisterPatient(patient), meant) as grant:
            patients.register(grant, person, at=clock.system())
    except Denial as denial:
        if denial.code != _TAKEN:
            raise
        return _taken(request, visitor, form, denial)
    return pages.moved(request, f"{reverse('patients.show', args=[patient.hex()])}?said=registered")


def _taken(request: HttpRequest, visitor: Visitor, form: PersonForm, denial: Denial) -> HttpResponse:
    """The number is another's: the way forward is that person's page. The form becomes a new one."""
    nir = form.cleaned_data["nir"]
    at = clock.system()
    other = patients.by_identifier(visitor.actor, Identifier(NIR_SYSTEM, nir), at) if nir else None
    again = PersonForm({**request.POST.dict(), **_drawn(visitor)})
    shown: dict[str, object] = {"problem": answers.words(denial), "other": other.hex() if other else ""}
    return _page(request, visitor, again, shown, status=409)


def _doubts(visitor: Visitor, person: Registration, patient: Id) -> Doubts:
    """Who may already be this person, and what does not agree. The one being registered is not looked at."""
    said = person.demography
    letters = Letters(said.born_on, _beginning(said.family), _beginning(said.given[0]))
    found = reception.look(visitor, letters)
    others = tuple(choice for choice in found.choices if choice.patient != patient.hex())
    answer = Answer(others, found.more, found.hidden)
    words = tuple(_disagreements(person))
    signs = [choice.patient for choice in others] + ["more"] * answer.more + ["hidden"] * answer.hidden
    return Doubts(answer, words, "|".join([*signs, *(str(len(words)) if words else "",)]).strip("|"))


def _disagreements(person: Registration) -> list[str | Promise]:
    """Where the national number says something else than was typed."""
    nir, said = person.nir, person.demography
    if not nir:
        return []
    found: list[str | Promise] = []
    if nir[0] in _SEX_OF and said.sex in {Sex.MALE, Sex.FEMALE} and _SEX_OF[nir[0]] is not said.sex:
        found.append(_("The national number is of another sex."))
    if nir[1:3] != f"{said.born_on:%y}":
        found.append(_("The national number is of another birth year."))
    if int(nir[3:5]) in _MONTHS and nir[3:5] != f"{said.born_on:%m}":
        found.append(_("The national number is of another birth month."))
    return found


def _beginning(name: str) -> str:
    """The first letters of a name, as many as a search may ask."""
    return "".join(letter for letter in name if letter.isalpha())[:_FEW]


def _person(form: PersonForm, at: datetime) -> Registration:
    typed = form.cleaned_data
    reached = Contact(
        lines=(typed["lines"],) if typed["lines"] else (),
        postcode=typed["postcode"],
        city=typed["city"],
        phone=typed["phone"],
        email=typed["email"],
    )
    return Registration(
        Demography(typed["family"], tuple(typed["given"].split()), typed["born_on"], Sex(typed["sex"])),
        file_number=typed["file_number"],
        searched_at=at,
        birth_family=typed["birth_family"],
        birth_given=tuple(typed["birth_given"].split()),
        birthplace_insee=typed["birthplace_insee"],
        nir=typed["nir"],
        contact=reached if any(msgspec.structs.astuple(reached)) else None,
        note=typed["note"],
    )


def _fresh(request: HttpRequest, visitor: Visitor) -> PersonForm:
    begun = {name: request.POST.get(name, "") for name in ("family", "given", "born_on", "nir")}
    return PersonForm(initial={**begun, **_drawn(visitor)})


def _drawn(visitor: Visitor) -> dict[str, str]:
    """The numbers that a form carries so that sending it twice is one registration."""
    patient = ids.new(visitor.org, clock.system())
    return {
        "patient": patient.hex(),
        "file_number": numbers.draw_file_number(),
        "act": intents.fresh(visitor),
    }


def _page(
    request: HttpRequest,
    visitor: Visitor,
    form: PersonForm,
    more: dict[str, object] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    act = form.data.get("act") or form.initial.get("act")
    shown = {
        "crumbs": [(_("Reception"), reverse("reception.search")), (_("New patient"), "")],
        "form": form,
        "act": act,
        **(more or {}),
    }
    return pages.page(request, visitor, "reception/register.html", shown, status=status)
