"""Why a glass is broken: a short list, and what the person adds in their own words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "emergency": _("Emergency: care cannot wait"),
    "critical": _("A critical result must be told"),
    "prescriber": _("The prescriber asks about an earlier result"),
    "mix-up": _("Two patients or tubes may have been mixed up"),
    "recall": _("A method or reagent is being recalled"),
    "legal": _("A court, an authority or the patient asks"),
}
_MARK = ": "


def typed(code: str, words: str) -> str:
    """The reason as it is kept: the code of the list, then the person's own words."""
    return f"{code}{_MARK}{words.strip()}"


def told(reason: str) -> str:
    """A kept reason in the language of the page; what was not chosen from the list is told as it is."""
    code, mark, words = reason.partition(_MARK)
    return f"{REASONS[code]}{_MARK}{words}" if mark and code in REASONS else reason
