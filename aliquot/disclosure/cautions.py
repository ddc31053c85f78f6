"""What of a result may be read outside the laboratory, and with what caution: the same on paper and in FHIR."""

from collections.abc import Sequence

from aliquot.lab.content import Report, ReportResult, Signature, Specimen
from aliquot.terms import states
from aliquot.terms.quantities import Absent, Value

GONE = frozenset({states.Analysis.CANCELLED, states.Analysis.WITHDRAWN})
SIGNED = frozenset({states.Analysis.RELEASED, states.Analysis.MED_VALIDATED})

_CRITICAL_FLAGS = frozenset({"HH", "LL", "AA"})


def with_reserve(specimen: Specimen, report: Report) -> bool:
    """A specimen that has a defect and a result all the same was accepted with reserve; else it was rejected."""
    return bool(specimen.reason) and any(
        result.accession == specimen.accession and result.state not in GONE for result in report.results
    )


def doubtful(result: ReportResult, report: Report) -> bool:
    """The result rests on a specimen that was accepted with reserve, and the report must say so (ISO 7.2.6.2)."""
    held = any(hold.hold == states.Hold.SPECIMEN for hold in result.content.holds)
    return held or any(s.accession == result.accession and with_reserve(s, report) for s in report.specimens)


def outside_control(result: ReportResult) -> bool:
    """The result was released although internal quality control did not allow it, by someone who may decide that."""
    return any(hold.hold in (states.Hold.QC_REJECTED, states.Hold.QC_UNKNOWN) for hold in result.content.holds)


def is_critical(result: ReportResult) -> bool:
    """The result crosses a critical limit, by its flag or by the hold that opened the call."""
    held = any(hold.hold == states.Hold.CRITICAL for hold in result.content.holds)
    return visible(result) and (held or result.content.flag in _CRITICAL_FLAGS)


def signatures(report: Report) -> Sequence[Signature]:
    """Everybody who signed for something in this version, once each, in the order of signing."""
    of_results = (s for result in report.results for s in result.content.signatures)
    return sorted(dict.fromkeys((*of_results, *report.signatures)), key=lambda signature: signature.at)


def shown(result: ReportResult) -> Value:
    """What may be read of a result: of a cancelled or withdrawn one only that it is so."""
    if visible(result):
        return result.content.value
    return Absent(result.state if result.state in GONE else "temp-unknown")


def visible(result: ReportResult) -> bool:
    """Somebody validated it and nobody took it back: before and after, nothing of it leaves the laboratory."""
    return result.state == states.Analysis.TECH_VALIDATED or result.state in SIGNED
