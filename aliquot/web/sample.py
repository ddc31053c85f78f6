"""The sample of a migration: dossiers that custody drew, the old system's words beside ours, compared by two people."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from aliquot.access import door, migrating
from aliquot.access.acts import CompareDossier
from aliquot.access.migrating import Judgement
from aliquot.custody.answers import Sample, Sampled
from aliquot.lab.content import Observation
from aliquot.legacy import sampling
from aliquot.legacy.sampling import Pair
from aliquot.terms import canonical, clock
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Demography
from aliquot.terms.papers import Reason
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, findings, intents, moving_told, moving_words, pages, patients, result_words
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table
from aliquot.web.visitor import Visitor


@dataclass(frozen=True)
class Line:
    """One result: what the old system said, word for word, and what stands here. `held` marks what differs in words."""

    test: str
    old: Sequence[tuple[Words, str]]
    value: str
    facts: Sequence[str]
    state: Words
    tone: str
    missing: bool


@require_GET
def show(request: HttpRequest, visitor: Visitor, mandate: str) -> HttpResponse:
    """The dossiers of the sample, and who has compared which."""
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        drawn = migrating.sample(grant, addresses.read(mandate))
    source = moving_told.signed(told).source
    left = _left(visitor, drawn)
    shown = {
        "crumbs": [
            (_("Migrations"), reverse("moving.desk")),
            (source, reverse("moving.show", args=[told.id])),
            (_("Sample"), ""),
        ],
        "table": _table(visitor, mandate, drawn),
        "left": len(left),
        "next": reverse("sample.look", args=[mandate, left[0]]) if left else "",
        "told": told,
    }
    return pages.page(request, visitor, "moving/sample.html", shown)


@require_http_methods(["GET", "POST"])
def look(request: HttpRequest, visitor: Visitor, mandate: str, number: int) -> HttpResponse:
    """One dossier, both sides beside each other; the person says whether they agree."""
    with moving_told.looking(visitor) as grant:
        told = moving_told.one(grant, mandate)
        drawn = migrating.sample(grant, addresses.read(mandate))
    if not 1 <= number <= len(drawn.dossiers):
        raise Refused("address: open the page again from its list")
    one = drawn.dossiers[number - 1]
    if request.method == "POST":
        return _judged(request, visitor, mandate, drawn, number)
    act = CompareDossier(addresses.read(one.patient), addresses.read(one.work))
    with door.enter(visitor.actor, act, door.intent(visitor.actor, clock.system(), Purpose.HOPERAT)) as opened:
        beside = sampling.look(opened)
    mine = _mine(visitor, one)
    shown = {
        "crumbs": [
            (_("Migrations"), reverse("moving.desk")),
            (moving_told.signed(told).source, reverse("moving.show", args=[told.id])),
            (_("Sample"), reverse("sample.show", args=[mandate])),
            (str(number), ""),
        ],
        "number": number,
        "all": len(drawn.dossiers),
        "beside": beside,
        "then": _person(beside.first),
        "now": _person(beside.now),
        "lines": [_line(pair) for pair in beside.pairs],
        "reasons": [(reason.value, words) for reason, words in moving_words.DIFFERS.items()],
        "mine": mine,
        "act": intents.fresh(visitor),
    }
    return pages.page(request, visitor, "moving/dossier.html", shown)


def _judged(request: HttpRequest, visitor: Visitor, mandate: str, drawn: Sample, number: int) -> HttpResponse:
    one, said = drawn.dossiers[number - 1], request.POST.get("verdict", "")
    if said not in {"agrees", *(reason.value for reason in moving_words.DIFFERS)}:
        raise Refused("sample: say whether both sides agree")
    reason = Reason.NONE if said == "agrees" else Reason(said)
    judgement = Judgement(addresses.read(one.patient), addresses.read(one.work), reason)
    wanted = canonical.encode({"work": one.work, "reason": reason.value})
    migrating.judge(visitor.actor, judgement, intents.posted(request, visitor, Purpose.HOPERAT, wanted))
    left = [each for each in _left(visitor, drawn) if each != number]
    to = reverse("sample.look", args=[mandate, left[0]]) if left else reverse("sample.show", args=[mandate])
    return pages.moved(request, to)


def _left(visitor: Visitor, drawn: Sample) -> list[int]:
    """The numbers of the dossiers that this person has not judged."""
    return [number for number, one in enumerate(drawn.dossiers, 1) if _mine(visitor, one) is None]


def _mine(visitor: Visitor, one: Sampled) -> str | None:
    me = visitor.session.person.hex()
    return next((each.reason or "agrees" for each in one.judged if each.person == me), None)


def _table(visitor: Visitor, mandate: str, drawn: Sample) -> Table:
    columns = (Column(_("Dossier"), number=True), Column(_("You")), Column(_("Everybody")))
    rows = []
    for number, one in enumerate(drawn.dossiers, 1):
        mine = _mine(visitor, one)
        rows.append(
            Row(
                (
                    Cell(str(number), path=reverse("sample.look", args=[mandate, number])),
                    _verdict(mine) if mine is not None else Cell(_("not compared yet"), tone="wait"),
                    Cell(", ".join(f"{each.name}: {_words(each.reason)}" for each in one.judged) or "–"),
                )
            )
        )
    return Table(
        _("Dossiers that were drawn"),
        columns,
        rows,
        _("Nothing is drawn yet"),
        _("Custody draws the sample when everything is in; nobody picks it."),
    )


def _verdict(reason: str) -> Cell:
    return Cell(_("agrees"), tone="ok") if reason == "agrees" else Cell(_words(reason), tone="alarm")


def _words(reason: str) -> str:
    return str(moving_words.DIFFERS[Reason(reason)]) if reason else gettext("agrees")


def _person(one: Demography | None) -> patients.Line | None:
    return patients.line(one) if one else None


def _line(pair: Pair) -> Line:
    old = [(words, said) for name, words in moving_words.ORIGINAL.items() if (said := getattr(pair.original, name))]
    test = " · ".join(filter(None, (pair.original.test, pair.original.test_name)))
    if pair.ours is None:
        return Line(test, old, "", (), _("not here"), "alarm", missing=True)
    tone, state = result_words.STATES[pair.state]
    text, unit = findings.value(None, pair.ours.value)
    return Line(test, old, f"{text} {unit}".strip(), _facts(pair.ours), state, tone, missing=False)


def _facts(ours: Observation) -> list[str]:
    """What else stands here about a result: what it is called, its limits, its flag, its comment."""
    flag = result_words.FLAGS.get(ours.flag)
    limits = ours.reference
    return [
        said
        for said in (
            f"{ours.name} · LOINC {ours.loinc}" if ours.loinc else ours.name,
            f"{limits.low or '…'} – {limits.high or '…'}" if limits else "",
            str(flag.text) if flag and flag.text else "",
            ours.comment,
        )
        if said
    ]
