"""What the steps of a migration rest on, as people read it, from the profile to the certificate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from aliquot.access.acts import ReadMigration
from aliquot.access.grant import Grant
from aliquot.custody.answers import Migration
from aliquot.custody.steps import Step
from aliquot.lab import catalogues
from aliquot.legacy import papers
from aliquot.legacy.map import Map
from aliquot.legacy.papers import Form, Read
from aliquot.terms import clock
from aliquot.terms.errors import Refused
from aliquot.web import (
    certificate,
    moving_account,
    moving_certificate,
    moving_commands,
    moving_map,
    moving_profile,
    moving_reconciled,
    moving_told,
    moving_words,
    pages,
    premises,
)
from aliquot.web.visitor import Visitor

T = TypeVar("T", bound=msgspec.Struct)
_Grant = Grant[ReadMigration]


@dataclass(frozen=True)
class Sheet:
    """One paper as a page draws it: with which template, from what.

    `digest` is what a signature names; a paper that cannot be read has none, and the page says so.
    """

    template: str
    shown: Mapping[str, object]
    digest: str
    in_force: bool


@require_GET
def show(request: HttpRequest, visitor: Visitor, mandate: str, paper: str) -> HttpResponse:
    """One paper: the newest, or with `?signed=yes` the one that the last signature of its kind names."""
    if paper not in SHEETS:
        raise Refused("address: open the page again from its list")
    step, signed = Step(paper), request.GET.get("signed") == "yes"
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        found = sheet(visitor, grant, told, step, new=not signed)
    return _page(request, visitor, told, (step, found))


@require_GET
def document(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """The signed certificate as a document to keep (PDF/A-3, PDF/UA), in the laboratory's language."""
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        read = _readable(grant, told, papers.CERTIFICATE)
    if read is None:
        return _page(request, visitor, told, (Step.CLOSE, None))
    pdf = certificate.document(read.content, premises.of(visitor, clock.system()).laboratory, told)
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="certificate-{told.id}.pdf"'
    return response


def _page(request: HttpRequest, visitor: Visitor, told: Migration, paper: tuple[Step, Sheet | None]) -> HttpResponse:
    step, found = paper
    shown: dict[str, object] = {
        "crumbs": [
            (_("Migrations"), reverse("moving.desk")),
            (moving_told.signed(told).source, reverse("moving.show", args=[told.id])),
            (moving_words.ROAD[step], ""),
        ],
        "told": told,
        "title": moving_words.ROAD[step],
        "sheet": found,
        "commands": moving_commands.typed(step, told.id),
    }
    if found is None:
        return pages.page(request, visitor, "moving/paper.html", shown, status=404)
    shown |= {"elder": not found.in_force and bool(moving_told.evidence(told, step)), "own": request.path}
    return pages.page(request, visitor, "moving/paper.html", {**shown, **found.shown})


def sheet(visitor: Visitor, grant: _Grant, told: Migration, step: Step, *, new: bool) -> Sheet | None:
    """The paper of a step: the newest one, or the one in force; nothing, if there is none."""
    try:
        return SHEETS[step](visitor, grant, told, new)
    except papers.Unreadable:
        return Sheet("moving/_unreadable.html", {}, "", in_force=False)


def _profile(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    read = _read(grant, told, papers.PROFILE, new)
    return _sheet("profile", read, lambda content: {"profile": moving_profile.of(content)})


def _map(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    profile = _readable(grant, told, papers.PROFILE)

    def shown(drawn: Map) -> Mapping[str, object]:
        catalogue = catalogues.current(visitor.actor, clock.system())
        scope = moving_told.signed(told).scope
        return {"sides": moving_map.of(drawn, profile.content if profile else None, scope, catalogue)}

    return _sheet("map", _read(grant, told, papers.MAP, new), shown)


def _rehearsal(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    read = _read(grant, told, papers.REHEARSAL, new)
    return _sheet("rehearsal", read, lambda content: {"rehearsed": content, "account": moving_account.of(content.sums)})


def _loaded(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    read = _read(grant, told, papers.LOADED, new)
    return _sheet("loaded", read, lambda content: {"account": moving_account.of(content.sums), "came": content.came})


def _reconciliation(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    read = _read(grant, told, papers.RECONCILIATION, new)
    found = _sheet(
        "reconciliation", read, lambda content: {"sides": moving_reconciled.of(content), "came": content.came}
    )
    if found is None or read is None or not new or read.content.loaded_at == papers.loaded_at(told):
        return found
    # What came in since then was compared with nothing.
    return replace(found, template="moving/_overtaken.html", digest="")


def _certificate(visitor: Visitor, grant: _Grant, told: Migration, new: bool) -> Sheet | None:
    read = _read(grant, told, papers.CERTIFICATE, new)
    return _sheet("certificate", read, lambda content: {"certificate": moving_certificate.of(content)})


def _readable(grant: _Grant, told: Migration, form: Form[T]) -> Read[T] | None:
    """The paper in force, if there is one that can be read."""
    try:
        return papers.in_force(grant, told, form)
    except papers.Unreadable:
        return None


def _read(grant: _Grant, told: Migration, form: Form[T], new: bool) -> Read[T] | None:
    return papers.newest(grant, told, form) if new else papers.in_force(grant, told, form)


def _sheet(name: str, read: Read[T] | None, shown: Callable[[T], Mapping[str, object]]) -> Sheet | None:
    return None if read is None else Sheet(f"moving/_{name}.html", shown(read.content), read.digest, read.in_force)


SHEETS: Final[Mapping[str, Callable[[Visitor, _Grant, Migration, bool], Sheet | None]]] = {
    Step.PROFILE: _profile,
    Step.MAP: _map,
    Step.REHEARSE: _rehearsal,
    Step.FINISH: _loaded,
    Step.RECONCILE: _reconciliation,
    Step.CLOSE: _certificate,
}
