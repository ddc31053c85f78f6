"""One patient at reception: who it is, how far that is established, and what they wait for."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from aliquot.access import door
from aliquot.access.acts import OpenIdentity
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Found, Hit
from aliquot.lab import patients, requisitions
from aliquot.lab.patients import Identity
from aliquot.terms import clock
from aliquot.terms.identifiers import FILE_NUMBER_SYSTEM, NIR_SYSTEM
from aliquot.terms.identity import Demography, Sex, Trust
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, answers, pages, scans, tube_words
from aliquot.web.tables import Cell, Column, Row, Table, Tone
from aliquot.web.visitor import Visitor

SEXES: dict[str, str | Promise] = {
    Sex.FEMALE: _("female"),
    Sex.MALE: _("male"),
    Sex.OTHER: _("other"),
    Sex.UNKNOWN: _("unknown"),
}
_TRUSTS: dict[str, tuple[Tone, str | Promise]] = {
    Trust.PROVISIONAL: ("warn", _("provisional")),
    Trust.RETRIEVED: ("info", _("retrieved")),
    Trust.VALIDATED: ("info", _("validated")),
    Trust.QUALIFIED: ("ok", _("qualified")),
}
_NOT_HERE = frozenset({"budget-person", "budget-laboratory", "budget-installation", "budget-all", "another-site"})


@dataclass(frozen=True)
class Line:
    """A patient in one line, as a desk compares it with a card or a tube."""

    name: str
    demography: Demography
    sex: str | Promise


@require_GET
def show(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """The patient's page."""
    found = addresses.read(patient)
    meant = door.intent(visitor.actor, clock.system(), Purpose.PATADMIN)
    try:
        with door.enter(visitor.actor, OpenIdentity(found), meant) as grant:
            known = patients.identity(grant)
    except Denial as denial:
        if denial.code not in _NOT_HERE:
            raise
        return held_back(request, visitor, found, denial)
    shown = {
        "crumbs": [(_("Reception"), reverse("reception.search")), (_("Patient"), "")],
        "patient": patient,
        "line": line(known.demography),
        "known": known,
        "trust": _TRUSTS[known.traits.trust],
        "numbers": _numbers(known),
        "said": request.GET.get("said", ""),
        "table": _open_work(visitor, found),
    }
    return pages.page(request, visitor, "reception/patient.html", shown)


def held_back(request: HttpRequest, visitor: Visitor, patient: Id, denial: Denial) -> HttpResponse:
    """A patient who is not shown for now. Care goes on: what is open is listed, and an order can be placed."""
    said = answers.words(denial)
    shown = {
        "crumbs": [(_("Reception"), reverse("reception.search")), (_("Patient"), "")],
        "patient": patient.hex(),
        "refusal": said,
        "table": _open_work(visitor, patient),
    }
    return pages.page(request, visitor, "reception/held_back.html", shown, status=said.status)


def line(demography: Demography) -> Line:
    """One patient in one line."""
    name = " ".join((demography.family.upper(), *demography.given))
    return Line(name, demography, SEXES[demography.sex])


def seen(visitor: Visitor, patient: Id) -> Line | None:
    """Who a patient is, for a desk that may see it; nothing for a bench, or where there is no room to show more."""
    if "ShowCandidate" not in visitor.session.acts:
        return None
    hit = Found((Hit(patient, 1.0),), more=False)
    shown = patients.candidates(visitor.actor, hit, clock.system())
    return line(shown[0].demography) if shown else None


def _numbers(known: Identity) -> list[tuple[str | Promise, str]]:
    return [_number(one.system, one.value) for one in known.identifiers]


def _number(system: str, value: str) -> tuple[str | Promise, str]:
    if system == FILE_NUMBER_SYSTEM:
        return _("File number"), value
    if system == NIR_SYSTEM:
        return _("National number"), scans.masked(value)
    return system, value


def _open_work(visitor: Visitor, patient: Id) -> Table:
    columns = (Column(_("Request of")), Column(_("Site")), Column(_("Priority")), Column(_("State")))
    rows = [
        Row(
            (
                Cell(
                    f"{work.opened_at.astimezone(visitor.zone):%d/%m/%Y %H:%M}",
                    path=reverse("orders.show", args=[patient.hex(), work.requisition.hex()]),
                ),
                Cell(work.site),
                Cell(tube_words.PRIORITIES[work.priority][1], tone=tube_words.PRIORITIES[work.priority][0]),
                Cell(tube_words.AWAITED[work.awaits]),
            )
        )
        for work in requisitions.of_patient(patient)
    ]
    return Table(_("Open requests"), columns, rows, _("Nothing is open"), _("An order opens a request."))
