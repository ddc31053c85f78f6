"""What was asked, taken and found, as FHIR resources."""

from collections.abc import Iterable
from decimal import Decimal

from aliquot.disclosure import cautions, lines, people, phrases
from aliquot.disclosure.resources import (
    LAB_PROFILES,
    LOINC,
    TERMINOLOGY,
    UCUM,
    Entry,
    Resource,
    coding,
    concept,
    entry,
    identifier,
    instant,
    reference,
    url,
)
from aliquot.lab.content import Observation, Reference, Report, ReportResult, Specimen
from aliquot.terms import states
from aliquot.terms.canonical import Json
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value

STATUS = {
    states.Analysis.REQUESTED: "registered",
    states.Analysis.READY: "registered",
    states.Analysis.MEASURED: "preliminary",
    states.Analysis.TECH_VALIDATED: "preliminary",
    states.Analysis.MED_VALIDATED: "final",
    states.Analysis.RELEASED: "final",
    states.Analysis.CANCELLED: "cancelled",
    states.Analysis.WITHDRAWN: "entered-in-error",
    states.Analysis.UNKNOWN: "unknown",
}
"""What FHIR calls the state of a result."""
_INTERPRETATIONS = frozenset({"N", "L", "H", "LL", "HH", "A", "AA", "POS", "NEG", "<", ">", "IND", "S", "I", "R"})
_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_UNSEEN = {states.Analysis.CANCELLED: "not-performed", states.Analysis.WITHDRAWN: "error"}


def observation_url(result: ReportResult) -> str:
    """One version of one result."""
    return url("Observation", result.observation, result.version)


def specimen_url(accession: str, report: Report) -> str:
    """One tube of a report."""
    return url("Specimen", report.report, accession)


def request_url(test: str, report: Report) -> str:
    """One test that was asked for."""
    return url("ServiceRequest", report.report, test)


def requests(report: Report) -> Iterable[Entry]:
    """What was asked for: a test that has a line, and a test whose line is still to come."""
    tests = {result.content.test: result for result in report.results}
    for test, result in tests.items():
        revoked = result.state == states.Analysis.CANCELLED
        yield _request(test, _code(result.content, report), "revoked" if revoked else "completed", report)
    for name in report.pending:
        yield _request(name, concept(name), "active", report)


def _request(test: str, code: Json, status: str, report: Report) -> Entry:
    number = report.requisition.number
    numbers = url("requisition-number", report.report[:8])
    content: Resource = {
        "identifier": [{"system": url("request-number", report.report[:8]), "value": f"{number}/{test}"}],
        "requisition": {"system": numbers, "value": number},
        "status": status,
        "intent": "order",
        "code": code,
        "subject": reference(people.patient_url(report)),
        "authoredOn": instant(report.requisition.ordered_at, report),
        "requester": reference(people.prescriber_url(report)) if report.requisition.prescriber else None,
    }
    return entry(request_url(test, report), "ServiceRequest", f"{LAB_PROFILES}ServiceRequest-eu-lab", content)


def specimens(report: Report) -> Iterable[Entry]:
    """The tubes, with what was wrong with them and whether they were used all the same."""
    for specimen in report.specimens:
        yield entry(
            specimen_url(specimen.accession, report),
            "Specimen",
            f"{LAB_PROFILES}Specimen-eu-lab",
            _specimen(specimen, report),
        )


def _specimen(specimen: Specimen, report: Report) -> Resource:
    says = phrases.of(report.laboratory.language)
    rejected = bool(specimen.reason) and not cautions.with_reserve(specimen, report)
    defect = concept(phrases.named(says.defects, specimen.reason), coding(f"{TERMINOLOGY}v2-0490", specimen.reason))
    return {
        "accessionIdentifier": {"system": url("accession", report.report[:8]), "value": specimen.accession},
        "status": "unsatisfactory" if rejected else "available",
        "type": concept(phrases.named(says.specimens, specimen.specimen_type)),
        "subject": reference(people.patient_url(report)),
        "receivedTime": instant(specimen.received_at, report),
        "collection": {"collectedDateTime": instant(specimen.collected_at, report)},
        "container": [{"description": phrases.named(says.tubes, specimen.tube)}],
        "condition": [defect] if specimen.reason else [],
    }


def observations(report: Report) -> Iterable[Entry]:
    """The results, each with everything that was applied to it."""
    for result in report.results:
        content = _observation(result, report)
        yield entry(observation_url(result), "Observation", f"{LAB_PROFILES}Observation-resultslab-eu-lab", content)


def _observation(result: ReportResult, report: Report) -> Resource:
    content = result.content
    accessions = {specimen.accession for specimen in report.specimens}
    known = result.accession in accessions
    seen = cautions.visible(result)
    return {
        "identifier": [identifier(url("result", result.observation))],
        "basedOn": [reference(request_url(content.test, report))],
        "status": _status(result, report),
        "category": [concept("", coding(f"{TERMINOLOGY}observation-category", "laboratory", "Laboratory"))],
        "code": _code(content, report),
        "subject": reference(people.patient_url(report)),
        **_effective(content, report),
        "issued": instant(max((s.at for s in content.signatures), default=report.issued_at), report),
        "performer": [reference(people.laboratory_url(report)), *_performers(content)],
        **_value(result, report),
        "interpretation": _interpretation(content.flag, report) if seen else [],
        "note": [{"text": note} for note in _notes(result, report)],
        "method": concept(content.method),
        "specimen": reference(specimen_url(result.accession, report)) if known else None,
        "device": {"display": content.device},
        "referenceRange": [_range(content.reference, content.value, report)] if seen and content.reference else [],
    }


def _notes(result: ReportResult, report: Report) -> Iterable[str]:
    if cautions.visible(result) and cautions.doubtful(result, report):
        yield phrases.of(report.laboratory.language).words["specimen_warning"]
    yield from lines.notes(result, report)


def _status(result: ReportResult, report: Report) -> str:
    status = STATUS[states.Analysis(result.state)]
    if status == "final" and result.version > 1:
        return "amended" if report.status == states.Report.AMENDED else "corrected"
    return status


def _code(content: Observation, report: Report) -> Json:
    codings = [coding(LOINC, content.loinc)] if content.loinc else []
    return concept(content.name, *codings, coding(url("catalogue", report.report[:8]), content.test, content.name))


def _effective(content: Observation, report: Report) -> Resource:
    """The clinically relevant time: collection, else measurement, else that nobody stated it."""
    at = instant(content.collected_at or content.measured_at, report)
    if at is None:
        return {"_effectiveDateTime": {"extension": [{"url": _ABSENT_REASON, "valueCode": "unknown"}]}}
    return {"effectiveDateTime": at}


def _performers(content: Observation) -> list[Json]:
    signed = (s for s in content.signatures if s.meaning == "technical" and s.role != people.MACHINE)
    return [reference(people.role_url(signature), signature.name) for signature in signed]


def _value(result: ReportResult, report: Report) -> Resource:
    says = phrases.of(report.laboratory.language)
    match cautions.shown(result):
        case Quantity() as measured:
            return {
                "valueQuantity": {**_quantity(measured.number, measured.ucum, says), "comparator": measured.comparator}
            }
        case Coded() as coded:
            return {"valueCodeableConcept": concept(coded.text, coding(coded.system, coded.code, coded.text))}
        case Text(text) if text:
            return {"valueString": text}
        case Text():
            return _absent("unknown", says.words["empty_text"])
        case Absent(reason):
            code = _UNSEEN.get(states.Analysis(result.state), reason)
            return _absent(code, phrases.named(says.absent, reason))


def _absent(reason: str, text: str) -> Resource:
    return {"dataAbsentReason": concept(text, coding(f"{TERMINOLOGY}data-absent-reason", reason))}


def _quantity(number: Decimal, ucum: str, says: phrases.Phrases) -> Resource:
    if not ucum:
        return {"value": number}
    return {"value": number, "unit": phrases.unit(ucum, says), "system": UCUM, "code": ucum}


def _interpretation(flag: str, report: Report) -> list[Json]:
    if not flag:
        return []
    text = phrases.named(phrases.of(report.laboratory.language).flags, flag)
    system = f"{TERMINOLOGY}v3-ObservationInterpretation"
    return [concept(text, *([coding(system, flag)] if flag in _INTERPRETATIONS else []))]


def _range(reference_range: Reference, value: Value, report: Report) -> Json:
    """The range as it was applied, in the unit of the result."""
    says = phrases.of(report.laboratory.language)
    ucum = value.ucum if isinstance(value, Quantity) else ""

    def bound(text: str) -> Json:
        return _quantity(Decimal(text), ucum, says) if text else None

    return {
        "low": bound(reference_range.low),
        "high": bound(reference_range.high),
        "type": concept("", coding(f"{TERMINOLOGY}referencerange-meaning", "normal")),
        "text": reference_range.text,
    }
