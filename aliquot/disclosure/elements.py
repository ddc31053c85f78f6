"""What stands in FHIR's own elements of an exported resource, for whoever reads FHIR and nothing else.

They say what FHIR has a place for. What was kept word for word stands beside them (`disclosure.exact`).
"""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import msgspec

from aliquot.access.grant import Record
from aliquot.disclosure import examinations
from aliquot.disclosure.resources import LOINC, TERMINOLOGY, UCUM, Resource, coding, concept
from aliquot.lab import content
from aliquot.terms import identifiers, states
from aliquot.terms.canonical import Json
from aliquot.terms.identity import Contact, Demography, Identifier, Identifiers, Note, Traits
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent, Coded, Quantity, Text

_SPECIMENS = {
    states.Specimen.REJECTED: "unsatisfactory",
    states.Specimen.DISPOSED: "unavailable",
    states.Specimen.LOST: "unavailable",
    states.Specimen.IN_ERROR: "entered-in-error",
}
_NATIONAL = frozenset({identifiers.NIR_SYSTEM, identifiers.NIA_SYSTEM})


class Kept(NamedTuple):
    """One record with what it says, as an element is made of it."""

    record: Record
    says: Any  # Any: each kind has its own; the table below pairs them
    patient: str


def patient(facets: Sequence[Kept]) -> Resource:
    """A person of several records: name, birth, numbers, address, as far as they leave."""
    names: list[Json] = []
    found: Resource = {"resourceType": "Patient", "name": names}
    for facet in facets:
        match facet.says:
            case Demography() as called:
                names.insert(0, {"use": "usual", "family": called.family, "given": list(called.given)})
                found |= {"gender": called.sex.value, "birthDate": called.born_on.isoformat()}
            case Identifiers(known):
                found["identifier"] = [
                    {"system": one.system, "value": one.value} for one in sorted(known, key=_national)
                ]
            case Contact() as reached:
                found["telecom"] = [
                    {"system": "phone", "value": reached.phone} if reached.phone else None,
                    {"system": "email", "value": reached.email} if reached.email else None,
                ]
                address: Json = {"line": list(reached.lines), "postalCode": reached.postcode, "city": reached.city}
                found["address"] = [address]
            case Traits(family, given) if family:
                born: Json = {"use": "official", "family": family, "given": list(given)}
                names.append(born)
    return found


def _national(one: Identifier) -> bool:
    """The national number first: whoever reads by places finds it."""
    return one.system not in _NATIONAL


def of(kept: Kept) -> Resource:
    """Any other record as the resource that FHIR has for it."""
    return _KINDS[kept.record.kind](kept) | {"subject": subject(kept.patient)}


def subject(patient: str) -> Json:
    """Whom a resource is about. The number is there for readers that follow no references."""
    return {"reference": f"Patient/{patient}", "identifier": {"system": "urn:aliquot:patient", "value": patient}}


def base64_of(raw: bytes) -> str:
    """Bytes as FHIR attaches them."""
    return base64.b64encode(raw).decode()


def test_code(test: str, loinc: str, name: str) -> Json:
    """A test by its code here and, where it has one, by its LOINC code."""
    own = coding("urn:aliquot:catalogue", test, name)
    return concept(name, own, *([coding(LOINC, loinc)] if loinc else []))


def _requisition(kept: Kept) -> Resource:
    says: content.Requisition = kept.says
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": "urn:aliquot:requisition", "value": says.number}],
        "status": "active" if kept.record.state == states.Requisition.OPEN else "completed",
        "intent": "order",
        "category": [concept("requisition")],
        "priority": _priority(says.priority),
        "authoredOn": _at(says.ordered_at),
        "requester": _named(says.prescriber, says.prescriber_id),
    }


def _order(kept: Kept) -> Resource:
    says: content.OrderItem = kept.says
    return {
        "resourceType": "ServiceRequest",
        "basedOn": [_to("ServiceRequest", kept.record.parents[0])],
        "status": kept.record.state,
        "intent": "filler-order",
        "category": [concept("test")],
        "priority": _priority(says.priority),
        "code": test_code(says.test, "", ""),
        "reasonCode": [concept(says.reason)],
    }


def _specimen(kept: Kept) -> Resource:
    says: content.Specimen = kept.says
    return {
        "resourceType": "Specimen",
        "accessionIdentifier": {"system": "urn:aliquot:accession", "value": says.accession},
        "status": _SPECIMENS.get(states.Specimen(kept.record.state), "available"),
        "type": concept(says.specimen_type, coding(f"{TERMINOLOGY}v2-0487", says.specimen_type)),
        "request": [_to("ServiceRequest", kept.record.parents[0])],
        "receivedTime": _at(says.received_at),
        "collection": {"collectedDateTime": _at(says.collected_at)},
        "container": [{"description": says.tube}],
        "condition": [concept(says.reason, coding(f"{TERMINOLOGY}v2-0490", says.reason))] if says.reason else [],
    }


def _observation(kept: Kept) -> Resource:
    says: content.Observation = kept.says
    requisition, *others = kept.record.parents
    request = {**_to("ServiceRequest", requisition), "identifier": {"value": requisition.hex()}}
    return {
        "resourceType": "Observation",
        "basedOn": [request, *(_to("ServiceRequest", order) for order in others[:1])],
        "status": examinations.STATUS[states.Analysis(kept.record.state)],
        "category": [concept("", coding(f"{TERMINOLOGY}observation-category", "laboratory", "Laboratory"))],
        "code": test_code(says.test, says.loinc, says.name),
        "effectiveDateTime": _at(says.collected_at or says.measured_at),
        "issued": _at(max((signature.at for signature in says.signatures), default=None)),
        "performer": [{"display": signature.name} for signature in says.signatures],
        **_value(says),
        "interpretation": [concept(says.flag)] if says.flag else [],
        "note": [{"text": says.comment}] if says.comment else [],
        "method": concept(says.method) if says.method else None,
        "specimen": _to("Specimen", others[1]) if len(others) > 1 else None,
        "device": {"display": says.device} if says.device else None,
        "referenceRange": [_range(says.reference, says)] if says.reference else [],
    }


def _value(says: content.Observation) -> Resource:
    match says.value:
        case Quantity(number, ucum, comparator):
            unit: Resource = {"unit": ucum, "system": UCUM, "code": ucum} if ucum else {}
            return {"valueQuantity": {"value": number, "comparator": comparator, **unit}}
        case Coded(system, code, text):
            return {"valueCodeableConcept": concept(text, coding(system, code, text))}
        case Text(text) if text:
            return {"valueString": text}
        case Text():
            return {"dataAbsentReason": concept("", coding(f"{TERMINOLOGY}data-absent-reason", "unknown"))}
        case Absent(reason):
            return {"dataAbsentReason": concept("", coding(f"{TERMINOLOGY}data-absent-reason", reason))}


def _range(applied: content.Reference, says: content.Observation) -> Json:
    ucum = says.value.ucum if isinstance(says.value, Quantity) else ""
    unit: Resource = {"unit": ucum, "system": UCUM, "code": ucum} if ucum else {}

    def bound(text: str) -> Json:
        number = _number(text)
        return None if number is None else {"value": number, **unit}

    return {"low": bound(applied.low), "high": bound(applied.high), "text": applied.text}


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _report(kept: Kept) -> Resource:
    says: content.Report = kept.says
    return {
        "resourceType": "DiagnosticReport",
        "basedOn": [_to("ServiceRequest", kept.record.parents[0])],
        "status": says.status,
        "category": [concept("", coding(f"{TERMINOLOGY}v2-0074", "LAB", "Laboratory"))],
        "code": concept("", coding(LOINC, "11502-2", "Laboratory report")),
        "issued": _at(says.issued_at),
        "performer": [{"display": says.laboratory.name}],
        "resultsInterpreter": [{"display": signature.name} for signature in says.signatures],
        "result": [{"reference": f"Observation/{line.observation}"} for line in says.results],
        "conclusion": says.comment,
    }


def _document(kept: Kept) -> Resource:
    says: content.Document = kept.says
    attached: list[Json] = [_attachment("application/pdf", says.pdf), _attachment("application/fhir+json", says.fhir)]
    about: Json = {"related": [{"reference": f"DiagnosticReport/{says.report}"}]}
    return {"resourceType": "DocumentReference", "status": "current", "content": attached, "context": about}


def _message(kept: Kept) -> Resource:
    says: content.Message = kept.says
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "description": says.device,
        "content": [_attachment("application/octet-stream", says.raw)],
        "context": {"related": [_to("ServiceRequest", kept.record.parents[0])]},
    }


def _attachment(kind: str, raw: bytes) -> Json:
    return {"attachment": {"contentType": kind, "data": base64_of(raw)}}


def _note(kept: Kept) -> Resource:
    says: Note = kept.says
    about: Sequence[Json] = [{"identifier": {"value": parent.hex()}} for parent in kept.record.parents]
    return {"resourceType": "Communication", "status": "completed", "about": about, "payload": _payload(says.text)}


def _payload(text: str) -> Json:
    return [{"contentString": text}] if text else []


def _disclosure(kept: Kept) -> Resource:
    says: content.Disclosure = kept.says
    return {
        "resourceType": "Communication",
        "status": "completed",
        "medium": [concept(says.channel)],
        "about": [{"reference": f"DiagnosticReport/{says.report}"}],
        "sent": _at(says.at),
        "recipient": [{"display": says.recipient}],
        "sender": {"display": says.name},
    }


def _import(kept: Kept) -> Resource:
    return {"resourceType": "Basic", "code": concept("import")}


def _named(display: str, number: str) -> Json:
    if not display and not number:
        return None
    return {"display": display, "identifier": {"value": number} if number else None}


def _priority(word: str) -> str:
    return word if word in {"routine", "urgent", "asap", "stat"} else "routine"


def _to(kind: str, parent: bytes) -> dict[str, Json]:
    return {"reference": f"{kind}/{parent.hex()}"}


def _at(at: datetime | None) -> Json:
    return None if at is None else str(msgspec.to_builtins(at))


_KINDS: dict[Kind, Callable[[Kept], Resource]] = {
    Kind.REQUISITION: _requisition,
    Kind.ORDER: _order,
    Kind.CLINICAL_NOTE: _note,
    Kind.SPECIMEN: _specimen,
    Kind.OBSERVATION: _observation,
    Kind.COMMENT: _note,
    Kind.IMPORT: _import,
    Kind.REPORT: _report,
    Kind.DOCUMENT: _document,
    Kind.DISCLOSURE: _disclosure,
    Kind.MESSAGE: _message,
}
