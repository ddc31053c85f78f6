"""A person's own account: who custody says they are, and their passkeys."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from aliquot.access import people
from aliquot.custody.denial import Denial
from aliquot.web import answers, factors, pages
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


def _page(request: HttpRequest, visitor: Visitor, form: PasskeyForm, denial: Denial | None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    status = problem.status if problem else 422 if form.errors else 200
    return pages.page(request, visitor, "people/account.html", {"form": form, "problem": problem}, status=status)
