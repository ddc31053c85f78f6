"""Records that leave: proposed by one of two officers, read in words before it is signed, followed until its end."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import exporting
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.web import addresses, answers, changes, enrolled, inputs, intents, leaving_form, leaving_told, pages
from aliquot.web.leaving_form import LONGEST_RECEIVER, LeavingForm
from aliquot.web.leaving_told import Scope
from aliquot.web.moving_told import looking
from aliquot.web.visitor import Visitor


@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Fill in what is to leave; the next page shows it in words, to be signed, and leads back to be changed."""
    form = _filled(request, visitor)
    with looking(visitor) as grant:
        own = exporting.sender(grant).fingerprint
        filled = form.is_valid()
        scope = leaving_told.scope(visitor, grant, leaving_form.made(form.cleaned_data)) if filled else None
    if scope is not None and form.judged(scope.patients, scope.denial, own):
        return _confirm(request, visitor, scope)
    shown = {"crumbs": _crumbs(_("Propose an export")), "form": form, "own": own}
    return pages.page(request, visitor, "leaving/propose.html", shown, status=422 if form.errors else 200)


@require_POST
def sign(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Sign first what leaves, with a fresh factor over exactly what was shown."""

    def refused(form: forms.SignExport, denial: Denial) -> HttpResponse:
        with looking(visitor) as grant:
            scope = leaving_told.scope(visitor, grant, form)
        return _confirm(request, visitor, scope, denial)

    return changes.first(request, visitor, forms.SignExport, refused)


@require_GET
def show(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """What was signed, by whom, how many patients have left, and until when more may; htmx looks again by itself."""
    with looking(visitor) as grant:
        found = exporting.leavings(grant, addresses.read(mandate))
    if not found:
        raise Denial("no-such-mandate", "nothing leaves under a mandate of this id")
    going = leaving_told.going(visitor, found[0])
    if pages.partial(request):
        return pages.page(request, visitor, "leaving/_progress.html", {"going": going})
    shown = {
        "crumbs": _crumbs(going.form.recipient),
        "going": going,
        "directs": Role.DIRECTOR in visitor.session.roles,
        "said": request.GET.get("said", ""),
    }
    return pages.page(request, visitor, "leaving/show.html", shown)


def _filled(request: HttpRequest, visitor: Visitor) -> LeavingForm:
    """The form as it was sent; or, from the page on which it is signed, with everything in it, to be changed."""
    found = enrolled.told(visitor)
    sites = enrolled.sites(visitor, found)
    again = changes.sent(request) if "form" in request.POST else None
    if not isinstance(again, forms.SignExport | None):
        raise Refused("change: open the page again")
    form = LeavingForm(
        None if again else inputs.typed(request, "receiver", LONGEST_RECEIVER),
        request.FILES or None,
        services=enrolled.services(found, Role.EXPORTER),
        zone=visitor.zone,
        initial=leaving_form.given(again, visitor.zone, sites) if again else None,
    )
    inputs.offer(form, "sites", [(site, site) for site in sites])
    return form


def _confirm(request: HttpRequest, visitor: Visitor, scope: Scope, denial: Denial | None = None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    shown = {
        "crumbs": _crumbs(_("Propose an export")),
        "scope": scope,
        "form": canonical.encode(scope.form).decode(),
        "digest": forms.digest(scope.form).hex(),
        "act": intents.fresh(visitor),
        "problem": problem,
    }
    return pages.page(request, visitor, "leaving/confirm.html", shown, status=problem.status if problem else 200)


def _crumbs(last: object) -> list[tuple[object, str]]:
    return [(_("Migrations"), reverse("moving.desk")), (last, "")]
