"""The states of the laboratory's things, in the words of `docs/glossary.md`, and what FHIR calls them."""

from enum import StrEnum


class Order(StrEnum):
    """One test or panel asked for. Values are FHIR's ServiceRequest.status."""

    DRAFT = "draft"
    ACTIVE = "active"
    ON_HOLD = "on-hold"
    COMPLETED = "completed"
    REVOKED = "revoked"
    IN_ERROR = "entered-in-error"


class Specimen(StrEnum):
    """One tube, from the moment that it is expected."""

    EXPECTED = "expected"
    COLLECTED = "collected"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    ACCEPTED_WITH_RESERVE = "accepted-with-reserve"
    REJECTED = "rejected"
    DISPOSED = "disposed"
    LOST = "lost"
    IN_ERROR = "entered-in-error"


class Analysis(StrEnum):
    """One orderable test on one specimen: the unit of work at the bench."""

    REQUESTED = "requested"
    READY = "ready"
    MEASURED = "measured"
    TECH_VALIDATED = "tech-validated"
    MED_VALIDATED = "med-validated"
    RELEASED = "released"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    UNKNOWN = "unknown"
    """It came from an old system, and nobody can say whether it was validated there (I5)."""


class Report(StrEnum):
    """One version of a report. Values are FHIR's DiagnosticReport.status."""

    REGISTERED = "registered"
    PARTIAL = "partial"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    CORRECTED = "corrected"
    APPENDED = "appended"
    CANCELLED = "cancelled"
    IN_ERROR = "entered-in-error"


class Requisition(StrEnum):
    """What came in together: open until everything asked for is closed and told."""

    OPEN = "open"
    CLOSED = "closed"


class Quarantine(StrEnum):
    """A message that could not be filed. `DUPLICATE`: repaired, it turned out to be filed already."""

    WAITING = "waiting"
    REPAIRED = "repaired"
    FILED = "filed"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Hold(StrEnum):
    """A named reason that blocks validation; any number of them may sit on one analysis."""

    IDENTITY = "IDENTITY"
    SPECIMEN = "SPECIMEN"
    QC_REJECTED = "QC_REJECTED"
    QC_UNKNOWN = "QC_UNKNOWN"
    INSTRUMENT_FLAG = "INSTRUMENT_FLAG"
    RANGE_AMR = "RANGE_AMR"
    IMPLAUSIBLE = "IMPLAUSIBLE"
    DELTA = "DELTA"
    CRITICAL = "CRITICAL"
    CONSISTENCY = "CONSISTENCY"
    UNIT = "UNIT"
    MAPPING = "MAPPING"
    CONFIG = "CONFIG"
    SENSITIVE = "SENSITIVE"
    SAMPLED = "SAMPLED"
    MANUAL = "MANUAL"
