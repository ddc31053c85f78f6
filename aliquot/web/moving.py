"""Laboratories that move: how far each migration is, who has to do what next, and how much time is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from aliquot.access import exporting, migrating
from aliquot.access.acts import ReadMigration, SignMandate, StepMigration
from aliquot.access.grant import Grant
from aliquot.custody import forms
from aliquot.custody.answers import Migration, MigrationStep, WaitingChange
from aliquot.custody.steps import DECIDES_IN, RULES, State, Step
from aliquot.legacy import papers
from aliquot.legacy.papers import Progressed
from aliquot.terms import clock
from aliquot.web import (
    leaving_told,
    moving_account,
    moving_commands,
    moving_mandate,
    moving_papers,
    moving_told,
    moving_words,
    pages,
)
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table, Tone
from aliquot.web.visitor import Visitor


@dataclass(frozen=True)
class Unsigned:
    """Something that waits for a second signature; `mine` says that this person gave the first."""

    change: WaitingChange
    name: Words
    mine: bool


@dataclass(frozen=True)
class Stone:
    """One step on the drawn line: taken, next, or still to come. `path` leads to what it rests on."""

    name: Words
    state: str
    who: str
    taken: Sequence[MigrationStep]
    path: str = ""


@dataclass(frozen=True)
class Next:
    """A step that may follow. `path` is where this person signs it, `commands` what the integrator types."""

    step: Step
    name: Words
    who: str
    path: str = ""
    commands: Sequence[moving_commands.Line] = ()


@require_GET
def desk(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every migration of the laboratory, and what waits for a second signature."""
    with moving_told.looking(visitor) as grant:
        found = migrating.state(grant)
        waiting = moving_told.waiting(grant)
        left = exporting.leavings(grant)
    shown = {
        "table": _table(visitor, found),
        "leaving": leaving_told.table(visitor, left) if left else None,
        "waiting": [_unsigned(visitor, *each) for each in waiting],
        "proposes": SignMandate.__name__ in visitor.session.acts,
        "said": request.GET.get("said", ""),
    }
    return pages.page(request, visitor, "moving/desk.html", shown)


@require_GET
def show(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """One migration: its steps with who signed what when, what comes next, and what may be read."""
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        waiting = moving_told.waiting(grant, told.id)
        reached = _reached(grant, told)
    signed, loaded = moving_told.signed(told), _loaded(told, reached)
    shown = {
        "crumbs": [(_("Migrations"), reverse("moving.desk")), (signed.source, "")],
        "told": told,
        "state": moving_words.STATES[State(told.state)],
        "left": moving_words.left(told.deadline, clock.system()),
        "over": moving_told.over(told),
        "doubts": State(told.state) in DECIDES_IN and "DecideMatch" in visitor.session.acts,
        "sampled": told.state == State.LOADED and "CompareDossier" in visitor.session.acts,
        "waiting": [_unsigned(visitor, *each) for each in waiting],
        "road": _road(told),
        "aside": [(moving_words.ASIDE[one.step], one) for one in told.steps if one.step in moving_words.ASIDE],
        "nexts": [_next(visitor, told, step, loaded=loaded) for step in moving_told.coming(told)],
        "asides": [
            _next(visitor, told, step)
            for step in (Step.EXTEND, Step.ABORT)
            if step in told.next and moving_told.takes(visitor, step)
        ],
        "may": moving_mandate.of_document(signed),
        **reached,
        "said": request.GET.get("said", ""),
    }
    return pages.page(request, visitor, "moving/show.html", shown)


@require_GET
def progress(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """How far the load is, again: for a page that looks by itself."""
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        reached = _reached(grant, told)
    if told.state != State.LOADING:
        # Something was signed meanwhile: the page has other steps to offer.
        return pages.moved(request, reverse("moving.show", args=[told.id]))
    return pages.page(request, visitor, "moving/_progress.html", {"told": told, **reached})


@dataclass(frozen=True)
class Loading:
    """How far a load is, in words."""

    told: Progressed
    tone: Tone
    state: Words
    percent: int
    rows: str
    rate: str
    left: str
    account: moving_account.Account


_RUNS: dict[str, tuple[Tone, Words]] = {
    "running": ("info", _("loading")),
    "paused": ("warn", _("paused")),
    "ended": ("ok", _("came to its end")),
}


def _reached(grant: Grant[ReadMigration], told: Migration) -> dict[str, object]:
    """How far a load is. Whatever its loader puts down, the page is drawn, and a migration can be ended there."""
    try:
        found = papers.newest(grant, told, papers.PROGRESS)
    except papers.Unreadable:
        return {"unreadable": True}
    return {"progress": _progress(found.content) if found else None}


def _loaded(told: Migration, reached: Mapping[str, object]) -> bool:
    """Whether the load that was opened last has come to its end; what stands there may be of the one before."""
    found = reached.get("progress")
    opened = max((one.at for one in told.steps if one.step == Step.LOAD), default=told.deadline)
    return isinstance(found, Loading) and found.told.state == "ended" and found.told.at >= opened


def _progress(told: Progressed) -> Loading:
    tone, state = _RUNS[told.state]
    return Loading(
        told,
        tone,
        state,
        100 * told.done // told.of if told.of else 0,
        moving_words.number(told.rows),
        moving_words.number(told.rate),
        moving_words.lasting(told.left_seconds) if told.state == "running" else "",
        moving_account.of(told.sums),
    )


def _unsigned(visitor: Visitor, change: WaitingChange, form: forms.Change) -> Unsigned:
    name: Words = _("Sign the mandate of a migration")
    if isinstance(form, forms.StepMigration):
        name = moving_words.STEPS[form.step].name
    elif isinstance(form, forms.SignExport):
        name = _("Sign an export mandate: records leave the laboratory")
    return Unsigned(change, name, change.proposer == visitor.session.person.hex())


def _table(visitor: Visitor, found: Sequence[Migration]) -> Table:
    columns = (
        Column(_("Old system")),
        Column(_("State")),
        Column(_("What comes next")),
        Column(_("What is staged dies")),
        Column(_("Patients"), number=True),
    )
    return Table(
        _("Migrations"),
        columns,
        [_row(visitor, told) for told in found],
        _("No laboratory is being moved here"),
        _("A director and a privacy officer sign a mandate first: what may be read, of which days, until when."),
    )


def _row(visitor: Visitor, told: Migration) -> Row:
    signed = moving_told.signed(told)
    tone, state = moving_words.STATES[State(told.state)]
    coming = moving_told.following(told)
    dies, left = moving_words.left(told.deadline, clock.system())
    return Row(
        (
            Cell(signed.source, path=reverse("moving.show", args=[told.id]), note=signed.purpose),
            Cell(state, tone=tone),
            Cell(moving_words.ROAD[coming], note=moving_words.signers(coming)) if coming else Cell("–"),
            Cell("–") if moving_told.over(told) else Cell(left, tone=dies, note=_deadline(visitor, told)),
            Cell(f"{moving_words.number(told.used)} / {moving_words.number(told.allowed)}"),
        )
    )


def _deadline(visitor: Visitor, told: Migration) -> str:
    return moving_told.zoned(told.deadline, visitor.zone)


def _road(told: Migration) -> list[Stone]:
    coming = moving_told.following(told)
    taken = {step: [one for one in told.steps if one.step == step] for step in moving_words.ROAD}
    return [
        Stone(
            name,
            "next" if step == coming else "taken" if taken[step] else "ahead",
            moving_words.signers(Step(step)) if step in RULES else "",
            taken[step],
            reverse("moving_papers.show", args=[told.id, step]) if step in moving_papers.SHEETS and taken[step] else "",
        )
        for step, name in moving_words.ROAD.items()
    ]


def _next(visitor: Visitor, told: Migration, step: Step, *, loaded: bool = False) -> Next:
    who = moving_words.signers(step)
    if not RULES[step].parts:
        return Next(step, moving_words.ROAD[step], who, commands=moving_commands.typed(step, told.id, loaded=loaded))
    may = moving_told.takes(visitor, step) and StepMigration.__name__ in visitor.session.acts
    return Next(
        step,
        moving_words.STEPS[step].name,
        who,
        path=reverse("moving_steps.sign", args=[told.id, step]) if may else "",
    )
