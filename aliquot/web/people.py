"""Signing in and out. The pages carry what a person typed to custody, which alone judges it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from aliquot.access import people
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import SessionOpened, SignIn
from aliquot.web import answers, factors, pages, process, settings, tickets
from aliquot.web.visitor import Visitor


class SignInForm(forms.Form):
    """What somebody types to sign in."""

    login = forms.CharField(
        label=_("Login"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "username webauthn", "autocapitalize": "none", "autofocus": ""}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label=_("One-time code"),
        help_text=_("Six digits from your authenticator app."),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with password and one-time code."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form, None)
    typed = form.cleaned_data
    asked = SignIn(typed["login"], typed["password"], typed["code"], _address(request))
    try:
        opened = people.sign_in(process.line(), asked)
    except Denial as denial:
        return _page(request, form, denial)
    return _welcome(request, opened)


@require_POST
def sign_in_with_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in with a passkey: first what it must sign, then what it signed."""
    if factors.asked(request):
        return factors.shown(people.passkey_sign_in_options(process.line(), request.POST.get("login", "")))
    try:
        opened = people.passkey_sign_in(process.line(), factors.ceremony(request), _address(request))
    except Denial as denial:
        return _page(request, SignInForm(initial={"login": request.POST.get("login", "")}), denial)
    return _welcome(request, opened)


@require_POST
def sign_out(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """End the session, in custody and in this browser."""
    people.sign_out(visitor.actor)
    response = pages.moved(request, reverse("people.sign_in"))
    tickets.forget(response)
    # Whatever the browser kept of the pages goes with the person.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def _page(request: HttpRequest, form: SignInForm, denial: Denial | None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    status = problem.status if problem else 422 if form.errors else 200
    shown = {"form": form, "problem": problem, "next": _next(request), "laboratories": _laboratories()}
    return pages.page(request, None, "people/sign_in.html", shown, status=status)


def _welcome(request: HttpRequest, opened: SessionOpened) -> HttpResponse:
    response = pages.moved(request, _next(request) or reverse("home.start"))
    tickets.keep(response, opened)
    # A form token that somebody planted before the sign-in is worth nothing after it.
    rotate_token(request)
    return response


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return wanted if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


def _laboratories() -> list[str]:
    return [laboratory.name for laboratory in process.installation().laboratories]


def _address(request: HttpRequest) -> str:
    return f"{settings.ORIGIN} {request.META['REMOTE_ADDR']}"
