"""The privacy desk: what rang and waits to be seen, how full the budgets are, and how far the history reaches."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from aliquot.access import acts, door, governing
from aliquot.access.acts import ReadHistory, ReviewNotice, SignMandate, WatchBudgets
from aliquot.custody import answers
from aliquot.terms import canonical, clock
from aliquot.terms.purposes import Purpose
from aliquot.web import glass_words, history_words, intents, notice_words, pages
from aliquot.web.notice_words import Rung
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor

_KINDS: dict[str, str | Promise] = {
    "unexplained": _("without work that explains it"),
    "all": _("all patients"),
    "organization": _("without work, the whole laboratory"),
}


@dataclass(frozen=True)
class Item:
    """One notice. `act` is the id of the form that acknowledges it."""

    notice: answers.Notice
    rung: Rung
    reason: str
    act: str


@dataclass(frozen=True)
class Bar:
    """One budget. `tone` and its words say how full it is, so that nobody has to measure the bar."""

    who: str
    kind: str | Promise
    budget: answers.Budget
    tone: str
    state: str | Promise


@require_GET
def desk(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The desk's page: each part of it only for whom its act is."""
    can = visitor.session.acts
    unseen, seen = _notices(visitor) if ReviewNotice.__name__ in can else (None, None)
    budgets = _budgets(visitor) if WatchBudgets.__name__ in can else None
    shown = {
        "unseen": unseen,
        "lost": _lost(visitor) if ReviewNotice.__name__ in can else None,
        "signs": SignMandate.__name__ in can,
        "seen": None if seen is None else _seen(visitor, seen),
        "budgets": budgets,
        "bars": [_bar(one) for one in budgets.budgets] if budgets else (),
        "checkpoint": _checkpoint(visitor) if ReadHistory.__name__ in can else None,
        "asks": ReadHistory.__name__ in can,
    }
    return pages.page(request, visitor, "privacy/desk.html", shown)


@require_POST
def acknowledge(request: HttpRequest, visitor: Visitor, notice: int) -> HttpResponse:
    """Say that a notice was seen. It stays."""
    meant = intents.posted(request, visitor, Purpose.HLEGAL, canonical.encode({"seen": notice}))
    with door.enter(visitor.actor, ReviewNotice(acts.organization(visitor.org)), meant) as grant:
        governing.acknowledge(grant, notice)
    return pages.moved(request, reverse("privacy.desk"))


@require_GET
def checkpoint(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The signed checkpoint as a file, for whoever keeps it outside the house."""
    reached = _checkpoint(visitor)
    response = HttpResponse(reached.note, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="checkpoint-{reached.size}.txt"'
    return response


def _notices(visitor: Visitor) -> tuple[list[Item], list[Item]]:
    meant = door.intent(visitor.actor, clock.system(), Purpose.HLEGAL)
    with door.enter(visitor.actor, ReviewNotice(acts.organization(visitor.org)), meant) as grant:
        found = governing.notices(grant).notices
    items = [_item(visitor, notice) for notice in found]
    unseen = [item for item in items if item.notice.seen_at is None]
    return unseen, [item for item in items if item.notice.seen_at is not None]


def _lost(visitor: Visitor) -> Table | None:
    """Work that was lost and must be done again; no table where there is none."""
    meant = door.intent(visitor.actor, clock.system(), Purpose.HLEGAL)
    with door.enter(visitor.actor, ReviewNotice(acts.organization(visitor.org)), meant) as grant:
        found = governing.lost(grant).acts
    if not found:
        return None
    columns = (
        Column(_("When")),
        Column(_("What must be done again")),
        Column(_("Who")),
        Column(_("Patient in the history"), code=True),
    )
    rows = [
        Row(
            (
                Cell(f"{act.at.astimezone(visitor.zone):%d/%m/%Y %H:%M}"),
                Cell(history_words.act(act.act), note=history_words.portion(act.portion)),
                Cell(act.who or "–"),
                Cell(act.patient),
            )
        )
        for act in found
    ]
    return Table(_("Work that was lost"), columns, rows, "")


def _item(visitor: Visitor, notice: answers.Notice) -> Item:
    return Item(notice, notice_words.of(notice.kind), glass_words.told(notice.reason), intents.fresh(visitor))


def _seen(visitor: Visitor, items: Sequence[Item]) -> Table:
    columns = (Column(_("When")), Column(_("What rang")), Column(_("Who")), Column(_("Seen by")), Column(_("Seen")))
    rows = [
        Row(
            (
                Cell(f"{item.notice.at.astimezone(visitor.zone):%d/%m/%Y %H:%M}"),
                Cell(item.rung.title, note=item.reason),
                Cell(item.notice.name or "–"),
                Cell(item.notice.seen_by),
                Cell(f"{item.notice.seen_at.astimezone(visitor.zone):%d/%m/%Y %H:%M}" if item.notice.seen_at else ""),
            )
        )
        for item in items
    ]
    return Table(_("Notices that were seen"), columns, rows, _("No notice was seen yet"))


def _budgets(visitor: Visitor) -> answers.Budgets:
    meant = door.intent(visitor.actor, clock.system(), Purpose.HOPERAT)
    with door.enter(visitor.actor, WatchBudgets(acts.organization(visitor.org)), meant) as grant:
        return governing.budgets(grant)


def _bar(budget: answers.Budget) -> Bar:
    tone, state = _fill(budget)
    return Bar(budget.who, _KINDS[budget.kind], budget, tone, state)


def _fill(budget: answers.Budget) -> tuple[str, str | Promise]:
    if budget.used >= budget.a_day:
        return "alarm", _("used up")
    if 4 * budget.used >= 3 * budget.a_day:
        return "warn", _("nearly used up")
    return "ok", _("enough left")


def _checkpoint(visitor: Visitor) -> answers.Checkpoint:
    meant = door.intent(visitor.actor, clock.system(), Purpose.HLEGAL)
    with door.enter(visitor.actor, ReadHistory(acts.organization(visitor.org)), meant) as grant:
        return governing.checkpoint(grant)
