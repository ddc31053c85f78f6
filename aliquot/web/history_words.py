"""The history in words: what was done, why, which portion was seen, and what explained it.

The codes are custody's; tests hold these tables against its lists.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from aliquot.custody import answers
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.web.tables import Tone

Words = str | Promise


@dataclass(frozen=True)
class How:
    """What explained an opening; `grave` is what an officer looks at first."""

    tone: Tone
    text: Words
    then: Words
    grave: bool = False


ACTS: dict[str, Words] = {
    "FindPatient": _("searched by birth date"),
    "LookUpIdentifier": _("looked a number up"),
    "FindTube": _("looked a tube up"),
    "ShowCandidate": _("saw the name, to choose"),
    "RegisterPatient": _("registered the patient"),
    "OpenIdentity": _("opened the identity"),
    "PlaceOrder": _("ordered tests"),
    "ConfirmOrder": _("stood for an order"),
    "PrintLabels": _("printed labels"),
    "ReceiveSpecimen": _("received a tube"),
    "RejectSpecimen": _("rejected a tube"),
    "ListBench": _("saw a tube in the bench's list"),
    "RecordResults": _("filed an analyser's results"),
    "TypeResult": _("opened results to type one"),
    "VerifyResults": _("checked results by rule"),
    "ValidateTechnically": _("validated technically"),
    "ListValidation": _("saw a dossier in the list to validate"),
    "OpenDossier": _("opened the whole dossier"),
    "OpenRestricted": _("opened the dossier with what is restricted"),
    "ValidateMedically": _("validated medically"),
    "ReleaseReport": _("issued a report"),
    "CorrectResult": _("corrected a result"),
    "ReadReport": _("read or handed over a report"),
    "ReadLetter": _("opened a machine's message"),
    "KeepQuarantined": _("kept an unclear message"),
    "RetryQuarantined": _("tried an unclear message again"),
    "InspectQuarantined": _("saw an unclear message in masks"),
    "RepairQuarantined": _("repaired or refused an unclear message"),
    "LoadHistory": _("brought in an earlier request"),
    "CompareHistory": _("compared an earlier request with the old system"),
    "CompareDossier": _("compared a drawn dossier with the old system's words"),
    "JudgeDossier": _("said whether a drawn dossier agrees with the old system"),
    "ExportDossier": _("sealed records for another laboratory"),
    "RunExport": _("ran a step of an export"),
    "RunMigration": _("ran a step of a migration"),
    "CertifyMigration": _("certified what a migration erased"),
    "ReadMigration": _("looked at a migration"),
    "StepMigration": _("answered for a step of a migration"),
    "DecideMatch": _("decided who is whom in a migration"),
    "ReadCatalogue": _("read the catalogue"),
    "PublishCatalogue": _("published the catalogue"),
    "Administer": _("changed who may do what"),
    "ReadStaff": _("saw who works here"),
    "SignMandate": _("signed a mandate"),
    "ReadHistory": _("read the history"),
    "ReviewNotice": _("reviewed notices"),
    "WatchBudgets": _("watched the budgets"),
    "SettleActs": _("settled an unfinished act"),
}
PURPOSES: dict[str, Words] = {
    Purpose.TREAT: _("treatment"),
    Purpose.BTG: _("emergency: broke the glass"),
    Purpose.PATADMIN: _("reception and administration of patients"),
    Purpose.HOPERAT: _("running the laboratory"),
    Purpose.HLEGAL: _("a right or a legal question"),
    Purpose.HSYSADMIN: _("running the system"),
}
PORTIONS: dict[str, Words] = {
    Kind.DEMOGRAPHY.name.lower(): _("name, birth date, sex"),
    Kind.TRAITS.name.lower(): _("birth name and birthplace"),
    Kind.IDENTIFIERS.name.lower(): _("numbers"),
    Kind.CONTACT.name.lower(): _("address and telephone"),
    Kind.NOTE.name.lower(): _("notes about the patient"),
    Kind.REQUISITION.name.lower(): _("requests"),
    Kind.ORDER.name.lower(): _("tests ordered"),
    Kind.CLINICAL_NOTE.name.lower(): _("clinical notes"),
    Kind.SPECIMEN.name.lower(): _("tubes"),
    Kind.OBSERVATION.name.lower(): _("results"),
    Kind.COMMENT.name.lower(): _("comments"),
    Kind.IMPORT.name.lower(): _("words of the old system"),
    Kind.REPORT.name.lower(): _("reports"),
    Kind.DOCUMENT.name.lower(): _("report documents"),
    Kind.DISCLOSURE.name.lower(): _("who received reports"),
    Kind.MESSAGE.name.lower(): _("analyser messages"),
    Kind.QUARANTINE.name.lower(): _("unclear messages"),
    Kind.CATALOGUE.name.lower(): _("catalogue"),
    Kind.PAPER.name.lower(): _("papers of a migration"),
}
HOWS: dict[str, How] = {
    "unexplained": How("alarm", _("not explained"), _("Nothing here explains it: ask the person."), grave=True),
    "lapsed": How(
        "alarm", _("order never confirmed"), _("The order that explained it came to nothing: ask."), grave=True
    ),
    "provisional": How(
        "warn", _("nothing followed"), _("Looked up, and no order or hand-over came of it."), grave=True
    ),
    "break-glass": How("alarm", _("glass broken"), _("Read the reason, and whether it was needed."), grave=True),
    "grace": How("warn", _("within the hour of a broken glass"), _("Belongs to the broken glass."), grave=True),
    "blind": How("plain", _("identity was withheld"), _("The act was done without showing who it is.")),
    "beside": How("info", _("shown beside another"), _("Somebody else of the same search was meant.")),
    "again": How("info", _("seen before on that day"), _("Counted with the first opening of the day.")),
    "candidate": How("info", _("shown by a search"), _("Shown so that the right person could be chosen.")),
    "order": How("wait", _("order, not confirmed yet"), _("Explained once a result or a person confirms it.")),
    "closed": How("ok", _("recent work"), _("Work of the last 14 days at that person's site.")),
    "work": How("ok", _("open work"), _("Confirmed work at that person's site.")),
    "sample": How("info", _("drawn to be compared"), _("One of the few dossiers by which a migration is checked.")),
    "mandate": How("info", _("bulk work"), _("Under a mandate that was signed.")),
    "own": How("plain", _("showed no identity"), _("Part of the work itself.")),
    answers.FORGOTTEN: How("plain", _("no longer kept"), _("What explained it is kept for 90 days.")),
}


def act(code: str) -> Words:
    """What was done; a code of another version stays a code."""
    return ACTS.get(code, code)


def purpose(code: str) -> Words:
    """Why, in words."""
    return PURPOSES.get(code, code)


def portion(kinds: tuple[str, ...]) -> str:
    """Which portion was seen, in words."""
    return ", ".join(str(PORTIONS.get(kind, kind)) for kind in kinds) or str(_("nothing was shown"))
