"""The mandate of a migration: proposed from the integrator's draft, read in words, signed by two people."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django import forms as fields
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.terms import canonical, mandates
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope
from aliquot.vault.mandate import MandateDocument
from aliquot.web import answers, changes, enrolled, inputs, intents, moving_told, pages
from aliquot.web.inputs import LONGEST, MovingMandate, Typed, Word
from aliquot.web.visitor import Visitor

_LONGEST_DRAFT = 500_000
_SHA256 = r"[0-9a-fA-F]{64}"


@dataclass(frozen=True)
class May:
    """What a mandate permits, as people read it. `key` is empty until it is signed: custody makes the key then."""

    purpose: str
    source: str
    annex: str
    scope: Scope
    service: str
    allowed: int
    until: datetime
    sender: str
    key: str = ""

    @property
    def columns(self) -> int:
        """How many columns may be read."""
        return sum(len(table.columns) for table in self.scope.tables)


class MandateForm(MovingMandate):
    """What two people are to sign, but for the key that custody makes."""

    field_order = ("file", "draft", "source", "purpose", "terms", "annex", "service", "allowed", "until", "sender")

    file = fields.FileField(
        label=_("The draft as a file"),
        required=False,
        help_text=_("What “aliquot legacy mandate” wrote, with every column taken away that is not needed."),
    )
    draft = fields.CharField(
        label=_("Or the draft itself"),
        required=False,
        max_length=_LONGEST_DRAFT,
        strip=False,
        widget=fields.Textarea(attrs={"rows": 8, "spellcheck": "false", "class": "code"}),
    )
    source = Word(
        label=_("Old system"),
        max_length=LONGEST,
        help_text=_(
            "The name of this one system, not of its product. What came in before is recognised under the name that it"
            " had then."
        ),
        widget=fields.TextInput(attrs={"list": "sources"}),
    )
    terms = fields.FileField(
        label=_("The processing terms as a file"),
        required=False,
        help_text=_("Only its SHA-256 is kept: the two who sign have the same paper before them."),
    )
    annex = fields.RegexField(
        _SHA256, label=_("Or their SHA-256"), required=False, widget=fields.TextInput(attrs={"class": "code"})
    )
    service = fields.ChoiceField(label=_("Loader"))
    allowed = fields.IntegerField(
        label=_("Patients at most"),
        min_value=1,
        max_value=100_000_000,
        help_text=_("No more than this many people come in under this mandate."),
    )
    sender = fields.RegexField(
        _SHA256,
        label=_("Sender's fingerprint"),
        required=False,
        help_text=_(
            "As “aliquot legacy sender” printed it where the old system stands, or “aliquot export sender” where it is"
            " Aliquot. Empty: it is read in place."
        ),
        widget=fields.TextInput(attrs={"class": "code"}),
    )

    def clean(self) -> None:
        """Read the draft, and hash the terms."""
        said = self.cleaned_data
        if not said.get("draft"):
            self.add_error("draft", _("Give the draft, as a file or as text."))
        else:
            self._scope(said["draft"])
        terms = said.get("terms")
        if terms is not None:
            said["annex"] = hashlib.sha256(terms.read()).hexdigest()
        elif not said.get("annex") and "annex" not in self.errors:
            self.add_error("annex", _("Give the processing terms, or their SHA-256."))

    def _scope(self, draft: str) -> None:
        try:
            scope = mandates.parse(draft)
        except Refused as refused:
            self.add_error("draft", str(refused))
            return
        never = [f"{table.name}.{name}" for table in scope.tables for name in mandates.never(table.name, table.columns)]
        if never:
            said = _("These columns prove who somebody is, and never travel:")
            self.add_error("draft", f"{said} {', '.join(never)}")
            return
        try:
            mandates.check(scope)
        except Refused as refused:
            self.add_error("draft", str(refused))
        self.cleaned_data["scope"] = scope


@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Fill in a mandate; the next page shows it in words, to be signed."""
    loaders = enrolled.services(enrolled.told(visitor), Role.LOADER)
    typed = inputs.typed(request, "draft", _LONGEST_DRAFT)
    form = MandateForm(typed, request.FILES or None, services=loaders, zone=visitor.zone)
    if not form.is_valid():
        with moving_told.looking(visitor) as grant:
            sources = moving_told.sources(grant)
        shown = {"crumbs": _crumbs(), "form": form, "loaders": loaders, "sources": sources}
        return pages.page(request, visitor, "moving/propose.html", shown, status=422 if form.errors else 200)
    return _confirm(request, visitor, _made(form.cleaned_data))


@require_POST
def sign(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Sign a mandate first, with a fresh factor over exactly what was shown."""
    return changes.first(
        request, visitor, forms.SignMigration, lambda form, denial: _confirm(request, visitor, form, denial)
    )


def of_form(form: forms.SignMigration) -> May:
    """What would be permitted."""
    return May(form.purpose, form.source, form.annex, form.scope, form.service, form.allowed, form.until, form.sender)


def of_document(signed: MandateDocument) -> May:
    """What two people have permitted, with the key to which bundles are sealed."""
    return May(
        signed.purpose,
        signed.source,
        signed.annex,
        signed.scope,
        signed.service,
        signed.allowed,
        signed.until,
        signed.sender,
        hashlib.sha256(bytes.fromhex(signed.staging)).hexdigest(),
    )


def _made(said: Typed) -> forms.SignMigration:
    return forms.SignMigration(
        purpose=said["purpose"],
        source=said["source"],
        annex=said["annex"].lower(),
        scope=said["scope"],
        service=said["service"],
        allowed=said["allowed"],
        until=said["until"],
        sender=said["sender"].lower(),
    )


def _confirm(
    request: HttpRequest, visitor: Visitor, form: forms.SignMigration, denial: Denial | None = None
) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    with moving_told.looking(visitor) as grant:
        before = moving_told.before(grant, form.source)
    shown = {
        "crumbs": _crumbs(),
        "may": of_form(form),
        "before": before,
        "form": canonical.encode(form).decode(),
        "digest": forms.digest(form).hex(),
        "act": intents.fresh(visitor),
        "problem": problem,
        "reason": denial.reason if denial and denial.code == "scope" else "",
    }
    return pages.page(request, visitor, "moving/confirm.html", shown, status=problem.status if problem else 200)


def _crumbs() -> list[tuple[object, str]]:
    return [(_("Migrations"), reverse("moving.desk")), (_("Propose a mandate"), "")]
