"""The biologist's desk: dossiers that wait, one dossier in its history, and the signature under its results."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import door
from aliquot.access.acts import ConfirmOrder, OpenDossier, OpenRestricted, ValidateMedically
from aliquot.custody.denial import Denial
from aliquot.disclosure import phrases
from aliquot.lab import bench, validation
from aliquot.lab.bench import OfficeRow
from aliquot.lab.validation import SentBack
from aliquot.terms import canonical, clock, states
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import (
    addresses,
    answers,
    cases,
    choices,
    factors,
    findings,
    intents,
    pages,
    patients,
    premises,
    racks,
    result_words,
    tube_words,
    workplace,
)
from aliquot.web.cases import Case
from aliquot.web.denials import Words
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor

CONFIRM = Words(
    403, _("Your session has rested"), _("Confirm with your passkey or a code, and sign again: it is all still here.")
)


@dataclass(frozen=True)
class _Again:
    """A form that comes back: what went wrong, and whether a factor is asked for now."""

    problem: Words
    factor: bool


@require_GET
def waiting(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The requisitions of a site that wait for a biologist, the most urgent first."""
    site = workplace.site(request, visitor)
    found = bench.to_validate(visitor.actor, site, clock.system())
    seen = racks.digest([f"{each.requisition.hex()} {each.awaits} {each.states} {each.holds}" for each in found])
    if pages.partial(request) and request.headers.get(racks.SEEN) == seen:
        return HttpResponse(status=204)
    columns = (
        Column(_("Request"), code=True),
        Column(_("Patient")),
        Column(_("Priority")),
        Column(_("Waits for")),
        Column(_("Results")),
        Column(_("Held because")),
        Column(_("Since")),
    )
    table = Table(
        _("Dossiers to validate"),
        columns,
        [_row(visitor, each) for each in found],
        _("No dossier waits"),
        _("What the bench has validated appears here by itself."),
    )
    shown = {"table": table, "site": site, "seen": seen, "address": f"{request.path}?{urlencode({'site': site})}"}
    template = "validation/_waiting.html" if pages.partial(request) else "validation/waiting.html"
    return pages.page(request, visitor, template, shown)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """One dossier in its history, and the signature under the results that were chosen."""
    requisition = addresses.read(work)
    if request.method == "GET":
        return _dossier(request, visitor, requisition, None)
    subject = bench.whose(visitor.actor, requisition)
    chosen, comment = choices.posted(request), request.POST.get("comment", "").strip()
    wish, reason = request.POST.get("do", "sign"), request.POST.get("reason", "").strip()
    wanted = {"do": wish, "choices": choices.told(chosen), "comment": comment, "reason": reason}
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode(wanted))
    act = ValidateMedically(subject, requisition)
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    try:
        with door.enter(visitor.actor, act, meant) as grant:
            signer, at = workplace.signer(visitor), clock.system()
            if wish == "return":
                validation.send_back(grant, SentBack(chosen, reason), signer, at=at)
            else:
                validation.medically(grant, chosen, comment, signer, at=at)
    except Refused as refused:
        return _dossier(request, visitor, requisition, _again(refused, given=meant.factor is not None))
    return pages.moved(request, reverse("validation.show", args=[work]))


@require_POST
def show_restricted(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """The dossier with what is restricted, for a purpose that was typed and confirmed with a fresh factor."""
    requisition = addresses.read(work)
    act = OpenRestricted(bench.whose(visitor.actor, requisition), requisition)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise Refused("restricted.reason: say what it is needed for")
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode({"work": work}), reason=reason)
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    with door.enter(visitor.actor, act, meant) as grant:
        case = cases.read(grant)
    return _show(request, visitor, case, None)


@require_POST
def confirm(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """Stand for an order that nothing outside this program has confirmed, so that its dossier can be opened."""
    requisition = addresses.read(work)
    act = ConfirmOrder(bench.whose(visitor.actor, requisition), requisition)
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode({"confirm": work}))
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    door.note(visitor.actor, act, meant)
    return pages.moved(request, reverse("validation.show", args=[work]))


def _dossier(request: HttpRequest, visitor: Visitor, requisition: Id, again: _Again | None) -> HttpResponse:
    act = OpenDossier(bench.whose(visitor.actor, requisition), requisition)
    try:
        with door.enter(visitor.actor, act, door.intent(visitor.actor, clock.system(), Purpose.TREAT)) as grant:
            case = cases.read(grant)
    except Denial as denial:
        if denial.code != "forbidden" or OpenDossier.__name__ not in visitor.session.acts:
            raise
        # A biologist whose roles allow it is refused only while nothing outside web has confirmed the order.
        return _unconfirmed(request, visitor, requisition)
    return _show(request, visitor, case, again)


def _show(request: HttpRequest, visitor: Visitor, case: Case, again: _Again | None) -> HttpResponse:
    at = clock.system()
    where, signer = premises.of(visitor, at), workplace.signer(visitor)
    said = case.dossier.requisition.content
    lines = cases.lines(case, where.catalogue, signer.role)
    shown = {
        "crumbs": [(_("Validation"), reverse("validation.waiting")), (said.number, "")],
        "work": case.dossier.requisition.id.hex(),
        "case": case,
        "said": said,
        "sex": patients.SEXES[case.demography.sex],
        "age": phrases.age(case.demography.born_on, at.astimezone(visitor.zone).date()),
        "priority": tube_words.PRIORITIES[said.priority],
        "tubes": findings.tubes(case.dossier),
        "lines": lines,
        "ready": any(line.one.state is states.Analysis.MED_VALIDATED for line in lines),
        "issued": any(line.one.state is states.Analysis.RELEASED for line in lines),
        "histories": True,
        "signer": signer,
        "act": intents.fresh(visitor),
        "act_restricted": intents.fresh(visitor),
        "filled": choices.kept(request),
        "comment": request.POST.get("comment", case.comment),
        "reason": request.POST.get("reason", ""),
        "asks_factor": again is not None and again.factor,
        "problem": again.problem if again else None,
    }
    return pages.page(request, visitor, "validation/show.html", shown, status=again.problem.status if again else 200)


def _unconfirmed(request: HttpRequest, visitor: Visitor, requisition: Id) -> HttpResponse:
    shown = {
        "crumbs": [(_("Validation"), reverse("validation.waiting")), (_("Order to confirm"), "")],
        "work": requisition.hex(),
        "act": intents.fresh(visitor),
    }
    return pages.page(request, visitor, "validation/unconfirmed.html", shown, status=403)


def _again(refused: Refused, *, given: bool) -> _Again:
    if isinstance(refused, Denial) and refused.code == "forbidden" and not given:
        # Custody signs nothing for a session that was left alone, and says so to nobody else.
        return _Again(CONFIRM, factor=True)
    return _Again(answers.words(refused), factor=given)


def _row(visitor: Visitor, each: OfficeRow) -> Row:
    tone, priority = tube_words.PRIORITIES[each.priority]
    return Row(
        (
            Cell(each.number, path=reverse("validation.show", args=[each.requisition.hex()])),
            Cell(f"{patients.SEXES[each.sex]}, {findings.age(each.age)}"),
            Cell(priority, tone=tone if each.priority != "routine" else ""),
            Cell(result_words.WAITS[each.awaits]),
            Cell(_counted(each), note=_protected(each.withheld)),
            Cell(" ".join(str(result_words.HOLDS[states.Hold(hold)].why) for hold in each.holds)),
            Cell(_since(visitor, each.since)),
        ),
        id=f"dossier-{each.requisition.hex()}",
    )


def _counted(each: OfficeRow) -> str:
    words = ((result_words.STATES[states.Analysis(state)][1], number) for state, number in each.states.items())
    return ", ".join(f"{state} {number}" for state, number in words)


def _protected(withheld: int) -> str | Promise:
    return _("and %(number)s protected") % {"number": withheld} if withheld else ""


def _since(visitor: Visitor, at: datetime) -> str:
    return f"{at.astimezone(visitor.zone):%d/%m %H:%M}"
