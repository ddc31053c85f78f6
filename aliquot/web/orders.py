"""Ordering at reception: tests and panels for one patient, the tubes that they need, and their labels."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import door
from aliquot.access.acts import ConfirmOrder, PlaceOrder, PrintLabels
from aliquot.access.door import Intent
from aliquot.custody.denial import Denial
from aliquot.disclosure import labels as sheets
from aliquot.disclosure.labels import Label
from aliquot.lab import dossier, numbers
from aliquot.lab import orders as requests
from aliquot.lab.catalogue import Catalogue, Names, Test
from aliquot.lab.dossier import Dossier
from aliquot.lab.orders import Wanted
from aliquot.lab.specimens import Need
from aliquot.terms import canonical, clock, ids, states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, answers, factors, intents, pages, patients, premises, tube_words
from aliquot.web.tube_words import Look
from aliquot.web.visitor import Visitor

SECTIONS: dict[str, str | Promise] = {
    "biochemistry": _("Biochemistry"),
    "haematology": _("Haematology"),
    "coagulation": _("Coagulation"),
    "serology": _("Serology"),
}
_PRIORITIES = [(code, words) for code, (_tone, words) in tube_words.PRIORITIES.items()]
_TAKEN = "identifier-taken"
_TO_FILL = frozenset({states.Specimen.EXPECTED, states.Specimen.COLLECTED})


@dataclass(frozen=True)
class Offer:
    """One test or panel as the order form offers it. `words` is what the filter looks through."""

    code: str
    name: str
    note: str
    look: Look | None
    words: str
    chosen: bool


@dataclass(frozen=True)
class Group:
    """The offers of one section, or the panels; `field` is what they are sent as."""

    title: str | Promise
    field: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Tube:
    """One tube on a page: its barcode, how it looks, what is in it and measured on it, and where it stands."""

    accession: str
    look: Look
    specimen: str
    tests: str
    state: tuple[str, str | Promise]
    path: str = ""


class OrderForm(forms.Form):
    """What is said about a request beside its tests. The hidden numbers are drawn when the form is rendered."""

    priority = forms.ChoiceField(label=_("Priority"), choices=_PRIORITIES, initial="routine")
    prescriber = forms.CharField(label=_("Prescriber"), max_length=120)
    prescriber_id = forms.RegexField(
        r"^\d{9}(\d{2})?$",
        label=_("Prescriber's number"),
        help_text=_("RPPS (11 digits) or AM (9 digits). It may stay empty."),
        required=False,
        error_messages={"invalid": _("11 or 9 digits.")},
    )
    clinical_note = forms.CharField(
        label=_("Clinical note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": "3"})
    )
    site = forms.ChoiceField(label=_("Site"))
    requisition = forms.CharField(widget=forms.HiddenInput)
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, sites: Sequence[str], *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]  # passed on as they came
        self.fields["site"] = forms.ChoiceField(label=_("Site"), choices=[(site, site) for site in sites])


@require_http_methods(["GET", "POST"])
def place(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """The order form of one patient."""
    known = addresses.read(patient)
    if request.method == "GET":
        return _page(request, visitor, known, OrderForm(visitor.session.sites, initial=_drawn(visitor)))
    form = OrderForm(visitor.session.sites, request.POST)
    if not form.is_valid():
        return _page(request, visitor, known, form, status=422)
    where = premises.of(visitor, clock.system())
    wanted = _wanted(form, *_chosen(request, where.catalogue))
    if not wanted.tests and not wanted.panels:
        form.add_error(None, _("Choose at least one test or panel."))
        return _page(request, visitor, known, form, status=422)
    requisition = addresses.read(form.cleaned_data["requisition"])
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(wanted))
    try:
        with door.enter(visitor.actor, PlaceOrder(known, requisition), meant) as grant:
            requests.place(grant, wanted, where, at=clock.system())
    except Denial as denial:
        if denial.code != _TAKEN:
            raise
        again = OrderForm(visitor.session.sites, {**request.POST.dict(), **_drawn(visitor)})
        return _page(request, visitor, known, again, status=409)
    return pages.moved(request, f"{reverse('orders.show', args=[patient, requisition.hex()])}?said=placed")


@require_POST
def needed(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """The tubes that the chosen tests need, while they are being chosen."""
    catalogue = premises.of(visitor, clock.system()).catalogue
    tests, panels = _chosen(request, catalogue)
    tubes: tuple[Need, ...] = ()
    if tests or panels:
        tubes = requests.tubes(requests.expand(Wanted("", 0, tests, panels), catalogue), 0)
    shown = {"needed": [_needed(need, catalogue) for need in tubes], "patient": patient}
    return pages.page(request, visitor, "reception/_needed.html", shown)


@require_GET
def show(request: HttpRequest, visitor: Visitor, patient: str, work: str) -> HttpResponse:
    """One request: its tubes, their labels, and its confirmation."""
    return _show(request, visitor, (addresses.read(patient), addresses.read(work)))


@require_GET
def labels(request: HttpRequest, visitor: Visitor, patient: str, work: str) -> HttpResponse:
    """The labels of the tubes that are still to be filled, one page each."""
    act = PrintLabels(addresses.read(patient), addresses.read(work))
    with door.enter(visitor.actor, act, door.intent(visitor.actor, clock.system())) as grant:
        found = requests.labels(grant)
    language = visitor.laboratory.language if visitor.laboratory else "fr"
    with translation.override(language):
        printed = sheets.labels([_label(one, language) for one in found])
    # The name of the file says nothing: browsers keep a list of what they were given.
    return HttpResponse(
        printed, content_type="application/pdf", headers={"Content-Disposition": 'inline; filename="labels.pdf"'}
    )


@require_POST
def confirm(request: HttpRequest, visitor: Visitor, patient: str, work: str) -> HttpResponse:
    """Somebody stands for an order with a fresh factor; from then on it explains the dossier."""
    known = (addresses.read(patient), addresses.read(work))
    act = ConfirmOrder(*known)
    meant: Intent = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(["confirm", work]))
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    try:
        door.note(visitor.actor, act, meant)
    except Denial as denial:
        if denial.code not in {"factor", "forbidden"}:
            raise
        return _show(request, visitor, known, denial)
    return pages.moved(request, f"{reverse('orders.show', args=[patient, work])}?said=confirmed")


def name(names: Names) -> str:
    """What a test or panel is called in the language of the page."""
    return names.fr if translation.get_language() == "fr" else names.en


def _show(request: HttpRequest, visitor: Visitor, known: tuple[Id, Id], denial: Denial | None = None) -> HttpResponse:
    patient, work = known
    with door.enter(visitor.actor, PrintLabels(*known), door.intent(visitor.actor, clock.system())) as grant:
        found = dossier.of(grant.read(dossier.stored(grant)))
    problem = answers.words(denial) if denial else None
    shown = {
        "crumbs": [
            (_("Reception"), reverse("reception.search")),
            (_("Patient"), reverse("patients.show", args=[patient.hex()])),
            (_("Request"), ""),
        ],
        "patient": patient.hex(),
        "work": work.hex(),
        "requisition": found.requisition.content,
        "priority": tube_words.PRIORITIES[found.requisition.content.priority],
        "tubes": _tubes(found),
        "to_label": sum(tube.state in _TO_FILL for tube in found.specimens),
        "line": patients.seen(visitor, patient),
        "may_confirm": "ConfirmOrder" in visitor.session.acts,
        "act": intents.fresh(visitor),
        "said": request.GET.get("said", ""),
        "problem": problem,
    }
    return pages.page(request, visitor, "reception/request.html", shown, status=problem.status if problem else 200)


def _label(said: requests.Label, language: str) -> Label:
    return Label(
        accession=said.accession,
        family=said.family,
        given_initial=said.given_initial,
        born_on=said.born_on,
        tube=tube_words.look(said.tube).text,
        specimen_type=tube_words.specimen(said.specimen_type),
        tests=said.tests,
        priority=said.priority,
        language=language,
    )


def _tubes(found: Dossier) -> list[Tube]:
    return [
        Tube(
            tube.content.accession,
            tube_words.look(tube.content.tube),
            tube_words.specimen(tube.content.specimen_type),
            " ".join(tube.content.tests),
            tube_words.STATES[tube.state],
            reverse("tubes.show", args=[tube.id.hex()]),
        )
        for tube in found.specimens
    ]


def _needed(need: Need, catalogue: Catalogue) -> Tube:
    return Tube(
        "",
        tube_words.look(need.tube),
        tube_words.specimen(need.specimen_type),
        ", ".join(name(each.names) for each in catalogue.tests if each.code in need.tests),
        tube_words.STATES[states.Specimen.EXPECTED],
    )


def _chosen(request: HttpRequest, catalogue: Catalogue) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tests and panels that were ticked, each test once: one that comes in a panel is not asked for alone.

    A panel that shares a test with an earlier one is asked for as its other tests.
    """
    ticked = set(request.POST.getlist("panels"))
    alone = [test.code for test in catalogue.tests if test.code in request.POST.getlist("tests")]
    panels: list[str] = []
    within: set[str] = set()
    for panel in catalogue.panels:
        if panel.code in ticked and not within & set(panel.tests):
            panels.append(panel.code)
            within |= set(panel.tests)
        elif panel.code in ticked:
            alone += [code for code in panel.tests if code not in alone]
    return tuple(code for code in alone if code not in within), tuple(panels)


def _wanted(form: OrderForm, tests: tuple[str, ...], panels: tuple[str, ...]) -> Wanted:
    typed = form.cleaned_data
    return Wanted(
        site=typed["site"],
        number=typed["number"],
        tests=tests,
        panels=panels,
        priority=typed["priority"],
        prescriber=typed["prescriber"],
        prescriber_id=typed["prescriber_id"],
        clinical_note=typed["clinical_note"],
    )


def _groups(request: HttpRequest, catalogue: Catalogue) -> list[Group]:
    """The catalogue as the form offers it: panels first, then the tests of each section."""
    tests, panels = request.POST.getlist("tests"), request.POST.getlist("panels")
    offered = [test for test in catalogue.tests if test.orderable]
    sections = [
        Group(title, "tests", tuple(_offer(test, test.code in tests) for test in offered if test.section == section))
        for section, title in SECTIONS.items()
    ]
    whole = tuple(
        Offer(
            panel.code, name(panel.names), " ".join(panel.tests), None, f"{panel.code} {name(panel.names)}".lower(),
            panel.code in panels,
        )
        for panel in catalogue.panels
    )  # fmt: skip
    return [group for group in (Group(_("Panels"), "panels", whole), *sections) if group.offers]


def _offer(test: Test, chosen: bool) -> Offer:
    words = f"{test.code} {test.names.en} {test.names.fr}".lower()
    return Offer(test.code, name(test.names), test.code, tube_words.look(test.tube), words, chosen)


def _drawn(visitor: Visitor) -> dict[str, str | int]:
    """The numbers that a form carries so that sending it twice is one order."""
    return {
        "requisition": ids.new(visitor.org, clock.system()).hex(),
        "number": numbers.draw(),
        "act": intents.fresh(visitor),
    }


def _page(request: HttpRequest, visitor: Visitor, patient: Id, form: OrderForm, *, status: int = 200) -> HttpResponse:
    if not visitor.session.sites:
        raise Refused("order: you have no site; your administrator gives you one")
    shown = {
        "crumbs": [
            (_("Reception"), reverse("reception.search")),
            (_("Patient"), reverse("patients.show", args=[patient.hex()])),
            (_("Order"), ""),
        ],
        "patient": patient.hex(),
        "form": form,
        "act": form.data.get("act") or form.initial.get("act"),
        "taken": status == 409,
        "line": patients.seen(visitor, patient),
        "groups": _groups(request, premises.of(visitor, clock.system()).catalogue),
    }
    return pages.page(request, visitor, "reception/order.html", shown, status=status)
