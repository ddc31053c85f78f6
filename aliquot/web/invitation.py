"""A new person's own factors: the invitation, a password that nobody else knows, and an authenticator app."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from aliquot.access import people
from aliquot.custody.denial import Denial
from aliquot.web import answers, pages, process, qr


class InvitationForm(forms.Form):
    """What the paper says, and the password that the person chooses."""

    login = forms.CharField(
        label=_("Login"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": ""})
    )
    invitation = forms.CharField(
        label=_("Invitation code"),
        help_text=_("As it stands on your invitation, with or without the hyphens."),
        max_length=32,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    password = forms.CharField(
        label=_("Your new password"),
        help_text=_("At least 12 characters. Several words are easier to keep than signs."),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": "12"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        max_length=1024,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, object]:
        """Whether the password was typed twice alike."""
        typed = self.cleaned_data
        if typed.get("password") and typed.get("again") and typed["password"] != typed["again"]:
            self.add_error("again", _("The two passwords differ."))
        return typed


class ConfirmForm(forms.Form):
    """The first code of the app. What the page before knew travels on, for nothing is kept between two pages."""

    login = forms.CharField(widget=forms.HiddenInput, max_length=64)
    invitation = forms.CharField(widget=forms.HiddenInput, max_length=32)
    uri = forms.CharField(widget=forms.HiddenInput, max_length=1024)
    code = forms.CharField(
        label=_("First code of the app"),
        max_length=16,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": ""}),
    )


@require_http_methods(["GET", "POST"])
def accept(request: HttpRequest) -> HttpResponse:
    """Choose a password, and see the secret for one-time codes once."""
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, "people/invitation.html", form, None)
    typed = form.cleaned_data
    try:
        uri = people.accept_invitation(process.line(), typed["login"], typed["invitation"], typed["password"])
    except Denial as denial:
        return _page(request, "people/invitation.html", form, denial)
    known = {"login": typed["login"], "invitation": typed["invitation"], "uri": uri}
    return _page(request, "people/authenticator.html", ConfirmForm(initial=known), None)


@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Give the app's first code; from then on the person can sign in."""
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, "people/authenticator.html", form, None)
    typed = form.cleaned_data
    try:
        people.confirm_invitation(process.line(), typed["login"], typed["invitation"], typed["code"])
    except Denial as denial:
        return _page(request, "people/authenticator.html", form, denial)
    return pages.moved(request, reverse("people.sign_in"))


def _page(request: HttpRequest, template: str, form: forms.Form, denial: Denial | None) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    status = problem.status if problem else 422 if form.errors else 200
    shown: dict[str, object] = {"form": form, "problem": problem}
    if isinstance(form, ConfirmForm):
        uri = str(form["uri"].value() or "")
        shown |= {"code": _drawn(uri), "secret": qr.secret_of(uri)}
    return pages.page(request, None, template, shown, status=status)


def _drawn(uri: str) -> SafeString:
    return qr.svg(uri) if uri.startswith("otpauth://") else SafeString("")
