"""What a refusal of the laboratory's own rules says to the person at the screen: what is wrong, and what to do.

The rules name the place and never the content. Here are those that somebody meets in a day's work, by what they say;
the others are programming mistakes or very rare, and are shown as the rules say them.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.terms.errors import Refused

_HELD = _("A chosen result is held. Choose the others, or give a reason where there is a field for it.")

REFUSALS: dict[str, str | Promise] = {
    "validate: choose results, each of them once": _("Choose at least one line."),
    "validate: the rules have not looked at this yet": _("The rules are still looking. Try again in a moment."),
    "validate: a sensitive result is signed alone": _("A sensitive result is signed by itself: choose only that one."),
    "validate.reason: a reason is needed": _("Say why."),
    "cancel.reason: a reason is needed": _("Say why."),
    "correct.reason: a reason is needed": _("Say why: whoever read the first version reads it."),
    "S1: a value typed by hand is read by a second person": _("Somebody else validates what you typed yourself."),
    "P5: the tube of this result was rejected; have it cancelled": _(
        "The tube of this result was rejected: give up the analysis."
    ),
    "report: nothing is validated yet": _("Nothing is validated yet, so there is nothing to issue."),
    "report: nothing changed": _("Nothing changed since the last version, so there is nothing to issue."),
    "report: the patient's identity is in doubt": _("The patient's identity is in doubt: reception settles it first."),
    "receive.collected: it was taken after it came in": _("It cannot be taken after it came in: correct the time."),
    "receive.accession: this barcode is another tube's": _("This barcode is another tube's: scan it again."),
    "registration: look for the patient first; a search counts for a minute": _(
        "Look for the patient first: a search counts for a minute."
    ),
    "registration.born_on: after today": _("The birth date is after today."),
    "order.tests: nothing is asked for": _("Choose at least one test."),
    "order.tests: one of them is asked for twice, alone or in a panel": _(
        "A test is there twice, alone and in a panel."
    ),
    "catalogue: none is in force; the director publishes one": _(
        "No catalogue is in force: the director publishes one with “aliquot catalogue publish”."
    ),
}


def words(refused: Refused) -> str | Promise:
    """What to tell about a refusal."""
    said = str(refused)
    return _HELD if said.startswith("hold ") else REFUSALS.get(said, said)
