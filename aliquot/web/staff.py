"""Who works here and who may do what: asked for by one person, and where it weighs much, approved by another.

Each change is shown in words before it is confirmed, and the fresh factor covers exactly its canonical form.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from django import forms as fields
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from aliquot.access import acts, door, governing
from aliquot.access.acts import Administer, ReadMigration, ReviewNotice, SignMandate
from aliquot.custody import answers as told
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.forms import Change
from aliquot.custody.protocol import Governed
from aliquot.custody.roles import Role
from aliquot.terms import canonical, clock
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import (
    addresses,
    answers,
    change_words,
    changes,
    enrolled,
    factors,
    intents,
    pages,
    patients,
    settings,
    staff_forms,
    titles,
)
from aliquot.web.change_words import Told
from aliquot.web.tables import Cell, Column, Row, Table, Tone
from aliquot.web.visitor import Visitor

_STATES: dict[str, tuple[Tone, object]] = {
    "active": ("ok", _("works here")),
    "invited": ("wait", _("invited")),
    "ended": ("plain", _("has left")),
}
_OF_PERSON = ("grant", "end-role", "renew", "reset", "end")
_SHORT = 12


class Invitation(msgspec.Struct, frozen=True):
    """What is told once: where a new person begins."""

    login: str
    code: str
    until: int


@dataclass(frozen=True)
class Waiting:
    """A change that waits, in words, with the first signs of its digest; `mine` is who asked for it."""

    change: told.WaitingChange
    told: Told
    short: str
    mine: bool


@dataclass(frozen=True)
class Asked:
    """One form on a person's page."""

    kind: str
    title: object
    form: fields.Form


@require_GET
def desk(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Who works here, what is enrolled, and what waits for a second person."""
    accounts = enrolled.told(visitor)
    shown = {
        "waiting": _waiting(visitor, accounts),
        "people": _people(accounts),
        "equipment": _equipment(accounts),
        "mandates": accounts.mandates,
        "administers": _administers(visitor),
        "directs": Role.DIRECTOR in visitor.session.roles,
        "said": request.GET.get("said", ""),
    }
    return pages.page(request, visitor, "staff/desk.html", shown)


@require_GET
def show(request: HttpRequest, visitor: Visitor, person: str) -> HttpResponse:
    """One person with their roles, and what can be changed about them."""
    accounts = enrolled.told(visitor)
    account = next((one for one in accounts.accounts if one.person == person), None)
    if account is None:
        raise Refused("person: nobody of this laboratory")
    kinds = _OF_PERSON if _changes(visitor) and account.state != "ended" else ()
    shown = {
        "crumbs": [(_("People"), reverse("staff.desk")), (_("Person"), "")],
        "account": account,
        "state": _STATES[account.state],
        "roles": [staff_forms.role(role) for role in account.roles],
        "asked": [_asked(kind, visitor, accounts, person) for kind in kinds if kind != "end-role" or account.roles],
    }
    return pages.page(request, visitor, "staff/person.html", shown)


@require_http_methods(["GET", "POST"])
def ask(request: HttpRequest, visitor: Visitor, kind: str) -> HttpResponse:
    """Fill in a change; the next page shows it in words, to be confirmed."""
    accounts = enrolled.told(visitor)
    posted = request.POST if request.method == "POST" else None
    about = {"patient": request.GET["patient"]} if "patient" in request.GET else {}
    form = staff_forms.form(kind, posted, accounts, enrolled.sites(visitor, accounts), **about)
    if not form.is_valid():
        shown = {
            "crumbs": [(_("People"), reverse("staff.desk")), (staff_forms.of(kind).title, "")],
            "kind": kind,
            "title": staff_forms.of(kind).title,
            "form": form,
            **(_whom(visitor, about["patient"], final=kind == "shred") if about else {}),
        }
        return pages.page(request, visitor, "staff/ask.html", shown, status=422 if form.errors else 200)
    return _confirm(request, visitor, accounts, staff_forms.change(kind, form, visitor.zone))


@require_GET
def lost(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All work that was lost, to be acknowledged in one list; back to the desk when nothing waits any more."""
    meant = door.intent(visitor.actor, clock.system(), Purpose.HLEGAL)
    with door.enter(visitor.actor, ReviewNotice(acts.organization(visitor.org)), meant) as grant:
        waiting = governing.lost(grant).acts
    if not waiting:
        return pages.moved(request, reverse("privacy.desk"))
    return _confirm(request, visitor, enrolled.told(visitor), forms.AcknowledgeLost(waiting))


@require_POST
def change(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Confirm a change with a fresh factor over its canonical form."""
    form = changes.sent(request)
    return _govern(
        request, visitor, form, lambda denial: _confirm(request, visitor, enrolled.told(visitor), form, denial)
    )


@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, visitor: Visitor, change: str) -> HttpResponse:
    """A second person reads exactly what would come into force, and approves or rejects it."""
    if request.method == "GET":
        return _decision(request, visitor, change, None)
    form = changes.decided(request, change)
    return _govern(request, visitor, form, lambda denial: _decision(request, visitor, change, denial))


def _govern(
    request: HttpRequest, visitor: Visitor, form: forms.Form, refused: Callable[[Denial], HttpResponse]
) -> HttpResponse:
    meant = intents.posted(request, visitor, Purpose.HSYSADMIN, canonical.encode(form))
    act = _act(visitor, form)
    if factors.asked(request):
        return factors.challenge(visitor, act(acts.organization(visitor.org)), meant)
    try:
        governed = governing.change(visitor.actor, form, meant, desk=act)
    except Denial as denial:
        return refused(denial)
    if isinstance(form, forms.Reject):
        return pages.moved(request, reverse("staff.desk") + "?said=rejected")
    return _done(request, visitor, governed)


def _administers(visitor: Visitor) -> bool:
    return Administer.__name__ in visitor.session.acts


def _changes(visitor: Visitor) -> bool:
    """Whether the person may ask for changes of people: the privacy officer only approves."""
    return _administers(visitor) or Role.DIRECTOR in visitor.session.roles


def _act(visitor: Visitor, form: forms.Form) -> type[governing.Desk]:
    """The act at which this person confirms: officers sign mandates and losses; the rest the administrator does."""
    if isinstance(form, forms.SignMandate | forms.AcknowledgeLost) or not _administers(visitor):
        return SignMandate
    return Administer


def _asked(kind: str, visitor: Visitor, accounts: told.Accounts, person: str) -> Asked:
    form = staff_forms.form(kind, None, accounts, enrolled.sites(visitor, accounts), person=person)
    form.auto_id = f"{kind}_%s"
    return Asked(kind, staff_forms.of(kind).title, form)


def _confirm(
    request: HttpRequest, visitor: Visitor, accounts: told.Accounts, change: Change, denial: Denial | None = None
) -> HttpResponse:
    problem = answers.words(denial) if denial else None
    shown = {
        "crumbs": [(_("People"), reverse("staff.desk")), (_("Confirm"), "")],
        "told": change_words.told(change, accounts, visitor.zone),
        "form": canonical.encode(change).decode(),
        "digest": forms.digest(change).hex()[:_SHORT],
        "act": intents.fresh(visitor),
        "problem": problem,
        **_about(visitor, change),
    }
    return pages.page(request, visitor, "staff/confirm.html", shown, status=problem.status if problem else 200)


def _decision(request: HttpRequest, visitor: Visitor, change: str, denial: Denial | None) -> HttpResponse:
    waiting = next((one for one in _waiting(visitor, enrolled.told(visitor)) if one.change.id == change), None)
    if waiting is None:
        raise denial or Denial("no-such-change", "no such change waits here")
    form = forms.change(waiting.change.form.encode())
    if (
        isinstance(form, forms.SignMigration | forms.SignExport | forms.StepMigration)
        and ReadMigration.__name__ in visitor.session.acts
    ):
        # What a signature about records that move covers stands at its own desk, with the papers that it rests on.
        return pages.moved(request, reverse("moving_steps.decide", args=[change]))
    problem = answers.words(denial) if denial else None
    shown = {
        "crumbs": [(_("People"), reverse("staff.desk")), (_("Decide"), "")],
        "one": waiting,
        "act": intents.fresh(visitor),
        "problem": problem,
        **_about(visitor, form),
    }
    return pages.page(request, visitor, "staff/decide.html", shown, status=problem.status if problem else 200)


def _about(visitor: Visitor, change: Change) -> dict[str, object]:
    """Whom an erasure or a hold is about, and whether it is for good; nothing for any other change."""
    if not isinstance(change, forms.Erasing):
        return {}
    return _whom(visitor, change.patient, final=isinstance(change, forms.ShredPatient))


def _whom(visitor: Visitor, patient: str, *, final: bool) -> dict[str, object]:
    return {"whom": patients.seen(visitor, addresses.read(patient)), "final": final}


def _done(request: HttpRequest, visitor: Visitor, governed: Governed) -> HttpResponse:
    """What is told once is told here, on the answer itself; everything else goes back to the desk."""
    if not governed.once:
        return pages.moved(request, f"{reverse('staff.desk')}?said={governed.state}")
    invitation = msgspec.json.decode(governed.once, type=Invitation)
    shown = {
        "crumbs": [(_("People"), reverse("staff.desk")), (_("Invitation"), "")],
        "invitation": invitation,
        "until": datetime.fromtimestamp(invitation.until // 1_000_000, UTC),
        "origin": settings.ORIGIN,
    }
    return pages.page(request, visitor, "staff/invitation.html", shown)


def _waiting(visitor: Visitor, accounts: told.Accounts) -> list[Waiting]:
    me = visitor.session.person.hex()
    return [
        Waiting(
            one,
            change_words.told(forms.change(one.form.encode()), accounts, visitor.zone),
            one.digest[:_SHORT],
            one.proposer == me,
        )
        for one in accounts.waiting
    ]


def _people(accounts: told.Accounts) -> Table:
    columns = (Column(_("Name")), Column(_("Login"), code=True), Column(_("Roles")), Column(_("State")))
    rows = [
        Row(
            (
                Cell(one.name, path=reverse("staff.show", args=[one.person])),
                Cell(one.login),
                Cell(", ".join(staff_forms.role(role) for role in one.roles)),
                Cell(str(_STATES[one.state][1]), tone=_STATES[one.state][0]),
            )
        )
        for one in _present_first(accounts.accounts)
    ]
    return Table(_("People"), columns, rows, _("Nobody works here"))


def _present_first(accounts: Sequence[told.Account]) -> list[told.Account]:
    return sorted(accounts, key=lambda one: (one.state == "ended", one.name))


def _equipment(accounts: told.Accounts) -> Table:
    kinds = {"device": _("device"), "service": _("service"), "listener": _("listener")}
    columns = (Column(_("Name"), code=True), Column(_("Kind")), Column(_("Site or role")))
    rows = [Row((Cell(one.name), Cell(kinds[one.kind]), Cell(_place(one)))) for one in accounts.equipment]
    return Table(_("Devices, services and listeners"), columns, rows, _("Nothing is enrolled"))


def _place(one: told.Equipment) -> str:
    return titles.of(one.place) if one.kind == "service" else one.place or "–"
