"""Every part of a page at once, for the eyes of a person and of axe."""

from pathlib import Path

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template import engines

from aliquot.web import gate
from aliquot.web.gate import Desk
from aliquot.web.routes import ROUTES
from aliquot.web.routes import handler404 as handler404
from aliquot.web.routes import handler500 as handler500
from aliquot.web.tables import Cell, Column, Row, Table, Tone
from aliquot.web.visitor import Visitor

_TONES: tuple[tuple[Tone, str], ...] = (
    ("plain", "Registered"),
    ("info", "Preliminary"),
    ("wait", "Waiting"),
    ("ok", "Final"),
    ("warn", "Held"),
    ("alarm", "Critical"),
)


class Correction(forms.Form):
    """A form with a mistake in it."""

    value = forms.DecimalField(label="Corrected value", help_text="In mmol/L.")
    reason = forms.ChoiceField(label="Reason", choices=[("a", "Wrong specimen"), ("b", "Wrong unit")])
    comment = forms.CharField(label="Comment", widget=forms.Textarea)


def gallery(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The gallery."""
    columns = (Column("Accession", code=True), Column("Test"), Column("Value", number=True), Column("State"))
    rows = [
        Row(
            (Cell(f"26327-00{n:02}", path="#"), Cell("Potassium", note="Plasma"), Cell(f"{n}.4"), Cell(word, tone=tone))
        )
        for n, (tone, word) in enumerate(_TONES)
    ]
    shown = {
        "visitor": visitor,
        "language": "en",
        "path": "/gallery",
        "languages": ["fr", "en"],
        "crumbs": [("Start", "/"), ("Validation", "")],
        "table": Table("Waiting for validation", columns, rows, "Nothing waits"),
        "nothing": Table("Held", columns, (), "Nothing is held", "What the rules hold appears here by itself."),
        "form": Correction({"value": "x", "reason": "a", "comment": ""}),
    }
    template = engines["django"].from_string((Path(__file__).parent / "gallery.html").read_text())
    return HttpResponse(template.render(shown, request))


urlpatterns = gate.patterns([*ROUTES, Desk("gallery", gallery, reason="for a test", menu="Validation", keys="g v")])
