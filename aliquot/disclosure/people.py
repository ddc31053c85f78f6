"""Whom a report is about, who asked, who issued and who signed it, as FHIR resources."""

import re
from collections.abc import Iterable, Mapping, Sequence

from aliquot.disclosure import cautions
from aliquot.disclosure.resources import (
    BASE_PROFILES,
    TERMINOLOGY,
    Entry,
    coding,
    concept,
    entry,
    instant,
    reference,
    url,
)
from aliquot.lab.content import Report, Signature
from aliquot.terms.canonical import Json

MACHINE = "rule-engine"

_INS_NIR = "urn:oid:1.2.250.1.213.1.4.8"
_RPPS = "urn:oid:1.2.250.1.71.4.2.1"
_ORG_DIGITS = 8
_MEANINGS = {"technical": "AU", "medical": "LA", "correction": "LA", "withdrawal": "LA"}


def patient_url(report: Report) -> str:
    """The patient of a report."""
    return url("Patient", report.patient.patient)


def laboratory_url(report: Report) -> str:
    """The laboratory that issued a report: the organization in its id."""
    return url("Organization", report.report[:_ORG_DIGITS])


def prescriber_url(report: Report) -> str:
    """Whoever asked."""
    return url("PractitionerRole", report.report, "prescriber")


def role_url(signature: Signature) -> str:
    """A signer in one role; a set of rules that signs is a device."""
    return url("Device" if signature.role == MACHINE else "PractitionerRole", signature.person, signature.role)


def patient(report: Report) -> Entry:
    """The identity that the report was issued with. The national number is there only if it is qualified."""
    shown, demography = report.patient, report.patient.demography
    given: Json = list(demography.given)
    names: list[Json] = [{"use": "usual", "family": demography.family, "given": given}]
    if shown.birth_family:
        names.insert(0, {"use": "official", "family": shown.birth_family, "given": given})
    return entry(
        patient_url(report),
        "Patient",
        f"{BASE_PROFILES}patient-eu-core",
        {
            "identifier": list(_identifiers(report)),
            "name": names,
            "gender": demography.sex.value,
            "birthDate": demography.born_on.isoformat(),
        },
    )


def _identifiers(report: Report) -> Iterable[Json]:
    if report.patient.national_number:
        kind = concept("", coding("https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203", "INS-NIR"))
        yield {"use": "official", "type": kind, "system": _INS_NIR, "value": report.patient.national_number}
    if report.patient.file_number:
        system = url("file-number", report.report[:_ORG_DIGITS])
        kind = concept("", coding(f"{TERMINOLOGY}v2-0203", "MR"))
        yield {"type": kind, "system": system, "value": report.patient.file_number}


def laboratory(report: Report) -> Entry:
    """Who issues the report, with the mark of its accreditation."""
    shown = report.laboratory
    return entry(
        laboratory_url(report),
        "Organization",
        f"{BASE_PROFILES}organization-eu-core",
        {
            "identifier": [{"type": concept("accreditation"), "value": shown.accreditation}]
            if shown.accreditation
            else [],
            "name": shown.name,
            "telecom": [{"system": "phone", "value": shown.phone}] if shown.phone else [],
            "address": [{"text": ", ".join(shown.lines), "line": list(shown.lines)}],
        },
    )


def prescriber(report: Report) -> Sequence[Entry]:
    """Whoever asked; nobody, when patients asked for themselves."""
    asked = report.requisition
    if not asked.prescriber:
        return ()
    person = url("Practitioner", report.report, "prescriber")
    system = _RPPS if re.fullmatch(r"\d{11}", asked.prescriber_id) else ""
    identifiers: list[Json] = [{"system": system, "value": asked.prescriber_id}] if asked.prescriber_id else []
    return (
        entry(
            person,
            "Practitioner",
            f"{BASE_PROFILES}practitioner-eu-core",
            {"identifier": identifiers, "name": [{"text": asked.prescriber}]},
        ),
        entry(
            prescriber_url(report),
            "PractitionerRole",
            f"{BASE_PROFILES}practitionerRole-eu-core",
            {"practitioner": reference(person, asked.prescriber)},
        ),
    )


def signers(report: Report) -> Iterable[Entry]:
    """Everybody who signed for something, in each role in which they did."""
    found: dict[str, Entry] = {}
    for signature in cautions.signatures(report):
        for name, resource in _signer(signature, report):
            found[name] = (name, resource)
    return found.values()


def _signer(signature: Signature, report: Report) -> Sequence[Entry]:
    if signature.role == MACHINE:
        device: list[Json] = [{"name": signature.name, "type": "user-friendly-name"}]
        return (entry(role_url(signature), "Device", "", {"deviceName": device}),)
    person = url("Practitioner", signature.person)
    return (
        entry(
            person,
            "Practitioner",
            f"{BASE_PROFILES}practitioner-eu-core",
            {"name": [{"text": signature.name}]},
        ),
        entry(
            role_url(signature),
            "PractitionerRole",
            f"{BASE_PROFILES}practitionerRole-eu-core",
            {
                "practitioner": reference(person, signature.name),
                "organization": reference(laboratory_url(report)),
                "code": [concept(signature.role)],
            },
        ),
    )


def provenances(targets: Mapping[Signature, Sequence[str]], report: Report) -> Iterable[Entry]:
    """Who signed which resources, when, as what; the source is the log leaf of the act."""
    for signature, signed in targets.items():
        name = url("Provenance", report.report, report.version, signature.person, signature.meaning, signature.act)
        yield entry(
            name,
            "Provenance",
            "",
            {
                "target": [reference(target) for target in signed],
                "recorded": instant(signature.at, report),
                "activity": _activity(signature),
                "agent": [{"role": [concept(signature.role)], "who": reference(role_url(signature), signature.name)}],
                "entity": [{"role": "source", "what": {"identifier": {"value": signature.act}}}]
                if signature.act
                else [],
            },
        )


def _activity(signature: Signature) -> Json:
    code = _MEANINGS.get(signature.meaning)
    return concept(signature.meaning, *([coding(f"{TERMINOLOGY}v3-DocumentCompletion", code)] if code else []))
