"""Issued reports: every version as it was signed, copies for people and machines, and the register of copies."""

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import door
from aliquot.access.acts import CorrectResult, ReadReport
from aliquot.custody.denial import Denial
from aliquot.disclosure import register, sheet
from aliquot.disclosure.register import Copy, Form, Giver
from aliquot.lab import bench, reports, specimens
from aliquot.lab.content import Disclosure, Report
from aliquot.terms import canonical, clock
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, intents, pages, result_words
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor

RECIPIENTS = {
    "patient": _("the patient"),
    "prescriber": _("the prescriber"),
    "care": _("another carer of the patient"),
    "laboratory": _("the laboratory itself"),
}
_FORMS = {"pdf": ("application/pdf", "pdf"), "fhir": ("application/fhir+json", "json")}


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Find the reports about a tube by its barcode."""
    if request.method == "GET":
        return pages.page(request, visitor, "report/find.html", {"unknown": False})
    try:
        tube = specimens.by_accession(visitor.actor, request.POST.get("accession", ""), clock.system())
    except Refused as refused:
        if isinstance(refused, Denial):
            raise
        return pages.page(request, visitor, "report/find.html", {"unknown": True}, status=422)
    return pages.moved(request, reverse("report.show", args=[tube.requisition.hex()]))


@require_GET
def show(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """One version in the words in which it was issued, beside every other version and where copies went."""
    requisition, at = addresses.read(work), clock.system()
    act = ReadReport(bench.whose(visitor.actor, requisition), requisition)
    with door.enter(visitor.actor, act, door.intent(visitor.actor, at, purpose(visitor))) as grant:
        issued = reports.read(grant)
        copies = register.entries(grant)
    if not issued.reports:
        return pages.page(request, visitor, "report/none.html", {"work": work}, status=404)
    latest = issued.reports[-1]
    chosen = _version(issued.reports, request.GET.get("version", str(latest.version)))
    shown = {
        "crumbs": [(_("Reports"), reverse("report.find")), (chosen.requisition.number, "")],
        "work": work,
        "report": chosen,
        "sheet": sheet.compose(chosen),
        "latest": latest,
        "status": result_words.REPORTS[chosen.status],
        "versions": [(each, result_words.REPORTS[each.status]) for each in reversed(issued.reports)],
        "copies": _copies(visitor, copies),
        "recipients": RECIPIENTS.items(),
        "corrects": CorrectResult.__name__ in visitor.session.acts,
        "copy_forms": [
            ("pdf", intents.fresh(visitor), _("A PDF, for")),
            ("fhir", intents.fresh(visitor), _("FHIR for software, for")),
        ],
    }
    return pages.page(request, visitor, "report/show.html", shown)


@require_POST
def copy(request: HttpRequest, visitor: Visitor, work: str, version: str) -> HttpResponse:
    """Give out a copy, and enter in the register to whom."""
    requisition, at = addresses.read(work), clock.system()
    form, recipient = request.POST.get("form", ""), request.POST.get("recipient", "")
    if form not in _FORMS or recipient not in RECIPIENTS:
        raise Refused("copy: choose a form, and who gets it")
    wanted = canonical.encode({"version": version, "form": form, "recipient": recipient})
    meant = intents.posted(request, visitor, purpose(visitor), wanted)
    asked = Copy(
        addresses.version(version), cast("Form", form), recipient, "downloaded"
    )  # one of the forms, as was just looked at
    act = ReadReport(bench.whose(visitor.actor, requisition), requisition)
    with door.enter(visitor.actor, act, meant) as grant:
        body = register.disclose(grant, asked, Giver(visitor.session.person.hex(), visitor.session.name), at=at)
    kind, ending = _FORMS[form]
    # The name of the file is the report's own code: it lies in download folders and names nobody.
    name = f"{work[-12:]}-v{version}.{ending}"
    return HttpResponse(body, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def purpose(visitor: Visitor) -> Purpose:
    """Why this person reads reports: who answers for results treats, who hands them over administers."""
    return Purpose.TREAT if CorrectResult.__name__ in visitor.session.acts else Purpose.PATADMIN


def _version(issued: tuple[Report, ...], wanted: str) -> Report:
    for each in issued:
        if str(each.version) == wanted:
            return each
    raise Refused("report.version: no such version was issued")


def _copies(visitor: Visitor, copies: tuple[Disclosure, ...]) -> Table:
    columns = (Column(_("When")), Column(_("Version"), number=True), Column(_("As")), Column(_("For")), Column(_("By")))
    lines = [
        Row(
            (
                Cell(f"{each.at.astimezone(visitor.zone):%d/%m/%Y %H:%M}"),
                Cell(str(each.version)),
                Cell(each.form.upper()),
                Cell(RECIPIENTS.get(each.recipient, each.recipient)),
                Cell(each.name),
            )
        )
        for each in copies
    ]
    return Table(_("Copies that left"), columns, lines, _("No copy has left"))
