"""The bench: waiting tubes by code, sex and age, and one requisition's results to be judged there. No name is here."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import door
from aliquot.access.acts import TypeResult, ValidateTechnically
from aliquot.custody.denial import Denial
from aliquot.lab import bench, dossier, results, validation
from aliquot.lab.results import Cancelled, Spot
from aliquot.lab.validation import SentBack
from aliquot.terms import canonical, clock
from aliquot.terms.canonical import Json
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.web import (
    addresses,
    answers,
    choices,
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
from aliquot.web.visitor import Visitor


@dataclass(frozen=True)
class Tab:
    """One choice of what is listed, with how many tubes it has."""

    label: str | Promise
    query: str
    number: int
    current: bool


@require_GET
def tubes(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The waiting tubes of a site; htmx asks for the rows again and gets them when something has changed."""
    site, at = workplace.site(request, visitor), clock.system()
    section, step = request.GET.get("bench", ""), request.GET.get("step", "")
    waiting = bench.waiting(visitor.actor, site, at, bench=section, awaits=step)
    seen = racks.stamp(waiting)
    if pages.partial(request) and request.headers.get(racks.SEEN) == seen:
        return HttpResponse(status=204)
    counts = bench.in_hand(visitor.actor, site)
    shown = {
        "site": site,
        "tubes": racks.tubes(waiting, premises.of(visitor, at).catalogue),
        "total": sum(counts.values()),
        "seen": seen,
        "address": f"{request.path}?{urlencode({'site': site, 'bench': section, 'step': step})}",
        "sections": _tabs(
            [(each, sum(n for (b, _), n in counts.items() if b == each)) for each in sorted({b for b, _ in counts})],
            result_words.SECTIONS,
            ("bench", section, {"site": site, "step": step}),
        ),
        "steps": _tabs(
            [(each, sum(n for (_, s), n in counts.items() if s == each)) for each in sorted({s for _, s in counts})],
            result_words.WAITS,
            ("step", step, {"site": site, "bench": section}),
        ),
    }
    return pages.page(request, visitor, "bench/_tubes.html" if pages.partial(request) else "bench/tubes.html", shown)


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """One requisition at the bench: its results, and what the person decides about those that they chose."""
    requisition = addresses.read(work)
    if request.method == "GET":
        return _page(request, visitor, requisition)
    try:
        _decide(request, visitor, requisition)
    except Refused as refused:
        if isinstance(refused, Denial) and refused.code not in {"conflict", "forbidden"}:
            raise
        return _page(request, visitor, requisition, refused)
    return pages.moved(request, reverse("bench.show", args=[work]))


@require_POST
def give_up(request: HttpRequest, visitor: Visitor, work: str) -> HttpResponse:
    """Say that analyses will not be done, and why."""
    requisition, at = addresses.read(work), clock.system()
    spots, reason = _spots(request), request.POST.get("reason", "").strip()
    if not spots:
        raise Refused("bench: choose the analyses that will not be done")
    wanted: Json = [[each.order.hex(), each.specimen.hex(), each.version] for each in spots]
    meant = intents.posted(request, visitor, Purpose.TREAT, canonical.encode({"spots": wanted, "reason": reason}))
    where, act = premises.of(visitor, at), TypeResult(bench.whose(visitor.actor, requisition), requisition)
    with door.enter(visitor.actor, act, meant) as grant:
        results.cancel(grant, Cancelled(spots, reason), where, workplace.signer(visitor), at=at)
    return pages.moved(request, reverse("bench.show", args=[work]))


def _page(request: HttpRequest, visitor: Visitor, requisition: Id, refused: Refused | None = None) -> HttpResponse:
    at = clock.system()
    where = premises.of(visitor, at)
    act = ValidateTechnically(bench.whose(visitor.actor, requisition), requisition)
    with door.enter(visitor.actor, act, door.intent(visitor.actor, at, Purpose.TREAT)) as grant:
        stored = dossier.stored(grant)
        found = dossier.of(grant.read(stored))
    asked = sum(one.row.kind == Kind.ORDER and one.row.version == 1 for one in stored)
    problem = answers.words(refused) if refused else None
    said = found.requisition.content
    shown = {
        "crumbs": [(_("Bench"), reverse("bench.tubes")), (said.number, "")],
        "work": requisition.hex(),
        "said": said,
        "age": findings.age(said.age),
        "sex": patients.SEXES[said.sex],
        "priority": tube_words.PRIORITIES[said.priority],
        "tubes": findings.tubes(found),
        "findings": findings.of_dossier(found, where.catalogue, workplace.signer(visitor).role),
        "withheld": asked - len(found.orders),
        "act": intents.fresh(visitor),
        "act_give_up": intents.fresh(visitor),
        "filled": choices.kept(request),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
    }
    return pages.page(request, visitor, "bench/show.html", shown, status=problem.status if problem else 200)


def _decide(request: HttpRequest, visitor: Visitor, requisition: Id) -> None:
    chosen, wish = choices.posted(request), request.POST.get("do", "")
    reason = request.POST.get("reason", "").strip()
    subject, at = bench.whose(visitor.actor, requisition), clock.system()
    wanted = canonical.encode({"do": wish, "choices": choices.told(chosen), "reason": reason})
    meant = intents.posted(request, visitor, Purpose.TREAT, wanted)
    signer = workplace.signer(visitor)
    match wish:
        case "validate":
            with door.enter(visitor.actor, ValidateTechnically(subject, requisition), meant) as grant:
                validation.technically(grant, chosen, signer, at=at)
        case "repeat":
            with door.enter(visitor.actor, ValidateTechnically(subject, requisition), meant) as grant:
                validation.repeat(grant, SentBack(chosen, reason), signer, at=at)
        case _:
            raise Refused("bench: choose what is to be done")


def _spots(request: HttpRequest) -> tuple[Spot, ...]:
    return tuple(
        _spot(name.removeprefix("spot-"), str(seen)) for name, seen in request.POST.items() if name.startswith("spot-")
    )


def _spot(place: str, seen: str) -> Spot:
    order, _, tube = place.partition("-")
    return Spot(addresses.read(order), addresses.read(tube), addresses.version(seen))


def _tabs(
    counted: Sequence[tuple[str, int]], words: dict[str, str | Promise], of: tuple[str, str, dict[str, str]]
) -> list[Tab]:
    field, chosen, rest = of
    everything = Tab(_("All"), urlencode({**rest, field: ""}), sum(number for _, number in counted), not chosen)
    return [
        everything,
        *(
            Tab(words.get(each, each), urlencode({**rest, field: each}), number, each == chosen)
            for each, number in counted
        ),
    ]
