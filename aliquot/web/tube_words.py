"""Tubes in the words of the people who hold them: colours, states, reasons, priorities."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from aliquot.terms import states
from aliquot.web.tables import Tone

Words = str | Promise

COLOURS: dict[str, Words] = {
    "yellow": _("yellow"),
    "red": _("red"),
    "blue": _("blue"),
    "green": _("green"),
    "lavender": _("lavender"),
    "purple": _("purple"),
    "grey": _("grey"),
    "black": _("black"),
    "white": _("white"),
}
SPECIMENS: dict[str, Words] = {
    "SER": _("serum"),
    "PLAS": _("plasma"),
    "BLD": _("whole blood"),
    "WB": _("whole blood"),
    "UR": _("urine"),
    "CSF": _("cerebrospinal fluid"),
    "STL": _("stool"),
    "SPT": _("sputum"),
}
STATES: dict[str, tuple[Tone, Words]] = {
    states.Specimen.EXPECTED: ("plain", _("expected")),
    states.Specimen.COLLECTED: ("plain", _("taken")),
    states.Specimen.RECEIVED: ("wait", _("came in")),
    states.Specimen.ACCEPTED: ("ok", _("accepted")),
    states.Specimen.ACCEPTED_WITH_RESERVE: ("warn", _("accepted with reserve")),
    states.Specimen.REJECTED: ("alarm", _("rejected")),
    states.Specimen.DISPOSED: ("plain", _("disposed of")),
    states.Specimen.LOST: ("alarm", _("lost")),
    states.Specimen.IN_ERROR: ("alarm", _("entered in error")),
}
PRIORITIES: dict[str, tuple[Tone, Words]] = {
    "routine": ("plain", _("routine")),
    "urgent": ("warn", _("urgent")),
    "asap": ("warn", _("as soon as possible")),
    "stat": ("alarm", _("at once")),
}
AWAITED: dict[str, Words] = {
    "specimen": _("waits for its tubes"),
    "results": _("waits for results"),
    "technical": _("waits for the technician"),
    "medical": _("waits for the biologist"),
    "release": _("waits for its report"),
}
REASONS: dict[str, Words] = {
    "EX": _("too old"),
    "QS": _("not enough volume"),
    "RA": _("no patient identification"),
    "RB": _("broken"),
    "RC": _("clotted"),
    "RD": _("no time of collection"),
    "RE": _("no name"),
    "RH": _("haemolysed"),
    "RI": _("identification problem"),
    "RM": _("labelling"),
    "RN": _("contaminated"),
    "RP": _("no collector identification"),
    "RR": _("stored wrongly"),
    "RS": _("name misspelt"),
}
"""HL7 table 0490, in the order of its codes."""


@dataclass(frozen=True)
class Look:
    """One kind of tube. `colour` names a class of the style sheet, and is said in `text` too."""

    colour: str
    text: str


def look(tube: str) -> Look:
    """How a tube looks, from its name in the catalogue: the colour first, then what is in it."""
    colour, comma, rest = tube.partition(",")
    if colour not in COLOURS:
        return Look("other", tube)
    return Look(colour, f"{COLOURS[colour]}{comma}{rest}")


def specimen(code: str) -> str:
    """What is in a tube (HL7 table 0487), or the code itself where we have no word."""
    return str(SPECIMENS.get(code, code))


def age(text: str) -> str:
    """An age as the bench keeps it (`65 y`, `12 d`), in the words of the page; nothing stays nothing."""
    if not text:
        return ""
    number, _space, unit = text.partition(" ")
    n = int(number)
    years, days = ngettext("%(n)s year", "%(n)s years", n), ngettext("%(n)s day", "%(n)s days", n)
    return (years if unit == "y" else days) % {"n": n}
