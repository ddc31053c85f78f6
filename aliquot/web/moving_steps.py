"""A step of a migration is signed: the page shows what the signature covers, and the factor covers exactly that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from aliquot.access import acts, governing
from aliquot.access.acts import ReadMigration, SignMandate, StepMigration
from aliquot.access.grant import Grant
from aliquot.custody import forms
from aliquot.custody.answers import Migration, WaitingChange
from aliquot.custody.denial import Denial
from aliquot.custody.steps import RULES, Step
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import (
    answers,
    changes,
    factors,
    intents,
    leaving_told,
    moving_commands,
    moving_cut,
    moving_mandate,
    moving_papers,
    moving_told,
    moving_words,
    pages,
)
from aliquot.web.moving_papers import Sheet
from aliquot.web.visitor import Visitor

_SHORT: Final = 12
_SHOWS: Final[Mapping[Step, tuple[Step, bool]]] = {
    Step.MAP: (Step.MAP, True),
    Step.LOAD: (Step.REHEARSE, False),
    Step.RECONCILE: (Step.RECONCILE, True),
    Step.CUT_OVER: (Step.RECONCILE, False),
    Step.CLOSE: (Step.CLOSE, True),
}
"""Whose paper is read before a step is signed, and whether it is a new one or the one in force."""


@dataclass(frozen=True)
class Signing:
    """A step as somebody signs it: the form, what it rests on, and whether that is there."""

    told: Migration
    step: Step
    form: forms.StepMigration
    sheet: Sheet | None

    @property
    def ready(self) -> bool:
        """Whether there is what the signature covers, and it can be read."""
        return self.step not in _SHOWS or (self.sheet is not None and self.sheet.digest != "")


@require_http_methods(["GET", "POST"])
def sign(request: HttpRequest, visitor: Visitor, mandate: str, step: str) -> HttpResponse:
    """Read what a step covers, and sign it with a fresh factor; of two people this is the first."""
    taken = _step(step)
    if request.method == "GET" or "form" not in request.POST:
        return _page(request, visitor, mandate, taken)
    form = changes.sent(request)
    if not isinstance(form, forms.StepMigration) or (form.mandate, form.step) != (mandate, taken):
        raise Refused("change: open the page again")
    desk = (StepMigration, reverse("moving.show", args=[mandate]))
    return changes.signed(request, visitor, form, desk, lambda denial: _page(request, visitor, mandate, taken, denial))


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, visitor: Visitor, change: str) -> HttpResponse:
    """A second person reads exactly what the first has signed, and approves or rejects it."""
    if request.method == "GET":
        return _decision(request, visitor, change)
    form = changes.decided(request, change)
    with moving_told.looking(visitor) as grant:
        _, about = _waiting(grant, change)
    desk = StepMigration if isinstance(about, forms.StepMigration) else SignMandate
    meant = intents.posted(request, visitor, Purpose.HSYSADMIN, canonical.encode(form))
    if factors.asked(request):
        return factors.challenge(visitor, desk(acts.organization(visitor.org)), meant)
    try:
        governing.change(visitor.actor, form, meant, desk=desk)
    except Denial as denial:
        return _decision(request, visitor, change, denial)
    said = "rejected" if isinstance(form, forms.Reject) else "in-force"
    return pages.moved(request, f"{_after(change, form, about)}?said={said}")


def _step(step: str) -> Step:
    if step not in moving_words.STEPS:
        raise Refused("address: open the page again from its list")
    return Step(step)


def _page(
    request: HttpRequest, visitor: Visitor, mandate: str, step: Step, denial: Denial | None = None
) -> HttpResponse:
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        if step not in told.next:
            raise denial or Denial("step", "this step does not follow from here")
        cut = moving_cut.chosen(visitor, grant, told, request.POST) if step is Step.CUT_OVER else None
        signing = _signing(visitor, grant, told, step)
    form = signing.form if cut is None else msgspec.structs.replace(signing.form, cut=cut.form)
    problem = answers.words(denial) if denial else None
    shown = {
        **_shown(told, signing),
        "crumbs": _crumbs(told, moving_words.STEPS[step].name),
        "form": canonical.encode(form).decode(),
        "digest": forms.digest(form).hex()[:_SHORT],
        "cut": cut,
        "two": len(RULES[step].parts) > 1,
        "act": intents.fresh(visitor),
        "problem": problem,
    }
    return pages.page(request, visitor, "moving/sign.html", shown, status=problem.status if problem else 200)


def _decision(request: HttpRequest, visitor: Visitor, change: str, denial: Denial | None = None) -> HttpResponse:
    with moving_told.looking(visitor) as grant:
        waiting, form = _waiting(grant, change, denial)
        shown: dict[str, object] = {}
        if isinstance(form, forms.StepMigration):
            told = moving_told.one(grant, form.mandate)
            signing = _signing(visitor, grant, told, form.step)
            # What the first has signed is shown, or nothing is: a paper that was made since is another one.
            changed = (signing.form.evidence, signing.form.rests) != (form.evidence, form.rests)
            shown = {
                **_shown(told, signing),
                "changed": changed,
                "cut": moving_cut.declared(visitor, told, form),
                "crumbs": _crumbs(told, _("Second signature")),
            }
        elif isinstance(form, forms.SignMigration):
            before = moving_told.before(grant, form.source)
            shown = {"may": moving_mandate.of_form(form), "before": before, "crumbs": _second()}
        elif isinstance(form, forms.SignExport):
            scope = leaving_told.scope(visitor, grant, form)
            shown = {"scope": scope, "ready": scope.denial is None, "crumbs": _second()}
    problem = answers.words(denial) if denial else None
    shown |= {
        "one": waiting,
        "short": waiting.digest[:_SHORT],
        "mine": waiting.proposer == visitor.session.person.hex(),
        "act": intents.fresh(visitor),
        "problem": problem,
    }
    return pages.page(request, visitor, "moving/decide.html", shown, status=problem.status if problem else 200)


def _waiting(
    grant: Grant[ReadMigration], change: str, denial: Denial | None = None
) -> tuple[WaitingChange, forms.Change]:
    for each, form in moving_told.waiting(grant):
        if each.id == change:
            return each, form
    raise denial or Denial("no-such-change", "no such change waits here")


def _signing(visitor: Visitor, grant: Grant[ReadMigration], told: Migration, step: Step) -> Signing:
    sheet: Sheet | None = None
    if step in _SHOWS:
        paper, new = _SHOWS[step]
        sheet = moving_papers.sheet(visitor, grant, told, paper, new=new)
    rule = RULES[step]
    brought = sheet.digest if rule.brings and sheet else ""
    rests = moving_told.evidence(told, rule.rests) if rule.rests else ""
    return Signing(told, step, forms.StepMigration(told.id, step, brought, rests), sheet)


def _shown(told: Migration, signing: Signing) -> dict[str, object]:
    sheet = signing.sheet
    return {
        "told": told,
        "source": moving_told.signed(told).source,
        "step": signing.step,
        "taking": moving_words.STEPS[signing.step],
        "who": moving_words.signers(signing.step),
        "ready": signing.ready,
        "commands": moving_commands.typed(signing.step, told.id),
        "sheet": sheet,
        **(sheet.shown if sheet else {}),
    }


def _crumbs(told: Migration, last: object) -> list[tuple[object, str]]:
    return [
        (_("Migrations"), reverse("moving.desk")),
        (moving_told.signed(told).source, reverse("moving.show", args=[told.id])),
        (last, ""),
    ]


def _second() -> list[tuple[object, str]]:
    return [(_("Migrations"), reverse("moving.desk")), (_("Second signature"), "")]


def _after(change: str, decided: forms.Form, about: forms.Change) -> str:
    """Where a signature leads: to the migration, or to what leaves, which has the id of its change."""
    if isinstance(about, forms.StepMigration):
        return reverse("moving.show", args=[about.mandate])
    if isinstance(about, forms.SignExport) and isinstance(decided, forms.Approve):
        return reverse("leaving.show", args=[change])
    return reverse("moving.desk")
