"""What each act may see and write: the portion that its purpose needs, and not one kind more.

This table is data for three readers: the door in custody enforces it, the Cedar schema has one action for each row, and
`access.acts` has one class for each row. Tests hold the three lists equal.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from aliquot.terms import states, transitions
from aliquot.terms.kinds import Harm, Kind


class About(StrEnum):
    """What an act is about: a patient, a letter, or the organization itself."""

    PATIENT = "patient"
    NEW_PATIENT = "new-patient"
    LETTER = "letter"
    ORGANIZATION = "organization"


class Scope(StrEnum):
    """Which of a patient's rows an act reaches: those of its own requisition, or the whole dossier."""

    WORK = "work"
    DOSSIER = "dossier"


class Identity(StrEnum):
    """How an act counts towards the budgets that protect patients."""

    FREE = "free"
    """Shows no identity: a bench row (code, sex, age, tests) or the organization's own things."""
    COUNTED = "counted"
    """Shows who somebody is: explained by work, or taken from a bucket."""
    PROVISIONAL = "provisional"
    """Shows who somebody is in a search; refunded for the one who is chosen within fifteen minutes."""


Writes = dict[Kind, frozenset[str]]


@dataclass(frozen=True)
class Portion:
    """The portion of one act. `writes` gives for each kind the states in which the act may leave a version.

    `confirmed` says that only confirmed work explains it: earlier results and the dossier are not shown for an order
    that nothing outside web has confirmed. `factor` asks for a fresh factor. `masked` says that custody shows shapes
    instead of values.
    """

    about: About
    reads: frozenset[Kind] = frozenset()
    writes: Writes = field(default_factory=dict)
    scope: Scope = Scope.WORK
    identity: Identity = Identity.COUNTED
    confirmed: bool = False
    factor: bool = False
    masked: bool = False
    history: bool = False
    """Whether the act is shown superseded versions: a device never is."""
    sampled: bool = False
    """Whether it is for dossiers that custody drew to be compared, and for no others (`custody.samples`)."""
    harm: Harm = Harm.NORMAL
    """The most harmful class that the act is shown; what is worse is withheld."""


def _states(*names: str) -> frozenset[str]:
    return frozenset(names)


_IDENTITY = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT})
_BENCH = frozenset({Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION})
_DOSSIER = _BENCH | {Kind.DEMOGRAPHY, Kind.CLINICAL_NOTE, Kind.COMMENT, Kind.REPORT}
_LEAVES = frozenset({Kind.NOTE, Kind.IMPORT, Kind.DOCUMENT, Kind.DISCLOSURE, Kind.MESSAGE})
_KNOWN = _states(transitions.KNOWN)
_OPEN, _CLOSED = states.Requisition
_S, _A, _O, _R, _Q = states.Specimen, states.Analysis, states.Order, states.Report, states.Quarantine

PORTIONS: dict[str, Portion] = {
    # Reception
    "FindPatient": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "LookUpIdentifier": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "FindTube": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "ShowCandidate": Portion(
        About.PATIENT, frozenset({Kind.DEMOGRAPHY}), scope=Scope.DOSSIER, identity=Identity.PROVISIONAL
    ),
    "RegisterPatient": Portion(
        About.NEW_PATIENT,
        writes=dict.fromkeys((*_IDENTITY, Kind.NOTE), _KNOWN),
        scope=Scope.DOSSIER,
    ),
    "OpenIdentity": Portion(About.PATIENT, _IDENTITY, scope=Scope.DOSSIER),
    "PlaceOrder": Portion(
        About.PATIENT,
        frozenset({Kind.DEMOGRAPHY}),
        {
            Kind.REQUISITION: _states(_OPEN),
            Kind.ORDER: _states(_O.ACTIVE),
            Kind.SPECIMEN: _states(_S.EXPECTED),
            Kind.CLINICAL_NOTE: _KNOWN,
        },
        scope=Scope.DOSSIER,
        identity=Identity.PROVISIONAL,
    ),
    "ConfirmOrder": Portion(About.PATIENT, factor=True),
    "PrintLabels": Portion(About.PATIENT, frozenset({Kind.DEMOGRAPHY, Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN})),
    "ReceiveSpecimen": Portion(
        About.PATIENT,
        frozenset({Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN}),
        {Kind.SPECIMEN: _states(_S.RECEIVED, _S.ACCEPTED)},
        identity=Identity.FREE,
    ),
    "RejectSpecimen": Portion(
        About.PATIENT,
        # A result is cancelled without being read; which test it is of must be known, however sensitive.
        frozenset({Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN}),
        {
            Kind.SPECIMEN: _states(_S.REJECTED, _S.EXPECTED),
            Kind.OBSERVATION: _states(_A.CANCELLED),
        },
        identity=Identity.FREE,
        harm=Harm.RESTRICTED,
    ),
    # Bench
    "ListBench": Portion(About.PATIENT, _BENCH, identity=Identity.FREE),
    "RecordResults": Portion(
        About.PATIENT,
        _BENCH,
        {Kind.OBSERVATION: _states(_A.MEASURED), Kind.MESSAGE: _KNOWN},
        identity=Identity.FREE,
        harm=Harm.RESTRICTED,
    ),
    "TypeResult": Portion(
        About.PATIENT,
        _BENCH,
        {Kind.OBSERVATION: _states(_A.MEASURED, _A.CANCELLED)},
        identity=Identity.FREE,
        harm=Harm.SENSITIVE,
    ),
    "VerifyResults": Portion(
        About.PATIENT,
        # Traits hold the doubt about an identity: without them the rules would have to hold every result.
        _BENCH | {Kind.DEMOGRAPHY, Kind.TRAITS},
        {Kind.OBSERVATION: _states(_A.MEASURED, _A.TECH_VALIDATED)},
        scope=Scope.DOSSIER,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "ValidateTechnically": Portion(
        About.PATIENT,
        _BENCH,
        {Kind.OBSERVATION: _states(_A.TECH_VALIDATED, _A.READY, _A.CANCELLED), Kind.COMMENT: _KNOWN},
        identity=Identity.FREE,
        harm=Harm.SENSITIVE,
        history=True,
    ),
    # Validation
    "ListValidation": Portion(About.PATIENT, _BENCH, identity=Identity.FREE),
    "OpenDossier": Portion(
        About.PATIENT, _DOSSIER, scope=Scope.DOSSIER, confirmed=True, harm=Harm.SENSITIVE, history=True
    ),
    "OpenRestricted": Portion(
        About.PATIENT,
        _DOSSIER,
        scope=Scope.DOSSIER,
        confirmed=True,
        factor=True,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "ValidateMedically": Portion(
        About.PATIENT,
        _DOSSIER,
        {Kind.OBSERVATION: _states(_A.MED_VALIDATED, _A.MEASURED, _A.CANCELLED), Kind.COMMENT: _KNOWN},
        scope=Scope.DOSSIER,
        confirmed=True,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "ReleaseReport": Portion(
        About.PATIENT,
        _DOSSIER | _IDENTITY,
        {
            Kind.OBSERVATION: _states(_A.RELEASED),
            Kind.REPORT: _states(_R.PRELIMINARY, _R.FINAL, _R.CORRECTED, _R.AMENDED, _R.APPENDED, _R.CANCELLED),
            Kind.DOCUMENT: _KNOWN,
            Kind.ORDER: _states(_O.COMPLETED),
            Kind.REQUISITION: _states(_CLOSED),
            Kind.DISCLOSURE: _KNOWN,
        },
        scope=Scope.DOSSIER,
        confirmed=True,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "CorrectResult": Portion(
        About.PATIENT,
        _DOSSIER,
        {Kind.OBSERVATION: _states(_A.MEASURED), Kind.REQUISITION: _states(_OPEN)},
        scope=Scope.DOSSIER,
        confirmed=True,
        factor=True,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "ReadReport": Portion(
        About.PATIENT,
        frozenset({Kind.REQUISITION, Kind.REPORT, Kind.DOCUMENT, Kind.DISCLOSURE}),
        {Kind.DISCLOSURE: _KNOWN},
        confirmed=True,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    # Machines
    "ReadLetter": Portion(About.LETTER, identity=Identity.FREE),
    "KeepQuarantined": Portion(
        About.ORGANIZATION,
        frozenset({Kind.QUARANTINE}),
        {Kind.QUARANTINE: _states(_Q.WAITING)},
        identity=Identity.FREE,
        harm=Harm.RESTRICTED,
    ),
    "RetryQuarantined": Portion(
        About.ORGANIZATION,
        frozenset({Kind.QUARANTINE}),
        {Kind.QUARANTINE: _states(_Q.WAITING, _Q.FILED, _Q.DUPLICATE)},
        identity=Identity.FREE,
        harm=Harm.RESTRICTED,
        history=True,
    ),
    "InspectQuarantined": Portion(
        About.ORGANIZATION,
        frozenset({Kind.QUARANTINE}),
        identity=Identity.FREE,
        masked=True,
        harm=Harm.RESTRICTED,
    ),
    "RepairQuarantined": Portion(
        About.ORGANIZATION,
        writes={Kind.QUARANTINE: _states(_Q.REPAIRED, _Q.REFUSED)},
        identity=Identity.FREE,
        masked=True,
    ),
    # A past that is brought in, under a mandate
    "LoadHistory": Portion(
        About.PATIENT,
        writes={
            Kind.REQUISITION: _states(_CLOSED),
            Kind.ORDER: _states(_O.COMPLETED),
            Kind.SPECIMEN: _states(_S.ACCEPTED),
            Kind.CLINICAL_NOTE: _KNOWN,
            Kind.OBSERVATION: _states(_A.RELEASED, _A.CANCELLED, _A.WITHDRAWN, _A.UNKNOWN),
            Kind.IMPORT: _KNOWN,
        },
        # Its own requisition only: a past is not slipped into work that is done here.
        identity=Identity.FREE,
    ),
    "CompareHistory": Portion(
        About.PATIENT,
        frozenset({Kind.REQUISITION, Kind.OBSERVATION}),
        identity=Identity.FREE,
        harm=Harm.RESTRICTED,
    ),
    # What leaves, under an export mandate: the kinds that it names, of the requisitions that it names
    "ExportDossier": Portion(About.PATIENT, _DOSSIER | _IDENTITY | _LEAVES, harm=Harm.RESTRICTED, history=True),
    "RunExport": Portion(About.ORGANIZATION, identity=Identity.FREE),
    # What came over beside what stands here: two people compare the dossiers that custody drew.
    "CompareDossier": Portion(
        About.PATIENT,
        _BENCH | {Kind.DEMOGRAPHY, Kind.CLINICAL_NOTE, Kind.IMPORT},
        harm=Harm.RESTRICTED,
        history=True,
        sampled=True,
    ),
    "JudgeDossier": Portion(About.PATIENT, identity=Identity.FREE),
    "RunMigration": Portion(About.ORGANIZATION, frozenset({Kind.PAPER}), {Kind.PAPER: _KNOWN}, identity=Identity.FREE),
    "CertifyMigration": Portion(
        About.ORGANIZATION, frozenset({Kind.PAPER}), {Kind.PAPER: _KNOWN}, identity=Identity.FREE
    ),
    # What was signed may be an older version than the newest.
    "ReadMigration": Portion(About.ORGANIZATION, frozenset({Kind.PAPER}), identity=Identity.FREE, history=True),
    "StepMigration": Portion(About.ORGANIZATION, identity=Identity.FREE, factor=True),
    "DecideMatch": Portion(About.ORGANIZATION, identity=Identity.FREE),
    # Catalogue
    "ReadCatalogue": Portion(About.ORGANIZATION, frozenset({Kind.CATALOGUE}), identity=Identity.FREE),
    "PublishCatalogue": Portion(
        About.ORGANIZATION,
        frozenset({Kind.CATALOGUE}),
        {Kind.CATALOGUE: _KNOWN},
        identity=Identity.FREE,
        factor=True,
    ),
    # Who may do what, and who did
    "Administer": Portion(About.ORGANIZATION, identity=Identity.FREE, factor=True),
    "ReadStaff": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "SignMandate": Portion(About.ORGANIZATION, identity=Identity.FREE, factor=True),
    "ReadHistory": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "ReviewNotice": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "WatchBudgets": Portion(About.ORGANIZATION, identity=Identity.FREE),
    "SettleActs": Portion(About.ORGANIZATION, identity=Identity.FREE),
}
"""One row for each act; its name is the Cedar action's and the class's in `access.acts`."""
