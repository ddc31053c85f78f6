"""Tubes at the counter: scanned one at a time, looked at, taken in, or rejected with a reason."""

import hashlib
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import door
from aliquot.access.acts import ReceiveSpecimen, RejectSpecimen
from aliquot.access.door import Intent
from aliquot.custody.denial import Denial
from aliquot.lab import dossier, numbers, rejections, requisitions, specimens
from aliquot.lab.content import Requisition, Specimen
from aliquot.lab.records import Kept
from aliquot.lab.rejections import Refusal
from aliquot.lab.requisitions import Standing
from aliquot.lab.specimens import Arrival, Checks
from aliquot.lab.statuses import Role
from aliquot.terms import canonical, clock, states
from aliquot.terms.errors import Refused, Unclear
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, intents, orders, pages, patients, premises, scans, tube_words
from aliquot.web.visitor import Visitor

_BENCH = {"technician": Role.TECHNICIAN, "biologist": Role.BIOLOGIST}
_COMING = frozenset({states.Specimen.EXPECTED, states.Specimen.COLLECTED})
_PRESENT = frozenset({states.Specimen.RECEIVED, states.Specimen.ACCEPTED})


class ScanForm(forms.Form):
    """One barcode; a scanner types it and presses Enter."""

    barcode = forms.CharField(
        label=_("Barcode"),
        max_length=32,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "autofocus": True,
                "class": "code",
                "data-keys": "/",
                "data-keys-label": _("Scan a tube"),
                "data-scan": True,
            }
        ),
    )


class LookForm(forms.Form):
    """What was looked at before a tube is accepted, and when it was taken, if that is known."""

    CHECKS = ("tube", "readable", "identity", "enough")

    tube = forms.BooleanField(label=_("It is the right kind of tube"), required=False)
    readable = forms.BooleanField(label=_("Its label can be read"), required=False)
    identity = forms.BooleanField(label=_("Its identity agrees with the request"), required=False)
    enough = forms.BooleanField(label=_("There is enough in it"), required=False)
    collected_at = forms.DateTimeField(
        label=_("Taken at"),
        help_text=_("Empty if nobody knows: a biologist then answers for every result of it."),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def insist(self) -> None:
        """A tube is accepted with every check, and rejected otherwise."""
        for check in self.CHECKS:
            if not self.cleaned_data[check]:
                self.add_error(check, _("Look at this; if it is not so, reject the tube."))


class RejectForm(forms.Form):
    """Why a tube cannot be used."""

    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[("", ""), *((code, tube_words.REASONS[code]) for code in rejections.REASONS)],
    )
    recollect = forms.BooleanField(label=_("Ask for a new tube"), required=False)
    number = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    arrival = forms.CharField(widget=forms.HiddenInput, required=False)


@dataclass(frozen=True)
class _Tube:
    """One tube as it was found, with what its requisition says of it."""

    standing: Standing
    kept: Kept[Specimen]
    requisition: Requisition


@require_http_methods(["GET", "POST"])
def scan(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The counter: one field for the scanner, which takes the focus again after each tube."""
    form = ScanForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        found = _scanned(visitor, form)
        if found is not None:
            return pages.moved(request, reverse("tubes.show", args=[found.hex()]))
    return _counter(request, visitor, form)


@require_GET
def show(request: HttpRequest, visitor: Visitor, specimen: str) -> HttpResponse:
    """One tube, and what is done with it now."""
    return _page(request, visitor, specimen)


@require_POST
def receive(request: HttpRequest, visitor: Visitor, specimen: str) -> HttpResponse:
    """Take a tube in; with its checks, accept it."""
    accepting = "accept" in request.POST
    with timezone.override(visitor.zone):
        form = LookForm(request.POST)
        if form.is_valid() and accepting:
            form.insist()
        if form.errors:
            return _page(request, visitor, specimen, look=form)
    standing = requisitions.of_tube(visitor.org, addresses.read(specimen))
    arrival = _arrival(request, visitor, standing, form)
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(arrival))
    _take_in(visitor, standing, arrival, meant)
    return pages.moved(request, f"{reverse('tubes.scan')}?said={'accepted' if accepting else 'received'}")


@require_POST
def reject(request: HttpRequest, visitor: Visitor, specimen: str) -> HttpResponse:
    """Refuse a tube with a coded reason; one that has only just come is taken in first, without its checks."""
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, specimen, refuse=form)
    where = premises.of(visitor, clock.system())
    standing = requisitions.of_tube(visitor.org, addresses.read(specimen))
    typed, found = form.cleaned_data, standing.found
    number = typed["number"] if typed["recollect"] else None
    refusal = Refusal(found.specimen, typed["reason"], _role(visitor), standing.site, number)
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(refusal))
    if typed["arrival"]:
        arrival = Arrival(found.specimen, request.POST.get("accession", ""), _role(visitor))
        before = Intent(
            Purpose.TREAT, addresses.read(typed["arrival"]), hashlib.sha256(canonical.encode(arrival)).digest()
        )
        _take_in(visitor, standing, arrival, before)
    with door.enter(visitor.actor, RejectSpecimen(found.subject, found.requisition), meant) as grant:
        rejections.reject(grant, refusal, where, at=clock.system())
    if number is None:
        return pages.moved(request, f"{reverse('tubes.scan')}?said=rejected")
    to = reverse("orders.show", args=[found.subject.hex(), found.requisition.hex()])
    return pages.moved(request, f"{to}?said=again")


def _scanned(visitor: Visitor, form: ScanForm) -> Id | None:
    """The tube that a barcode names; what is none of ours is told beside the field."""
    try:
        accession = scans.read(form.cleaned_data["barcode"]).value
        return specimens.by_accession(visitor.actor, accession, clock.system()).specimen
    except Denial:
        raise
    except Unclear:
        form.add_error("barcode", _("One character is wrong: its check character does not match. Scan it again."))
    except Refused:
        form.add_error("barcode", _("This laboratory knows no such tube. Put it aside and look for its request."))
    return None


def _counter(request: HttpRequest, visitor: Visitor, form: ScanForm) -> HttpResponse:
    waiting = specimens.at_reception(visitor.org, visitor.session.sites)
    shown = {"form": form, "said": request.GET.get("said", ""), "waiting": waiting}
    return pages.page(request, visitor, "tubes/scan.html", shown, status=422 if form.errors else 200)


def _page(
    request: HttpRequest,
    visitor: Visitor,
    specimen: str,
    *,
    look: LookForm | None = None,
    refuse: RejectForm | None = None,
) -> HttpResponse:
    standing = requisitions.of_tube(visitor.org, addresses.read(specimen))
    try:
        tube = _open(visitor, standing)
    except Denial as denial:
        if denial.code != "no-work":
            raise
        form = ScanForm({"barcode": "-"})
        form.add_error("barcode", _("The request of this tube is closed; nothing more is measured on it."))
        return _counter(request, visitor, form)
    shown = {
        "crumbs": [(_("Tubes"), reverse("tubes.scan")), (tube.kept.content.accession, "")],
        **_described(visitor, tube),
        "look": look or LookForm(),
        "latest": tube.kept.content.received_at or clock.system(),
        "refuse": refuse or RejectForm(initial={"number": numbers.draw(), **_arriving(visitor, tube)}),
        "act": request.POST.get("act", "") if look else intents.fresh(visitor),
        "refuse_act": request.POST.get("act", "") if refuse else intents.fresh(visitor),
    }
    return pages.page(request, visitor, "tubes/tube.html", shown, status=422 if look or refuse else 200)


def _open(visitor: Visitor, standing: Standing) -> _Tube:
    found = standing.found
    act = ReceiveSpecimen(found.subject, found.requisition)
    with door.enter(visitor.actor, act, door.intent(visitor.actor, clock.system())) as grant:
        work = dossier.of(grant.read(dossier.stored(grant)))
    return _Tube(standing, work.specimen(found.specimen), work.requisition.content)


def _described(visitor: Visitor, tube: _Tube) -> dict[str, object]:
    """What the page says of a tube, and which steps are this person's. Custody and the verbs decide them again."""
    said, state = tube.kept.content, tube.kept.state
    catalogue = premises.of(visitor, clock.system()).catalogue
    bench = _role(visitor) is not Role.SECRETARY
    return {
        "specimen": tube.kept.id.hex(),
        "tube": said,
        "tube_look": tube_words.look(said.tube),
        "tube_holds": tube_words.specimen(said.specimen_type),
        "tests": [orders.name(each.names) for each in catalogue.tests if each.code in said.tests],
        "state": tube_words.STATES[state],
        "reason": tube_words.REASONS.get(said.reason, ""),
        "requisition": tube.requisition,
        "priority": tube_words.PRIORITIES[tube.requisition.priority],
        "sex": patients.SEXES[tube.requisition.sex],
        "age": tube_words.age(tube.requisition.age),
        "line": patients.seen(visitor, tube.standing.found.subject),
        "may_receive": state in _COMING,
        "may_accept": bench and (state in _COMING or state == states.Specimen.RECEIVED),
        "may_reject": "RejectSpecimen" in visitor.session.acts and state in _COMING | _PRESENT,
    }


def _arriving(visitor: Visitor, tube: _Tube) -> dict[str, str]:
    """The id of the arrival that comes before the rejection of a tube that is not in yet."""
    return {"arrival": intents.fresh(visitor)} if tube.kept.state in _COMING else {}


def _arrival(request: HttpRequest, visitor: Visitor, standing: Standing, form: LookForm) -> Arrival:
    good = Checks(request.POST.get("tube_kind", ""), readable=True, identity_agrees=True, enough=True)
    return Arrival(
        standing.found.specimen,
        request.POST.get("accession", ""),
        _role(visitor),
        form.cleaned_data["collected_at"],
        good if "accept" in request.POST else None,
    )


def _take_in(visitor: Visitor, standing: Standing, arrival: Arrival, meant: Intent) -> None:
    found = standing.found
    with door.enter(visitor.actor, ReceiveSpecimen(found.subject, found.requisition), meant) as grant:
        specimens.receive(grant, arrival, at=clock.system())


def _role(visitor: Visitor) -> Role:
    """As what this person handles tubes: the bench before the desk."""
    return next((_BENCH[role] for role in visitor.session.roles if role in _BENCH), Role.SECRETARY)
