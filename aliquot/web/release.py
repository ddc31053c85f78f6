"""Issuing a report: every word of it is shown first, and what is shown is what is issued."""

import hashlib

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.access import door
from aliquot.access.acts import ReleaseReport
from aliquot.custody.denial import Denial
from aliquot.disclosure import fhir, pdf, sheet
from aliquot.lab import bench, editions, reports
from aliquot.lab.content import Report
from aliquot.terms import canonical, clock
from aliquot.terms.canonical import Json
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, factors, intents, pages, premises, workplace
from aliquot.web.validation import CONFIRM
from aliquot.web.visitor import Visitor


@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """The report as it would be issued now; after a rest, once the person has confirmed that it is still them."""
    requisition = addresses.read(work)
    act = ReleaseReport(bench.whose(visitor.actor, requisition), requisition)
    at = clock.system()
    if request.method == "POST":
        meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode({"preview": work}))
        if factors.asked(request):
            return factors.challenge(visitor, act, meant)
    else:
        meant = door.intent(visitor.actor, at, Purpose.TREAT)
    where = premises.of(visitor, at)
    try:
        with door.enter(visitor.actor, act, meant) as grant:
            made_of = reports.read_material(grant)
            draft = editions.draft(made_of, where, grant.reached, at=at)
    except Denial as denial:
        if denial.code != "forbidden" or meant.factor is not None:
            raise
        return _page(request, visitor, requisition, None, at_rest="preview")
    return _page(request, visitor, requisition, draft)


@require_http_methods(["POST"])
def issue(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """Issue the version that was previewed: signed, rendered and sealed in one act."""
    requisition, at = addresses.read(work), clock.system()
    act = ReleaseReport(bench.whose(visitor.actor, requisition), requisition)
    seen = request.POST.get("seen", "")
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode({"issue": work, "seen": seen}))
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    where = premises.of(visitor, at)
    try:
        with door.enter(visitor.actor, act, meant) as grant:
            report = reports.release(grant, where, grant.reached, workplace.signer(visitor), at=at)
            if report is not None:
                if _stamp(report) != seen:
                    raise Denial("conflict", "the report would say something else now; read it again")
                machine = fhir.document(report)
                reports.attach(grant, report, pdf.render(report, machine), machine)
    except Denial as denial:
        if denial.code != "forbidden" or meant.factor is not None:
            raise
        return _page(request, visitor, requisition, None, at_rest="issue")
    return pages.moved(request, reverse("report.show", args=[work]))


def _page(
    request: HttpRequest, visitor: Visitor, requisition: Id, draft: Report | None, *, at_rest: str = ""
) -> HttpResponse:
    work = requisition.hex()
    shown = {
        "crumbs": [
            (_("Validation"), reverse("validation.waiting")),
            (_("Dossier"), reverse("validation.show", args=[work])),
            (_("Report"), ""),
        ],
        "work": work,
        "sheet": sheet.compose(draft) if draft else None,
        "at_rest": at_rest,
        "seen": _stamp(draft) if draft else request.POST.get("seen", ""),
        "act": intents.fresh(visitor),
        "problem": CONFIRM if at_rest else None,
    }
    return pages.page(request, visitor, "validation/release.html", shown, status=CONFIRM.status if at_rest else 200)


def _stamp(report: Report) -> str:
    """What was shown, in ids and version numbers, so that nothing else is issued."""
    shown: Json = [[line.observation, line.version, line.state] for line in report.results]
    told = canonical.encode([report.version, report.status, shown, report.pending, report.comment])
    return hashlib.sha256(told).hexdigest()[:32]
