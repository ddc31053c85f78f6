"""A change as a page carries it between what is shown and what is signed: the very bytes that the factor covers."""

from collections.abc import Callable
from typing import TypeVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from aliquot.access import acts, governing
from aliquot.access.acts import SignMandate, StepMigration
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.forms import Change
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import factors, intents, pages
from aliquot.web.visitor import Visitor

T = TypeVar("T", forms.SignMigration, forms.SignExport)
Desk = tuple[type[SignMandate | StepMigration], str]
"""As which act something is signed, and where its first signer goes on."""


def sent(request: HttpRequest) -> Change:
    """The change in the hidden field of a page that was confirmed.

    Raises:
        Refused: no page writes such a field.
    """
    try:
        return forms.change(request.POST.get("form", "").encode())
    except canonical.UNREADABLE:
        raise Refused("change: open the page again") from None


def first(
    request: HttpRequest, visitor: Visitor, kind: type[T], refused: Callable[[T, Denial], HttpResponse]
) -> HttpResponse:
    """The first of two signs about records that move: a mandate, with a fresh factor over exactly what was shown.

    Raises:
        Refused: the page was for signing something else.
    """
    form = sent(request)
    if not isinstance(form, kind):
        raise Refused("change: open the page again")
    return signed(request, visitor, form, (SignMandate, reverse("moving.desk")), lambda denial: refused(form, denial))


def signed(
    request: HttpRequest, visitor: Visitor, form: Change, desk: Desk, refused: Callable[[Denial], HttpResponse]
) -> HttpResponse:
    """Sign what was shown, with a fresh factor over exactly that; or the page that asks again."""
    act, path = desk
    meant = intents.posted(request, visitor, Purpose.HSYSADMIN, canonical.encode(form))
    if factors.asked(request):
        return factors.challenge(visitor, act(acts.organization(visitor.org)), meant)
    try:
        governed = governing.change(visitor.actor, form, meant)
    except Denial as denial:
        return refused(denial)
    return pages.moved(request, f"{path}?said={governed.state}")


def decided(request: HttpRequest, change: str) -> forms.Form:
    """What a second person chose. The digest is that of the page that was read, so that nobody approves unseen.

    Raises:
        Refused: it is no decision.
    """
    if request.POST.get("decision") == "approve":
        return forms.Approve(change, request.POST.get("digest", ""))
    if request.POST.get("decision") == "reject":
        return forms.Reject(change)
    raise Refused("decision: approve or reject")
