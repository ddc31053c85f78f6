"""Who is whom: a person of the old system beside those who are known here, one at a time, decided by a person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from aliquot.access import acts, door, migrating
from aliquot.access.acts import DecideMatch
from aliquot.access.door import Intent
from aliquot.access.migrating import Decision
from aliquot.custody.migration_protocol import Candidate, Doubt, DoubtsRead
from aliquot.custody.protocol import Found, Hit
from aliquot.lab import patients
from aliquot.terms import canonical, clock, ids
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, intents, moving_words, pages
from aliquot.web.moving_words import Words
from aliquot.web.patients import Line, line
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor

_NONE = "none"
_ORDER = "123456789"


@dataclass(frozen=True)
class Choice:
    """Somebody who is known here: how well it fits and why, and which parts are the same; `key` chooses them."""

    key: str
    patient: str
    line: Line
    percent: int
    why: Sequence[Words]
    same: frozenset[str]


@require_GET
def desk(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Migrations with people who may be known here."""
    with door.enter(visitor.actor, _act(visitor), _meant(visitor)) as grant:
        found = migrating.doubtful(grant)
    columns = (Column(_("Old system")), Column(_("People to decide about"), number=True))
    rows = [
        Row((Cell(one.source, path=reverse("doubts.show", args=[one.mandate])), Cell(moving_words.number(one.left))))
        for one in found
    ]
    table = Table(
        _("Who is whom"),
        columns,
        rows,
        _("Nobody waits to be told apart"),
        _("While a laboratory is moved in, people who may be known here already wait here."),
    )
    return pages.page(request, visitor, "moving/doubtful.html", {"table": table})


@require_http_methods(["GET", "POST"])
def show(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """One doubtful person beside those who may be meant; decided, or left for later."""
    if request.method == "POST":
        return _decide(request, visitor, mandate)
    after = request.GET.get("after", "")
    read = _read(visitor, mandate, after)
    shown: dict[str, object] = {
        "crumbs": [(_("Who is whom"), reverse("doubts.desk")), (_("Decide"), "")],
        "left": read.left,
        "after": after,
        "said": request.GET.get("said", ""),
        "again": reverse("doubts.show", args=[mandate]),
    }
    for doubt in read.doubts:
        shown |= {
            "incoming": line(doubt.demography),
            "row": doubt.row.hex(),
            "choices": _choices(visitor, doubt),
            "later": _after(mandate, doubt.row.hex()),
            "act": intents.fresh(visitor),
        }
    return pages.page(request, visitor, "moving/doubt.html", shown)


def _decide(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    row, chosen = addresses.read(request.POST.get("row", "")), request.POST.get("choice", "")
    offered = [addresses.read(each) for each in request.POST.getlist("offered")]
    wanted = canonical.encode({"mandate": mandate, "row": row.hex(), "choice": chosen})
    meant = intents.posted(request, visitor, Purpose.HOPERAT, wanted)
    for decision, each in zip(_decisions(mandate, row, chosen, offered), _intents(visitor, meant), strict=False):
        migrating.decide(visitor.actor, decision, each)
    said = "other" if chosen == _NONE else "same"
    return pages.moved(request, _after(mandate, request.POST.get("after", ""), said))


def _decisions(mandate: str, row: Id, chosen: str, offered: Sequence[Id]) -> list[Decision]:
    """One decision: who it is; or one for each who was offered: nobody of them.

    Raises:
        Refused: nothing was chosen, or somebody who was not offered.
    """
    if chosen == _NONE and offered:
        return [Decision(addresses.read(mandate), row, each, same=False) for each in offered]
    if chosen not in {each.hex() for each in offered}:
        raise Refused("doubts: choose one of them, or nobody")
    return [Decision(addresses.read(mandate), row, addresses.read(chosen), same=True)]


def _intents(visitor: Visitor, meant: Intent) -> Sequence[Intent]:
    """An act for each decision of one form; the first is the form's own."""
    others = [replace(meant, id=ids.new(visitor.org, clock.system())) for _each in _ORDER]
    return [meant, *others]


def _read(visitor: Visitor, mandate: str, after: str) -> DoubtsRead:
    passed = addresses.read(after) if after else b""
    with door.enter(visitor.actor, _act(visitor), _meant(visitor)) as grant:
        return migrating.doubts(grant, addresses.read(mandate), passed)


def _choices(visitor: Visitor, doubt: Doubt) -> list[Choice]:
    """Those who may be meant, as an ordinary search shows them: each is an opening of this person."""
    known = {one.patient: one for one in doubt.candidates}
    hits = tuple(Hit(one.patient, one.score) for one in doubt.candidates)
    shown = patients.candidates(visitor.actor, Found(hits, more=False), clock.system())
    return [
        _choice(key, one.patient, one.demography, known[one.patient], doubt.demography)
        for key, one in zip(_ORDER, shown, strict=False)
    ]


def _choice(key: str, patient: Id, here: Demography, known: Candidate, incoming: Demography) -> Choice:
    return Choice(
        key,
        patient.hex(),
        line(here),
        round(100 * known.score),
        [*(moving_words.named(moving_words.LIKE, one) for one in known.reasons), *_numbers(known)],
        frozenset(
            name
            for name in ("family", "given", "born_on", "sex")
            if _plain(getattr(here, name)) == _plain(getattr(incoming, name))
        ),
    )


def _numbers(known: Candidate) -> list[Words]:
    return [moving_words.named(moving_words.NUMBERS, one) for one in known.numbers]


def _plain(said: object) -> str:
    return str(said).casefold()


def _after(mandate: str, row: str, said: str = "") -> str:
    passed = {name: value for name, value in {"after": row, "said": said}.items() if value}
    address = reverse("doubts.show", args=[mandate])
    return f"{address}?{urlencode(passed)}" if passed else address


def _act(visitor: Visitor) -> DecideMatch:
    return DecideMatch(acts.organization(visitor.org))


def _meant(visitor: Visitor) -> Intent:
    return door.intent(visitor.actor, clock.system(), Purpose.HOPERAT)
