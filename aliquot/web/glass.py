"""Breaking the glass: a patient without work here, opened for a reason, with a finger, and never unseen.

The leave lasts an hour for this person and this patient. It only opens: nothing can be changed under it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from aliquot.access import door, rows
from aliquot.access.acts import OpenDossier, OpenIdentity
from aliquot.access.grant import Grant, Record
from aliquot.custody.denial import Denial
from aliquot.lab import dossier, patients, records
from aliquot.lab.catalogue import Catalogue
from aliquot.lab.content import Requisition
from aliquot.lab.records import Kept
from aliquot.lab.statuses import Role
from aliquot.terms import canonical, clock
from aliquot.terms.identity import Demography, Note
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, answers, factors, findings, glass_words, intents, pages, premises, seeking
from aliquot.web import patients as people
from aliquot.web.findings import Finding
from aliquot.web.seeking import Way
from aliquot.web.visitor import Visitor

_KINDS = (*dossier.KINDS, Kind.DEMOGRAPHY, Kind.CLINICAL_NOTE, Kind.COMMENT)


class GlassForm(forms.Form):
    """Why: one of a short list, and the person's own words."""

    why = forms.ChoiceField(label=_("Reason"), choices=[("", _("Choose a reason")), *glass_words.REASONS.items()])
    words = forms.CharField(
        label=_("In your words"),
        help_text=_("The privacy officer reads this. Say who needs what, and why now."),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


@dataclass(frozen=True)
class Part:
    """One requisition of the dossier with what was found and what was written with it."""

    requisition: Kept[Requisition]
    found: Sequence[Finding]
    notes: Sequence[str]
    comments: Sequence[str]


@dataclass(frozen=True)
class Opened:
    """The dossier as it lies under a broken glass. `missing` counts rows that are gone from the record."""

    demography: Demography
    parts: Sequence[Part]
    missing: int


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Find whom the emergency is about."""
    return seeking.answer(request, visitor, Way("glass/find.html", "glass.open_"))


@require_http_methods(["GET", "POST"])
def open_(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """Say why and confirm; the privacy officer is told at once."""
    form = GlassForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _asked(request, visitor, patient, form)
    reason = glass_words.typed(form.cleaned_data["why"], form.cleaned_data["words"])
    act = OpenDossier(addresses.read(patient))
    wanted = canonical.encode({"glass": patient, "reason": reason})
    meant = intents.posted(request, visitor, Purpose.BTG, wanted, reason=reason)
    if factors.asked(request):
        return factors.challenge(visitor, act, meant)
    try:
        door.note(visitor.actor, act, meant)
    except Denial as denial:
        return _asked(request, visitor, patient, form, denial)
    return pages.moved(request, reverse("glass.show", args=[patient]))


@require_GET
def show(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """The dossier, to be read within the hour. After it the question is asked again."""
    at = clock.system()
    where = premises.of(visitor, at)
    act = OpenDossier(addresses.read(patient))
    try:
        with door.enter(visitor.actor, act, door.intent(visitor.actor, at, Purpose.BTG)) as grant:
            opened = _read(grant, where.catalogue)
    except Denial as denial:
        if denial.code != "break-glass":
            raise
        return pages.moved(request, reverse("glass.open_", args=[patient]))
    shown = {
        "crumbs": [_from(visitor, patient), (_("Dossier"), "")],
        "patient": patient,
        "line": people.line(opened.demography),
        "opened": opened,
        "calls": Role.BIOLOGIST in visitor.session.roles,
    }
    return pages.page(request, visitor, "glass/dossier.html", shown)


@require_GET
def contact(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """How to reach the patient of a broken glass, to tell what cannot wait."""
    act = OpenIdentity(addresses.read(patient))
    meant = door.intent(visitor.actor, clock.system(), Purpose.BTG)
    try:
        with door.enter(visitor.actor, act, meant) as grant:
            known = patients.identity(grant)
    except Denial as denial:
        if denial.code != "break-glass":
            raise
        return pages.moved(request, reverse("glass.open_", args=[patient]))
    shown = {
        "crumbs": [
            _from(visitor, patient),
            (_("Dossier"), reverse("glass.show", args=[patient])),
            (_("Contact"), ""),
        ],
        "line": people.line(known.demography),
        "known": known,
    }
    return pages.page(request, visitor, "glass/contact.html", shown)


def _asked(
    request: HttpRequest, visitor: Visitor, patient: str, form: GlassForm, denial: Denial | None = None
) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    status = problem.status if problem else 422 if form.errors else 200
    shown = {
        "crumbs": [_from(visitor, patient), (_("Reason"), "")],
        "form": form,
        "problem": problem,
        "act": intents.fresh(visitor),
    }
    return pages.page(request, visitor, "glass/open.html", shown, status=status)


def _from(visitor: Visitor, patient: str) -> tuple[str | Promise, str]:
    """Where the way here began: at the search or, for the privacy officer, at the patient's history."""
    if visitor.desk == reverse("privacy.desk"):
        return _("Who opened this patient"), reverse("inquiry.show", args=[patient])
    return _("Break the glass"), reverse("glass.find")


def _read(grant: Grant[OpenDossier], tests: Catalogue) -> Opened:
    opened = grant.read(rows.of_subject(grant.act.subject, _KINDS), whole=True)
    works = records.of(opened, Kind.REQUISITION, Requisition)
    works.sort(key=lambda work: work.content.ordered_at, reverse=True)
    return Opened(
        records.one(opened, Kind.DEMOGRAPHY, Demography).content,
        [_part(work, opened, tests) for work in works],
        grant.missing,
    )


def _part(work: Kept[Requisition], opened: Sequence[Record], tests: Catalogue) -> Part:
    mine = [each for each in opened if each.id == work.id or each.parents[:1] == (work.id,)]
    return Part(
        work,
        findings.of_dossier(dossier.of(mine), tests, Role.BIOLOGIST),
        [each.content.text for each in records.of(mine, Kind.CLINICAL_NOTE, Note)],
        [each.content.text for each in records.of(mine, Kind.COMMENT, Note)],
    )
