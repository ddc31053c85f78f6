"""A patient's own question, or an officer's: who opened this record, when, as what and why."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from aliquot.access import acts, door, governing
from aliquot.access.acts import ReadHistory
from aliquot.custody.answers import Opening
from aliquot.terms import clock
from aliquot.terms.purposes import Purpose
from aliquot.web import addresses, openings, pages, seeking
from aliquot.web.seeking import Way
from aliquot.web.visitor import Visitor


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Find the patient whom the question is about."""
    crumbs = [(_("Privacy"), reverse("privacy.desk")), (_("Who opened whom"), "")]
    return seeking.answer(request, visitor, Way("privacy/find.html", "inquiry.show", crumbs))


@require_GET
def show(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """Who opened one patient: by person, day and portion, what is not explained first."""
    found = _openings(visitor, patient)
    people = openings.grouped(found, visitor.zone)
    shown = {
        "crumbs": [
            (_("Privacy"), reverse("privacy.desk")),
            (_("Who opened whom"), reverse("inquiry.find")),
            (_("Patient"), ""),
        ],
        "patient": patient,
        "people": people,
        "grave": sum(person.grave for person in people),
        "times": sum(person.times for person in people),
        "alarms": openings.alarms(found),
        "at": clock.system(),
    }
    return pages.page(request, visitor, "privacy/openings.html", shown)


@require_GET
def statement(request: HttpRequest, visitor: Visitor, patient: str) -> HttpResponse:
    """The same for the patient, as a text to hand over: roles, and names only where the officer asks for them.

    A person has a right to know when and why they were looked at; whose eyes they were, only if that is needed to use
    their rights. Source: CJEU C-579/21 (22 June 2023), points 75 to 83.
    """
    shown = {
        "visitor": visitor,
        "people": openings.grouped(_openings(visitor, patient), visitor.zone),
        "named": request.GET.get("names") == "yes",
        "at": clock.system(),
    }
    response = HttpResponse(render_to_string("privacy/statement.txt", shown), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="statement.txt"'
    return response


def _openings(visitor: Visitor, patient: str) -> Sequence[Opening]:
    meant = door.intent(visitor.actor, clock.system(), Purpose.HLEGAL)
    with door.enter(visitor.actor, ReadHistory(acts.organization(visitor.org)), meant) as grant:
        return governing.who_opened(grant, addresses.read(patient)).openings
