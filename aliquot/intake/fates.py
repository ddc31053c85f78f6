"""What can become of a machine's message, and why one waits for a person.

Source: DOMAIN 3.8, M4. `UNCLEAR`, `ALREADY_VALIDATED` and `ALREADY_FILED` are ours: M4 has no word for a message that
does not say one thing, for a second result after somebody has already judged the first, nor for one that waited while
the same measurement came again and was filed.
"""

from enum import StrEnum

import msgspec


class Fate(StrEnum):
    """Where a message is on its way. A message that was stored ends in one of the last four."""

    RECEIVED = "received"
    PARSED = "parsed"
    FILED = "filed"
    QUARANTINED = "quarantined"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Cause(StrEnum):
    """Why a message waits in quarantine, or was closed there."""

    UNKNOWN_SPECIMEN = "UNKNOWN_SPECIMEN"
    PATIENT_ID_AS_SPECIMEN = "PATIENT_ID_AS_SPECIMEN"
    UNKNOWN_TEST = "UNKNOWN_TEST"
    UNIT = "UNIT"
    AMBIGUOUS_COMPONENT = "AMBIGUOUS_COMPONENT"
    NOT_ORDERED = "NOT_ORDERED"
    ALREADY_FILED = "ALREADY_FILED"
    ALREADY_VALIDATED = "ALREADY_VALIDATED"
    ALREADY_RELEASED = "ALREADY_RELEASED"
    STALE = "STALE"
    CHECKSUM = "CHECKSUM"
    PATIENT_MISMATCH = "PATIENT_MISMATCH"
    QC_UNRECOGNISED = "QC_UNRECOGNISED"
    UNCLEAR = "UNCLEAR"


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cause and the place in the message that shows it (`OBX[3]-6`); never what is written there."""

    cause: Cause
    place: str
