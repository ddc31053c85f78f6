"""Why a message waits, in the words of who repairs it. The causes are intake's; a test holds them equal."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.intake.fates import Cause
from aliquot.web.tables import Tone

Words = str | Promise


@dataclass(frozen=True)
class Why:
    """One cause: what is unclear, and what lets the message go on."""

    text: Words
    then: Words


_BENCH = _("The bench settles it; then try again.")
_MAPPING = _("Correct the code here, or have the catalogue map it and try again.")
_ANSWERED = _("A biologist judges it; refuse this message with a comment if nothing of it is to be filed.")

CAUSES: dict[str, Why] = {
    Cause.UNKNOWN_SPECIMEN: Why(_("No tube has this number."), _BENCH),
    Cause.PATIENT_ID_AS_SPECIMEN: Why(_("A patient's number stands where the tube's should."), _BENCH),
    Cause.UNKNOWN_TEST: Why(_("This analyser's code is mapped to no test."), _MAPPING),
    Cause.UNIT: Why(_("The unit does not lead to the test's."), _MAPPING),
    Cause.AMBIGUOUS_COMPONENT: Why(_("Two results would be the same test."), _MAPPING),
    Cause.NOT_ORDERED: Why(_("The test was not asked for on this tube."), _BENCH),
    Cause.ALREADY_FILED: Why(
        _("The same measurement is filed: same analyser, tube, test, time and value."),
        _("This message was closed; nothing is left to do."),
    ),
    Cause.ALREADY_VALIDATED: Why(_("Somebody has judged this result already."), _ANSWERED),
    Cause.ALREADY_RELEASED: Why(_("The report of this tube is out already."), _ANSWERED),
    Cause.STALE: Why(_("The result is older than a result may be."), _("Have the analyser's clock looked at.")),
    Cause.CHECKSUM: Why(_("The tube's number has a wrong check character."), _BENCH),
    Cause.PATIENT_MISMATCH: Why(_("The message names another patient than the tube's."), _BENCH),
    Cause.QC_UNRECOGNISED: Why(_("A control that nobody knows."), _MAPPING),
    Cause.UNCLEAR: Why(
        _("This place does not say one thing."), _("Correct it if it is a code; else have it sent anew.")
    ),
}
STATES: dict[str, tuple[Tone, Words]] = {
    "waiting": ("warn", _("waits for you")),
    "repaired": ("wait", _("will be tried again")),
    "filed": ("ok", _("filed")),
    "duplicate": ("plain", _("was filed before")),
    "refused": ("plain", _("refused")),
}


def why(cause: str) -> Why:
    """One cause in words; one of another version stays a code."""
    return CAUSES.get(cause, Why(cause, _ANSWERED))
