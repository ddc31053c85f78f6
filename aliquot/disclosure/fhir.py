"""The report as a FHIR R4 document, in the shape of the HL7 Europe Laboratory Report guide 2.0.0."""

import html
from collections.abc import Iterable, Sequence
from itertools import chain

from aliquot.disclosure import cautions, examinations, people, phrases, sheet
from aliquot.disclosure.resources import (
    LAB_PROFILES,
    LOINC,
    TERMINOLOGY,
    Entry,
    coding,
    concept,
    encode,
    entry,
    filled,
    identifier,
    instant,
    reference,
    url,
)
from aliquot.lab.content import Report, Signature
from aliquot.terms import states
from aliquot.terms.canonical import Json

_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"
_TO_REPORT = "http://hl7.eu/fhir/extensions/StructureDefinition/composition-diagnosticReportReference"
_COMPOSITION_STATUS = {
    states.Report.REGISTERED: "preliminary",
    states.Report.PARTIAL: "preliminary",
    states.Report.PRELIMINARY: "preliminary",
    states.Report.FINAL: "final",
    states.Report.CANCELLED: "final",
    states.Report.AMENDED: "amended",
    states.Report.CORRECTED: "amended",
    states.Report.APPENDED: "amended",
    states.Report.IN_ERROR: "entered-in-error",
}
_TYPE = concept("", coding(LOINC, "11502-2", "Laboratory report"))
_ALL_STUDIES = coding(LOINC, "26436-6", "Laboratory studies (set)")
_CATEGORY: Json = [concept("", _ALL_STUDIES), concept("", coding(f"{TERMINOLOGY}v2-0074", "LAB", "Laboratory"))]
_STUDIES = {
    "chemistry": ("18719-5", "Chemistry studies (set)"),
    "biochemistry": ("18719-5", "Chemistry studies (set)"),
    "haematology": ("18723-7", "Hematology studies (set)"),
    "hematology": ("18723-7", "Hematology studies (set)"),
    "coagulation": ("18720-3", "Coagulation studies (set)"),
    "haemostasis": ("18720-3", "Coagulation studies (set)"),
    "immunohaematology": ("18717-9", "Blood bank studies (set)"),
    "microbiology": ("18725-2", "Microbiology studies (set)"),
    "serology": ("18727-8", "Serology studies (set)"),
    "toxicology": ("18728-6", "Toxicology studies (set)"),
    "urinalysis": ("18729-4", "Urinalysis studies (set)"),
}


def document(report: Report) -> bytes:
    """One report version as a document Bundle; equal reports give equal bytes.

    A withdrawn version says that it is withdrawn, by whom and which version it replaces, and carries no examination.
    It is shaped after the guide's profiles; that it conforms to them is for a validator to say.

    Raises:
        Refused: the report's language is not one in which reports are issued.
        Broken: a number is not finite.
    """
    entries = dict(_entries(report))
    return encode(
        filled(
            {
                "resourceType": "Bundle",
                "id": version_url(report.report, report.version).removeprefix("urn:uuid:"),
                "meta": {"profile": [f"{LAB_PROFILES}Bundle-eu-lab"]},
                "identifier": identifier(version_url(report.report, report.version)),
                "type": "document",
                "timestamp": instant(report.issued_at, report),
                "entry": [{"fullUrl": name, "resource": resource} for name, resource in entries.items()],
            }
        )
    )


def version_url(report: str, version: int) -> str:
    """One version of a report, under the name by which its successor replaces it."""
    return url("Bundle", report, version)


def _entries(report: Report) -> Iterable[Entry]:
    yield _composition(report)
    yield _diagnostic_report(report)
    yield people.patient(report)
    yield people.laboratory(report)
    yield from people.prescriber(report)
    yield from people.signers(report)
    if not _withdrawn(report):
        yield from examinations.requests(report)
        yield from examinations.specimens(report)
        yield from examinations.observations(report)
    yield from people.provenances(_signed(report), report)


def _withdrawn(report: Report) -> bool:
    return report.status == states.Report.IN_ERROR


def _composition_url(report: Report) -> str:
    return url("Composition", report.report, report.version)


def _diagnostic_report_url(report: Report) -> str:
    return url("DiagnosticReport", report.report, report.version)


def _composition(report: Report) -> Entry:
    laid_out = sheet.compose(report)
    replaced = identifier(version_url(report.report, report.replaces)) if report.replaces else None
    return entry(
        _composition_url(report),
        "Composition",
        f"{LAB_PROFILES}Composition-eu-lab",
        {
            "language": report.laboratory.language,
            "extension": [
                {"url": f"{_R5}Composition.version", "valueString": str(report.version)},
                {"url": _TO_REPORT, "valueReference": reference(_diagnostic_report_url(report))},
            ],
            "identifier": identifier(url("report", report.report)),
            "status": _COMPOSITION_STATUS[states.Report(report.status)],
            "type": _TYPE,
            "category": _CATEGORY,
            "subject": reference(people.patient_url(report)),
            "date": instant(report.issued_at, report),
            "author": [reference(people.laboratory_url(report), report.laboratory.name)],
            "title": laid_out.title,
            "attester": list(_attesters(report)),
            "custodian": reference(people.laboratory_url(report)),
            "relatesTo": [{"code": "replaces", "targetIdentifier": replaced}] if replaced else [],
            "section": list(_sections(laid_out, report)),
        },
    )


def _attesters(report: Report) -> Iterable[Json]:
    for signature in cautions.signatures(report):
        if signature.role != people.MACHINE:
            yield {
                "mode": "professional" if signature.meaning == "technical" else "legal",
                "time": instant(signature.at, report),
                "party": reference(people.role_url(signature), signature.name),
            }


def _sections(laid_out: sheet.Sheet, report: Report) -> Iterable[Json]:
    codes = dict.fromkeys(result.section for result in report.results)
    for code, section in zip(codes, laid_out.sections, strict=False):
        lines = [" ".join(filter(None, (f"{line.name}:", line.value, line.unit, line.flag))) for line in section.lines]
        results = [r for r in report.results if r.section == code]
        yield {
            "title": section.title,
            "code": concept("", coding(LOINC, *_STUDIES[code]) if code in _STUDIES else _ALL_STUDIES),
            "text": _narrative(lines),
            "entry": [reference(examinations.observation_url(result)) for result in results],
        }
    if not laid_out.sections:
        yield {"title": laid_out.title, "code": concept("", _ALL_STUDIES), "text": _narrative([laid_out.banner])}
    remarks = [*_changes(laid_out), *([report.comment] if report.comment else [])]
    if remarks:
        says = phrases.of(report.laboratory.language)
        annotation = concept("", coding(LOINC, "48767-8", "Annotation comment [Interpretation] Narrative"))
        yield {"title": says.words["conclusion"], "code": annotation, "text": _narrative(remarks)}


def _changes(laid_out: sheet.Sheet) -> Sequence[str]:
    return [f"{change.name}: {change.before} → {change.after} ({change.reason})" for change in laid_out.changes]


def _narrative(lines: Sequence[str]) -> Json:
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}


def _diagnostic_report(report: Report) -> Entry:
    known = not _withdrawn(report)
    results = report.results if known else ()
    tests = dict.fromkeys((*(result.content.test for result in results), *(report.pending if known else ())))
    signed = (s for s in report.signatures if s.meaning != "technical" and s.role != people.MACHINE)
    collected = min((s.collected_at for s in report.specimens if s.collected_at and known), default=None)
    return entry(
        _diagnostic_report_url(report),
        "DiagnosticReport",
        f"{LAB_PROFILES}DiagnosticReport-eu-lab",
        {
            "language": report.laboratory.language,
            "extension": [
                {"url": f"{_R5}DiagnosticReport.composition", "valueReference": reference(_composition_url(report))}
            ],
            "identifier": [identifier(url("report", report.report))],
            "basedOn": [reference(examinations.request_url(test, report)) for test in tests],
            "status": report.status,
            "category": _CATEGORY,
            "code": _TYPE,
            "subject": reference(people.patient_url(report)),
            "effectiveDateTime": instant(collected, report),
            "issued": instant(report.issued_at, report),
            "performer": [reference(people.laboratory_url(report))],
            "resultsInterpreter": [reference(people.role_url(s), s.name) for s in signed],
            "specimen": [reference(examinations.specimen_url(s.accession, report)) for s in report.specimens if known],
            "result": [reference(examinations.observation_url(result)) for result in results],
            "conclusion": report.comment,
        },
    )


def _signed(report: Report) -> dict[Signature, list[str]]:
    """Which resources each signature stands for: the results that carry it, the document that ends with it."""
    whole = (
        (s, name) for s in report.signatures for name in (_composition_url(report), _diagnostic_report_url(report))
    )
    results = () if _withdrawn(report) else report.results
    single = ((s, examinations.observation_url(result)) for result in results for s in result.content.signatures)
    signed: dict[Signature, list[str]] = {}
    for signature, name in chain(whole, single):
        signed.setdefault(signature, []).append(name)
    return signed
