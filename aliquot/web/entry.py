"""A value that somebody read and types by hand."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.access import door
from aliquot.access.acts import TypeResult
from aliquot.lab import bench, dossier, results
from aliquot.lab.catalogue import Test
from aliquot.lab.dossier import Dossier
from aliquot.lab.results import Spot, Typed
from aliquot.lab.setting import Setting
from aliquot.terms import canonical, clock
from aliquot.terms.canonical import Json
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, findings, intents, pages, premises, workplace
from aliquot.web.findings import Finding
from aliquot.web.values import ValueForm
from aliquot.web.visitor import Visitor


@require_http_methods(["GET", "POST"])
def type_(request: HttpRequest, visitor: Visitor, work: str, order: str, specimen: str) -> HttpResponse:
    """Type the value of one analysis on one tube."""
    requisition, at = addresses.read(work), clock.system()
    act = TypeResult(bench.whose(visitor.actor, requisition), requisition)
    where = premises.of(visitor, at)
    with door.enter(visitor.actor, act, door.intent(visitor.actor, at, Purpose.TREAT)) as grant:
        found = dossier.read(grant)
    one = _one(found, where, visitor, (addresses.read(order), addresses.read(specimen)))
    test = _test(where, one)
    form = ValueForm(test, where.laboratory.language, request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, visitor, found, one, form)
    value = form.value
    if value is None:
        raise Refused("entry.value: say one thing")
    spot = Spot(addresses.read(order), addresses.read(specimen), addresses.version(request.POST.get("version", "")))
    wanted: Json = {"order": order, "specimen": specimen, "version": spot.version, "value": form.told}
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(wanted))
    with door.enter(visitor.actor, act, meant) as typing:
        results.type_(typing, (Typed(spot, value, at),), where, workplace.signer(visitor), at=at)
    return pages.moved(request, reverse("bench.show", args=[work]))


def _page(request: HttpRequest, visitor: Visitor, found: Dossier, one: Finding, form: ValueForm) -> HttpResponse:
    work = found.requisition.id.hex()
    number = found.requisition.content.number
    shown = {
        "crumbs": [
            (_("Bench"), reverse("bench.tubes")),
            (number, reverse("bench.show", args=[work])),
            (one.name, ""),
        ],
        "one": one,
        "form": form,
        "act": intents.fresh(visitor),
    }
    return pages.page(request, visitor, "bench/entry.html", shown, status=422 if form.errors else 200)


def _one(found: Dossier, where: Setting, visitor: Visitor, place: tuple[Id, Id]) -> Finding:
    order, tube = (each.hex() for each in place)
    for each in findings.of_dossier(found, where.catalogue, workplace.signer(visitor).role):
        if (each.order, each.specimen) == (order, tube):
            return each
    raise Refused("entry: this test is not asked for on this tube")


def _test(where: Setting, one: Finding) -> Test:
    test = findings.known(where.catalogue, one.test)
    if test is None:
        raise Refused("entry: the catalogue in force does not have this test")
    return test
