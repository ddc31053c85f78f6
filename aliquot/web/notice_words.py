"""Notices in words: what rang, and what an officer does next. The kinds are custody's; a test holds them equal."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.web.tables import Tone

Words = str | Promise


@dataclass(frozen=True)
class Rung:
    """One kind of notice: what happened, and what to do next."""

    tone: Tone
    title: Words
    then: Words


_ASK_PERSON = _("Ask the person what they were looking for, and write down what they say.")
_ASK_VENDOR = _("Have the administrator compare with the log and the backup; nothing was repaired by itself.")
_LOOK_AT_LABORATORY = _("Look at who is behind it in the budgets, and whether the day explains it.")
_LOOK_AT_ORDERS = _("See whether analysers and listeners are at work: orders are confirmed by results.")
_LOOK_AT_LISTENER = _("Have the administrator look at the listener and its key.")

KINDS: dict[str, Rung] = {
    "break-glass": Rung("alarm", _("Somebody broke the glass"), _("Read the reason, open the patient's history, ask.")),
    "break-glass-refused": Rung("warn", _("Somebody tried to break the glass"), _ASK_PERSON),
    "break-glass-looped": Rung("alarm", _("Somebody breaks the glass again and again"), _ASK_PERSON),
    "unexplained-person": Rung("alarm", _("One person opens many patients without work"), _ASK_PERSON),
    "unexplained-laboratory": Rung("alarm", _("Many patients are opened without work"), _LOOK_AT_LABORATORY),
    "unexplained-pace": Rung("alarm", _("Patients are opened fast without work"), _LOOK_AT_LABORATORY),
    "unexplained-installation": Rung("alarm", _("Several laboratories open patients fast"), _LOOK_AT_LABORATORY),
    "all-patients": Rung("warn", _("Somebody opened a day's patients"), _ASK_PERSON),
    "order-blind": Rung("warn", _("An order was taken without showing who it is"), _LOOK_AT_LABORATORY),
    "search-values": Rung("alarm", _("Somebody tries many numbers or birth dates"), _ASK_PERSON),
    "registered-fast": Rung("warn", _("Patients are registered very fast"), _LOOK_AT_LABORATORY),
    "orders-of-person": Rung("warn", _("One person orders very fast"), _ASK_PERSON),
    "orders-of-laboratory": Rung("warn", _("Orders come very fast"), _LOOK_AT_ORDERS),
    "orders-explain-nothing": Rung("alarm", _("Too many orders wait for confirmation"), _LOOK_AT_ORDERS),
    "orders-lapsed": Rung("alarm", _("Many orders were never confirmed"), _LOOK_AT_ORDERS),
    "budget-overdrawn": Rung("alarm", _("More was opened than a day allows"), _LOOK_AT_LABORATORY),
    "budget-all": Rung("warn", _("Somebody was refused after a day's patients"), _ASK_PERSON),
    "budget-person": Rung("warn", _("Somebody was refused: no work explained it"), _ASK_PERSON),
    "budget-laboratory": Rung("alarm", _("The laboratory's leave is used up"), _LOOK_AT_LABORATORY),
    "budget-installation": Rung("alarm", _("All laboratories' leave is used up"), _LOOK_AT_LABORATORY),
    "budget-service": Rung("alarm", _("A service asked for people it does not work for"), _ASK_VENDOR),
    "another-site": Rung("warn", _("Somebody asked for a patient of another site"), _ASK_PERSON),
    "mandate": Rung("warn", _("A service asked beyond its mandate"), _ASK_VENDOR),
    "export-begun": Rung(
        "alarm",
        _("Records are leaving under an export mandate"),
        _("Compare the mandate with what was agreed; ending it stops the export at once."),
    ),
    "migration-lapsed": Rung(
        "warn",
        _("A migration was left and destroyed itself"),
        _("Sign a new mandate if it is to go on; nothing that was staged can be read."),
    ),
    "migration-restored": Rung(
        "warn",
        _("An older database was restored: a migration that had ended was ended again"),
        _("Nothing is to be done; whoever restored it should say so."),
    ),
    "match-many": Rung("alarm", _("A service compares more people than its mandate brings"), _ASK_VENDOR),
    "doubts-many": Rung("warn", _("Somebody looks through many people who are being brought in"), _ASK_PERSON),
    "second-session": Rung(
        "warn", _("Somebody is signed in twice"), _("Ask whether both are theirs; else reset their factors.")
    ),
    "record-altered": Rung("alarm", _("A record is not what was kept"), _ASK_VENDOR),
    "rows-missing": Rung("alarm", _("Records of a patient are missing"), _ASK_VENDOR),
    "act-lost": Rung("alarm", _("A save was lost"), _("Have it done again as a new act; the history keeps the gap.")),
    "act-broken": Rung("alarm", _("A save is there in part"), _ASK_VENDOR),
    "custody-broken": Rung("alarm", _("Custody was stopped by something that must not be"), _ASK_VENDOR),
    "key-does-not-open": Rung("alarm", _("A patient's key does not open any more"), _ASK_VENDOR),
    "shredded-restored": Rung(
        "warn",
        _("An older database was restored: a patient who was erased was erased again"),
        _("Nothing is to be done; whoever restored it should say so."),
    ),
    "shredded-held": Rung(
        "alarm",
        _("A patient who was erased is back, and a legal hold stands on them: nothing was erased again"),
        _("Ask who restored an older database. Lift the hold and start custody again, or keep the patient."),
    ),
    "shredded-laboratory": Rung(
        "alarm", _("Somebody tried to have the laboratory itself erased, as a patient: it was not"), _ASK_VENDOR
    ),
    "letter-missing": Rung("alarm", _("Machine messages are missing"), _LOOK_AT_LISTENER),
    "letter-renumbered": Rung("alarm", _("The letterbox of machine messages was made anew"), _LOOK_AT_LISTENER),
}


def of(kind: str) -> Rung:
    """The words of a notice. Letters that custody refuses name their fault in the kind."""
    if kind.startswith("letter-") and kind not in KINDS:
        return Rung("alarm", _("A machine's message was refused"), _LOOK_AT_LISTENER)
    return KINDS[kind] if kind in KINDS else Rung("alarm", kind, _ASK_VENDOR)
