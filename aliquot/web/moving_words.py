"""A migration in the words of those who answer for it: states, steps, bins, reasons, what follows from a signature.

The codes are those of `custody.steps` and `legacy.fates`; tests hold these tables against their lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from aliquot.custody.steps import RULES, Part, State, Step
from aliquot.legacy.fates import Bin
from aliquot.terms.papers import Reason
from aliquot.web import titles
from aliquot.web.tables import Tone

Words = str | Promise
_SOON = timedelta(hours=24)


@dataclass(frozen=True)
class Taking:
    """What a step is to who signs it: its name, what the signature covers, what follows, what cannot be undone."""

    name: Words
    covers: Words
    then: Words
    final: Words = ""


STATES: dict[State, tuple[Tone, Words]] = {
    State.DECLARED: ("wait", _("signed; nothing is read yet")),
    State.PROFILED: ("wait", _("profiled")),
    State.MAPPED: ("wait", _("the map is signed")),
    State.REHEARSED: ("wait", _("rehearsed")),
    State.LOADING: ("info", _("loading")),
    State.LOADED: ("wait", _("loaded")),
    State.RECONCILED: ("wait", _("both sides agree")),
    State.CUT_OVER: ("wait", _("cut over")),
    State.CLOSED: ("ok", _("closed")),
    State.ABORTED: ("alarm", _("aborted")),
    State.LAPSED: ("alarm", _("its time ran out")),
}
ROAD: dict[str, Words] = {
    "declare": _("Mandate"),
    Step.PROFILE: _("Profile"),
    Step.MAP: _("Map"),
    Step.REHEARSE: _("Rehearsal"),
    Step.LOAD: _("Begin to load"),
    Step.FINISH: _("Everything is in"),
    Step.RECONCILE: _("Reconciliation"),
    Step.WAY_BACK: _("Way back"),
    Step.CUT_OVER: _("Cut over"),
    Step.CLOSE: _("Closing"),
}
"""The steps of a migration that goes well, in their order."""
ASIDE: dict[str, Words] = {
    Step.ABORT: _("Aborted"),
    Step.EXTEND: _("72 hours more"),
    "lapsed": _("Its time ran out"),
}
"""What may happen beside the road."""
STEPS: dict[Step, Taking] = {
    Step.MAP: Taking(
        _("Sign the map"),
        _("What each column, test, unit and word of the old system means here, exactly as it is shown."),
        _("The load can be rehearsed. What the map does not name is parked and never guessed."),
        _("A map that is changed afterwards is another map: it is signed again."),
    ),
    Step.LOAD: Taking(
        _("Open the loading"),
        _("The rehearsal as it is shown: how many rows come over, and why the others do not."),
        _("The loader may register patients and bring their past in, up to the number that the mandate names."),
        _("What came in stays, also if the migration is aborted later."),
    ),
    Step.RECONCILE: Taking(
        _("Sign the reconciliation"),
        _("Both sides as they were compared: each result, and counts, sums, least and most of each test and month."),
        _("Two officers can cut over once the way back is rehearsed; a last difference can still be loaded before."),
    ),
    Step.CUT_OVER: Taking(
        _("Cut over"),
        _("That this laboratory works with Aliquot alone from now on; who and what keeps access, and nothing else."),
        _(
            "Whatever was ticked loses access at once, and so does the loader. The integrator then erases the working"
            " copies of the old records here, and two people close the migration."
        ),
        _("Whatever has lost access must be enrolled anew if it is needed again."),
    ),
    Step.CLOSE: Taking(
        _("Close the migration"),
        _("The certificate: what was moved, by whom, and what was erased."),
        _("The staging key is destroyed at once; no bundle of this migration opens any more, wherever a copy lies."),
        _("This cannot be undone. A later difference needs a new mandate."),
    ),
    Step.ABORT: Taking(
        _("Abort this migration"),
        _("That it ends here and now."),
        _("The staging key is destroyed at once. What was loaded so far stays in the record."),
        _("This cannot be undone. To go on, a new mandate is signed and everything is read again."),
    ),
    Step.EXTEND: Taking(
        _("Give it 72 hours more"),
        _("That what is staged is kept for 72 hours from now, and never past the mandate's end."),
        _("The time of this migration begins anew."),
    ),
}
"""The steps that people sign."""
LIKE: dict[str, Words] = {
    "same-birth-date": _("same birth date"),
    "day-and-month-exchanged": _("day and month exchanged"),
    "birth-date-one-digit-off": _("birth date: one digit off"),
    "birth-date-digits-exchanged": _("birth date: two digits exchanged"),
    "names-exchanged": _("family and given name exchanged"),
    "same-family-name": _("same family name"),
    "family-name-sounds-alike": _("family name sounds alike"),
    "family-name-one-letter-off": _("family name: one letter off"),
    "part-of-family-name": _("part of the family name"),
    "same-given-name": _("same given name"),
    "given-name-alike": _("given name is alike"),
    "same-identifier": _("a number is the same"),
}
"""Why somebody may be somebody who is known here."""
NUMBERS: dict[str, Words] = {
    "nir": _("same national number"),
    "file": _("same file number"),
    "extid": _("same number of another system"),
}
DIFFERS: dict[Reason, Words] = {
    Reason.IDENTITY: _("it is another person, or the identity differs"),
    Reason.MISSING: _("a result is missing here"),
    Reason.SURPLUS: _("a result is too much here"),
    Reason.VALUE: _("a value differs"),
    Reason.UNIT: _("a unit differs"),
    Reason.DATE: _("a date differs"),
    Reason.STATUS: _("a status differs"),
    Reason.OTHER: _("something else differs"),
}
"""Why a dossier of the sample does not agree."""
ORIGINAL: dict[str, Words] = {
    "value": _("value"),
    "unit": _("unit"),
    "low": _("lower limit"),
    "high": _("upper limit"),
    "range": _("limits"),
    "flag": _("flag"),
    "status": _("status"),
    "validated_by": _("validated by"),
    "validated_at": _("validated at"),
    "comment": _("comment"),
}
"""What an old system says about a result, in the order in which it is read."""
BINS: dict[Bin, tuple[Tone, Words]] = {
    Bin.IMPORTED: ("ok", _("comes over")),
    Bin.MERGED: ("info", _("same person, known here")),
    Bin.DUPLICATE: ("plain", _("said twice")),
    Bin.PARKED: ("warn", _("parked")),
    Bin.OUT_OF_SCOPE: ("plain", _("outside the mandate")),
    Bin.REFUSED: ("alarm", _("refused")),
}
REASONS: dict[str, Words] = {
    "answer-not-mapped": _("the map does not name this answer: kept as text"),
    "being-saved": _("it was just being saved: load again in two minutes"),
    "birthplace-unclear": _("the place of birth is no code of a place"),
    "born-after-collection": _("collected before the person was born"),
    "born-after-today": _("born after today"),
    "born_on-missing": _("no birth date"),
    "date": _("another day than the mandate names"),
    "date-missing": _("no date"),
    "date-unclear": _("the date is none that can be read"),
    "deleted": _("the old system had crossed it out"),
    "erased-here": _("was a patient here, and was erased"),
    "number-taken": _("the number is somebody else's under this old system: was it named as another one?"),
    "family-missing": _("no family name"),
    "flag-not-mapped": _("the map does not name this flag"),
    "follows": _("no row of the mandate names it"),
    "given-name-missing": _("no given name"),
    "here-under-another-mandate": _("brought under another mandate: left as it is"),
    "known-here": _("known here already"),
    "may-be-known-here": _("may be somebody who is known here: a person decides"),
    "nir-key": _("the key of the national number is wrong"),
    "nir-without-key": _("the national number has no key here"),
    "number-again": _("the same person once more"),
    "number-missing": _("no number of a patient"),
    "number-of-another": _("two people under one number"),
    "number-unclear": _("the number is none that can be read"),
    "patient-parked": _("the patient is parked"),
    "patient-unknown": _("no such patient in the source"),
    "result-again": _("the same result once more"),
    "sex-not-mapped": _("the map does not name this word for a sex"),
    "site": _("another site than the mandate names"),
    "site-not-mapped": _("the map does not name this site"),
    "status-not-mapped": _("the map does not name this status"),
    "test-left-behind": _("the map leaves this test behind"),
    "test-missing": _("no test"),
    "test-not-mapped": _("the map does not name this test"),
    "unclear date": _("the date that decides cannot be read"),
    "unclear site": _("the site that decides is not said"),
    "unit-missing": _("no unit"),
    "unit-not-mapped": _("the map does not name this unit"),
    "words-for-a-number": _("words where a number is expected: kept as text"),
}
"""Why a row ends where it does. A reason that has no words here is told by its code."""


def reason(code: str) -> Words:
    """Why a row ends where it does."""
    return REASONS.get(code, code) if code else _("in order")


def signers(step: Step) -> str:
    """Who takes a step, in words."""
    parts = RULES[step].parts
    return gettext(" with ").join(_part(part) for part in parts) if parts else gettext("the integrator")


def left(until: datetime, now: datetime) -> tuple[Tone, str]:
    """How long it is until then, and how much that should worry somebody."""
    remains = until - now
    if remains <= timedelta(0):
        return "alarm", gettext("over")
    hours = remains // timedelta(hours=1)
    if remains < _SOON:
        minutes = remains // timedelta(minutes=1) % 60
        return "alarm" if hours < 6 else "warn", gettext("%(h)s h %(m)s min") % {"h": hours, "m": f"{minutes:02d}"}
    return "info", ngettext("%(n)s day", "%(n)s days", hours // 24) % {"n": hours // 24}


def lasting(seconds: int) -> str:
    """How long something takes still; nothing where nobody knows."""
    if seconds < 0:
        return ""
    minutes = -(-seconds // 60)
    if minutes < 60:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return gettext("%(h)s h %(m)s min") % {"h": minutes // 60, "m": f"{minutes % 60:02d}"}


def named(table: Mapping[str, Words], code: str) -> Words:
    """The word for a code, or the code itself."""
    return table.get(code, code)


def number(count: int) -> str:
    """A count as a person reads it, in groups of three digits."""
    return f"{count:,}".replace(",", "\u202f")


def _part(part: Part) -> str:
    return gettext(" or ").join(sorted(titles.of(role).lower() for role in part))
