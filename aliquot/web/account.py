"""A person's own account: who custody says they are, and their passkeys."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import people
from aliquot.custody.denial import Denial
from aliquot.custody.passkey_protocol import PasskeyKept
from aliquot.custody.protocol import Factor
from aliquot.web import answers, factors, pages
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor


class PasskeyForm(forms.Form):
    """A new passkey's name, and a fresh code because a passkey opens everything that its owner may open."""

    name = forms.CharField(
        label=_("Name of this device"), help_text=_("For example: telephone, key on my ring."), max_length=60
    )
    code = forms.CharField(
        label=_("One-time code"),
        help_text=_("A new one; the code that you signed in with is used up."),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@require_GET
def show(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """My account."""
    return _page(request, visitor, PasskeyForm(), None)


@require_POST
def enrol_passkey(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Enrol a passkey: first what the device needs to make one, then what it made."""
    form = PasskeyForm(request.POST)
    if not form.is_valid():
        return _page(request, visitor, form, None)
    if factors.asked(request):
        return factors.shown(people.passkey_enrol_options(visitor.actor))
    typed = form.cleaned_data
    try:
        people.enrol_passkey(visitor.actor, factors.ceremony(request), typed["name"], typed["code"])
    except Denial as denial:
        return _page(request, visitor, form, denial)
    return pages.moved(request, reverse("account.show"))


@require_http_methods(["GET", "POST"])
def end_passkey(request: HttpRequest, visitor: Visitor, passkey: int) -> HttpResponse:
    """End one of one's own passkeys, with a fresh factor: a code, or a passkey, the same or another."""
    mine = next((one for one in people.passkeys(visitor.actor) if one.id == passkey), None)
    if mine is None:
        raise Denial("no-such-passkey", "none of this person's")
    if factors.asked(request):
        return factors.shown(people.end_passkey_options(visitor.actor, passkey))
    if request.method == "GET":
        return _ending(request, visitor, mine, None)
    try:
        people.end_passkey(visitor.actor, passkey, factors.posted(request) or Factor())
    except Denial as denial:
        return _ending(request, visitor, mine, denial)
    return pages.moved(request, f"{reverse('account.show')}?said=ended")


def _ending(request: HttpRequest, visitor: Visitor, passkey: PasskeyKept, denial: Denial | None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    shown = {
        "crumbs": [(_("My account"), reverse("account.show")), (passkey.name, "")],
        "passkey": passkey,
        "problem": problem,
    }
    return pages.page(request, visitor, "people/passkey.html", shown, status=problem.status if problem else 200)


def _page(request: HttpRequest, visitor: Visitor, form: PasskeyForm, denial: Denial | None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    status = problem.status if problem else 422 if form.errors else 200
    shown = {
        "form": form,
        "problem": problem,
        "passkeys": _passkeys(visitor),
        "ended": request.GET.get("said") == "ended",
    }
    return pages.page(request, visitor, "people/account.html", shown, status=status)


def _passkeys(visitor: Visitor) -> Table:
    columns = (Column(_("Name")), Column(_("Since")), Column(_("Last used")), Column(_("If it is lost")))
    rows = [
        Row(
            (
                Cell(one.name),
                Cell(f"{one.enrolled_at.astimezone(visitor.zone):%d/%m/%Y}"),
                Cell(f"{one.used_at.astimezone(visitor.zone):%d/%m/%Y %H:%M}" if one.used_at else _("never")),
                Cell(_("End it"), path=reverse("account.end_passkey", args=[one.id])),
            )
        )
        for one in people.passkeys(visitor.actor)
    ]
    return Table(_("Your passkeys"), columns, rows, _("You have no passkey yet"))
