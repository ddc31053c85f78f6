"""The integrator's view: messages that wait, in masks, to be repaired, tried again or refused.

Nothing of a patient comes here: custody shows codes and structure as they are, identity and values as shapes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from aliquot.access import acts, door
from aliquot.access.acts import InspectQuarantined, RepairQuarantined
from aliquot.intake import quarantine
from aliquot.intake.fates import Cause, Fate
from aliquot.intake.quarantine import Shown, Standing
from aliquot.lab import catalogues
from aliquot.terms import canonical, clock
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.letters import Masked, Repair
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, grids, intents, orders, pages, quarantine_words
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor

_FIELD = "field-"
_MOST = 200
_COMMENT = 200


@dataclass(frozen=True)
class Why:
    """One reason of a message, in words, with its place."""

    words: quarantine_words.Why
    reason: grids.Reason


@dataclass(frozen=True)
class Code:
    """One code that the analyser may send: as it is written, the test that it stands for, whether that is open here."""

    written: str
    test: str
    open: bool


@require_GET
def waiting(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """What waits, by reason and age; or what became of the others."""
    state = request.GET.get("state", quarantine.WAITING)
    if state not in quarantine_words.STATES:
        raise Refused("address: there is no such state")
    org = acts.organization(visitor.org)
    found = quarantine.standing(org, state, _MOST)
    shown = {
        "state": state,
        "tabs": [(code, words) for code, (_tone, words) in quarantine_words.STATES.items()],
        "tables": _by_reason(visitor, found) if state == quarantine.WAITING else [_by_age(visitor, found)],
        "most": _MOST if len(found) == _MOST else 0,
    }
    return pages.page(request, visitor, "integrator/waiting.html", shown)


@require_GET
def show(request: HttpRequest, visitor: Visitor, message: str) -> HttpResponse:
    """One message in masks, with what may be corrected; or how far it has come."""
    found = addresses.read(message)
    stands = quarantine.stands(acts.organization(visitor.org), found)
    seen = _inspected(visitor, [found]) if stands.state == quarantine.WAITING else []
    shown: dict[str, object] = {
        "crumbs": [(_("Unclear messages"), reverse("integrator.waiting")), (_("Message"), "")],
        "stands": stands,
        "chip": quarantine_words.STATES[stands.state],
        "settled": stands.state not in {quarantine.WAITING, quarantine.REPAIRED},
        "known": quarantine_words.why(Cause.ALREADY_FILED) if stands.state == Fate.DUPLICATE else None,
    }
    if pages.partial(request):
        return pages.page(request, visitor, "integrator/_state.html", shown)
    if seen:
        (one,) = seen
        shown |= {
            "one": one,
            "reasons": [Why(quarantine_words.why(each.cause), each) for each in grids.reasons(one.message)],
            "lines": grids.lines(one.message),
            "codes": (codes := _codes(visitor, one.message)),
            "table": _listed(one.message.device, codes),
            "act": intents.fresh(visitor),
            "act_refuse": intents.fresh(visitor),
        }
    return pages.page(request, visitor, "integrator/message.html", shown)


@require_POST
def repair(request: HttpRequest, visitor: Visitor, message: str) -> HttpResponse:
    """Have the message tried again, with the codes that were corrected, or with none."""
    found = addresses.read(message)
    one = _still(visitor, found, request)
    typed = {name.removeprefix(_FIELD): str(value) for name, value in request.POST.items() if name.startswith(_FIELD)}
    asked = Repair(grids.changes(one.message, typed), _comment(request))
    with door.enter(visitor.actor, *_meant(request, visitor, message, asked)) as grant:
        quarantine.repair(grant, found, one.version, asked)
    return pages.moved(request, reverse("integrator.show", args=[message]))


@require_POST
def refuse(request: HttpRequest, visitor: Visitor, message: str) -> HttpResponse:
    """Say that a message will not be filed, and why."""
    found = addresses.read(message)
    one = _still(visitor, found, request)
    asked = Repair((), _comment(request))
    with door.enter(visitor.actor, *_meant(request, visitor, message, asked)) as grant:
        quarantine.refuse(grant, found, one.version, asked)
    return pages.moved(request, reverse("integrator.waiting"))


def _meant(
    request: HttpRequest, visitor: Visitor, message: str, asked: Repair
) -> tuple[RepairQuarantined, door.Intent]:
    wanted = canonical.encode({"message": message, "repair": canonical.encode(asked).decode(), "path": request.path})
    meant = intents.posted(request, visitor, Purpose.HOPERAT, wanted)
    return RepairQuarantined(acts.organization(visitor.org)), meant


def _comment(request: HttpRequest) -> str:
    return request.POST.get("comment", "").strip()[:_COMMENT]


def _inspected(visitor: Visitor, messages: Sequence[Id]) -> list[Shown]:
    meant = door.intent(visitor.actor, clock.system(), Purpose.HOPERAT)
    with door.enter(visitor.actor, InspectQuarantined(acts.organization(visitor.org)), meant) as grant:
        return quarantine.inspect(grant, messages)


def _codes(visitor: Visitor, message: Masked) -> list[Code]:
    """What the catalogue in force knows this analyser to say, the tests that are open on the message's tube first."""
    catalogue = catalogues.current(visitor.actor, clock.system())
    names = {test.code: orders.name(test.names) for test in catalogue.tests}
    codes = [
        Code(f"{each.code}^^{each.system}", names[each.test], each.test in message.open)
        for each in catalogue.mappings
        if each.device == message.device
    ]
    return sorted(codes, key=lambda code: (not code.open, code.test, code.written))


def _listed(device: str, codes: Sequence[Code]) -> Table:
    columns = (Column(_("Code"), code=True), Column(_("Stands for")), Column(_("On this tube")))
    rows = [
        Row((Cell(one.written), Cell(one.test), Cell(_("open"), tone="info") if one.open else Cell("–")))
        for one in codes
    ]
    empty = _("The catalogue maps no code of this analyser")
    return Table(format_lazy(_("Codes that {device} may send"), device=device), columns, rows, empty)


def _still(visitor: Visitor, message: Id, request: HttpRequest) -> Shown:
    """The message, if it still waits in the version that the form was made for."""
    seen = _inspected(visitor, [message])
    if not seen or str(seen[0].version) != request.POST.get("version"):
        raise Refused("message: it was tried or repaired meanwhile; open it again")
    return seen[0]


def _by_reason(visitor: Visitor, found: Sequence[Standing]) -> list[Table]:
    since = {one.id: one.since for one in found}
    seen = _inspected(visitor, list(since)) if since else []

    def cause(one: Shown) -> str:
        return grids.reasons(one.message)[0].cause

    together = [(code, list(same)) for code, same in groupby(sorted(seen, key=cause), key=cause)]
    together.sort(key=lambda group: -len(group[1]))
    return [_table(quarantine_words.why(code).text, same, since) for code, same in together] or [_empty()]


def _table(caption: str | Promise, same: Sequence[Shown], since: dict[Id, datetime]) -> Table:
    columns = (
        Column(_("Waits for")),
        Column(_("Analyser")),
        Column(_("Site")),
        Column(_("Place"), code=True),
        Column(_("Message"), number=True),
    )
    now = clock.system()
    rows = [
        Row(
            (
                Cell(_age(now - since[one.id]), path=reverse("integrator.show", args=[one.id.hex()])),
                Cell(one.message.device),
                Cell(one.message.site),
                Cell(" ".join(reason.place for reason in grids.reasons(one.message))),
                Cell(str(one.message.letter)),
            )
        )
        for one in sorted(same, key=lambda one: since[one.id])
    ]
    return Table(caption, columns, rows, "")


def _empty() -> Table:
    return Table("", (), (), _("Every message was understood"), _("What cannot be filed waits here, in masks."))


def _by_age(visitor: Visitor, found: Sequence[Standing]) -> Table:
    columns = (Column(_("Came in")), Column(_("State")), Column(_("Tries"), number=True))
    rows = [
        Row(
            (
                Cell(
                    f"{one.since.astimezone(visitor.zone):%d/%m/%Y %H:%M}",
                    path=reverse("integrator.show", args=[one.id.hex()]),
                ),
                Cell(quarantine_words.STATES[one.state][1], tone=quarantine_words.STATES[one.state][0]),
                Cell(str(one.tries)),
            )
        )
        for one in found
    ]
    return Table(_("Messages"), columns, rows, _("No message is in this state"))


def _age(time: timedelta) -> str:
    minutes = max(0, time // timedelta(minutes=1))
    if minutes < 60:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    if minutes < 48 * 60:
        return ngettext("%(n)s hour", "%(n)s hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)s day", "%(n)s days", minutes // 1440) % {"n": minutes // 1440}
