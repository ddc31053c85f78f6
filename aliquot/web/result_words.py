"""Results in the words of the people who judge them: how far they are, how they compare, and what holds them."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.terms import states
from aliquot.web.tables import Tone

Words = str | Promise


@dataclass(frozen=True)
class FlagWords:
    """A flag as it is read: a shape beside its words, so that nobody needs the colour."""

    tone: Tone
    shape: str
    text: Words


@dataclass(frozen=True)
class HoldWords:
    """A hold: why the result waits, and what lets it go on."""

    why: Words
    then: Words


STATES: dict[str, tuple[Tone, Words]] = {
    states.Analysis.REQUESTED: ("plain", _("waits for its tube")),
    states.Analysis.READY: ("plain", _("to be measured")),
    states.Analysis.MEASURED: ("info", _("measured")),
    states.Analysis.TECH_VALIDATED: ("wait", _("technically validated")),
    states.Analysis.MED_VALIDATED: ("ok", _("medically validated")),
    states.Analysis.RELEASED: ("ok", _("released")),
    states.Analysis.CANCELLED: ("plain", _("will not be done")),
    states.Analysis.WITHDRAWN: ("alarm", _("taken back")),
    states.Analysis.UNKNOWN: ("warn", _("from the old system, not known to be validated")),
}
WAITS: dict[str, Words] = {
    "results": _("to be measured"),
    "rules": _("the rules are looking"),
    "validation": _("to be validated"),
    "technical": _("the bench, first"),
    "medical": _("for your signature"),
    "release": _("report to be issued"),
}
SECTIONS: dict[str, Words] = {
    "biochemistry": _("Biochemistry"),
    "haematology": _("Haematology"),
    "coagulation": _("Coagulation"),
    "serology": _("Serology"),
    "several": _("Several benches"),
}
FLAGS: dict[str, FlagWords] = {
    "LL": FlagWords("alarm", "⇊", _("critically low")),
    "L": FlagWords("warn", "↓", _("low")),
    "H": FlagWords("warn", "↑", _("high")),
    "HH": FlagWords("alarm", "⇈", _("critically high")),
    "A": FlagWords("warn", "≠", _("abnormal")),
    "AA": FlagWords("alarm", "‼", _("critical")),
    "N": FlagWords("", "", _("within its range")),
}
REPORTS: dict[str, tuple[Tone, Words]] = {
    states.Report.REGISTERED: ("plain", _("registered")),
    states.Report.PARTIAL: ("info", _("partial")),
    states.Report.PRELIMINARY: ("info", _("preliminary")),
    states.Report.FINAL: ("ok", _("final")),
    states.Report.AMENDED: ("warn", _("amended")),
    states.Report.CORRECTED: ("warn", _("corrected")),
    states.Report.APPENDED: ("ok", _("completed")),
    states.Report.CANCELLED: ("plain", _("cancelled")),
    states.Report.IN_ERROR: ("alarm", _("withdrawn")),
}
HOLDS: dict[str, HoldWords] = {
    states.Hold.IDENTITY: HoldWords(_("The patient's identity is in doubt."), _("Reception settles the identity.")),
    states.Hold.SPECIMEN: HoldWords(
        _("The tube was taken with reserve, is too old, or nobody said when it was taken."),
        _("A biologist says why it may be used, or asks for a new tube."),
    ),
    states.Hold.QC_REJECTED: HoldWords(
        _("Quality control was rejected."), _("Repair and control again, or a biologist answers for it.")
    ),
    states.Hold.QC_UNKNOWN: HoldWords(
        _("Nothing is known of quality control."), _("Run the control, or a biologist answers for it.")
    ),
    states.Hold.INSTRUMENT_FLAG: HoldWords(
        _("The analyser raised a flag."), _("Measure again; if it comes back, say why it may stand.")
    ),
    states.Hold.RANGE_AMR: HoldWords(
        _("It is outside what the method can measure."), _("Dilute and measure again, or say why it may stand.")
    ),
    states.Hold.IMPLAUSIBLE: HoldWords(
        _("Hardly anybody has such a value."), _("Look at the tube; a biologist says why it may stand.")
    ),
    states.Hold.DELTA: HoldWords(
        _("It is far from the patient's earlier result."), _("Measure again; if it stays, say why it may stand.")
    ),
    states.Hold.CRITICAL: HoldWords(_("The value is critical."), _("Call the prescriber; it is validated as usual.")),
    states.Hold.CONSISTENCY: HoldWords(
        _("It contradicts another result of this tube."), _("Look at both; a biologist says why they may stand.")
    ),
    states.Hold.UNIT: HoldWords(_("Its unit does not lead to the test's."), _("The integrator mends the mapping.")),
    states.Hold.MAPPING: HoldWords(
        _("The analyser's code is not mapped to this test."), _("The integrator mends the mapping.")
    ),
    states.Hold.CONFIG: HoldWords(
        _("The catalogue does not say how to judge it."), _("The director completes the catalogue.")
    ),
    states.Hold.SENSITIVE: HoldWords(_("It is sensitive."), _("A biologist signs it by itself, with a reason.")),
    states.Hold.SAMPLED: HoldWords(_("It was drawn for a second look."), _("A biologist looks and says so.")),
    states.Hold.MANUAL: HoldWords(_("Somebody held it by hand."), _("A biologist says why it may go on.")),
}
AGES: dict[str, Words] = {"y": _("%(number)s years"), "d": _("%(number)s days")}
"""An age as a requisition keeps it (`34 y`, `12 d`), by its unit."""

CORRECTIONS: dict[str, Words] = {
    "wrong-patient": _("The tube was another person's"),
    "wrong-specimen": _("The tube was mixed up or spoilt"),
    "analysis": _("The analysis went wrong"),
    "typing": _("It was typed wrongly"),
    "unit": _("Unit or range was wrong"),
    "other": _("Something else"),
}
"""Why a released result is opened again."""
