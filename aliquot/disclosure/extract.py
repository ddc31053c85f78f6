"""A patient as they leave: each record as a line of FHIR R4, the latest versions apart from the earlier ones.

Nothing of what the grant opened is left out, and nothing is judged again. Format: docs/formats/exit.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from aliquot.access.grant import Record
from aliquot.custody.answers import Access
from aliquot.disclosure import elements, exact, wordless
from aliquot.disclosure.elements import Kept
from aliquot.disclosure.resources import Resource, concept, encode, filled, url
from aliquot.lab import records
from aliquot.lab.catalogue import Catalogue
from aliquot.lab.content import Observation, Report, Signature
from aliquot.terms import canonical
from aliquot.terms.canonical import Json
from aliquot.terms.kinds import Harm, Kind

IDENTITY = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
"""The kinds that together are one Patient."""
_SECURITY = {Harm.NORMAL: "N", Harm.SENSITIVE: "R", Harm.RESTRICTED: "V"}
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"


class Extract(NamedTuple):
    """The resources of one patient: what is in force, and what it was before."""

    latest: tuple[Resource, ...]
    earlier: tuple[Resource, ...]


def patient(subject: bytes, opened: Sequence[Record], accesses: Iterable[Access], *, words: bool) -> Extract:
    """Everything that was opened of a patient, and who opened it before; `words` says whether comments may leave.

    Raises:
        Broken: a record is written in a schema that this version cannot read.
    """
    said = records.said if words else _wordless
    kept = [Kept(record, said(record), subject.hex()) for record in opened if not record.broken]
    newest = {one.record.id: one.record.version for one in kept}
    for one in kept:
        newest[one.record.id] = max(newest[one.record.id], one.record.version)
    latest = [one for one in kept if one.record.version == newest[one.record.id]]
    earlier = [one for one in kept if one.record.version < newest[one.record.id]]
    facets = [one for one in latest if one.record.kind in IDENTITY]
    return Extract(
        (
            _resource(subject.hex(), elements.patient(facets), facets),
            *(_single(one) for one in latest if one.record.kind not in IDENTITY),
            *(made for one in latest for made in _provenances(one)),
            *(_event(subject.hex(), access) for access in accesses),
        ),
        tuple(map(_single, earlier)),
    )


def catalogue(says: Catalogue) -> Iterator[Resource]:
    """The catalogue in force: whole, as it was published, and each test as FHIR defines one."""
    whole: Json = {"contentType": "application/json", "data": elements.base64_of(canonical.encode(says))}
    yield _filled(
        {
            "resourceType": "DocumentReference",
            "id": "catalogue",
            "status": "current",
            "description": f"catalogue {says.version}",
            "content": [{"attachment": whole}],
        }
    )
    for test in says.tests:
        quantity: Json = {"unit": concept(test.ucum)} if test.ucum else None
        yield _filled(
            {
                "resourceType": "ObservationDefinition",
                "code": elements.test_code(test.code, test.loinc, test.names.en),
                "method": concept(test.method),
                "quantitativeDetails": quantity,
            }
        )


def line(resource: Resource) -> bytes:
    """A resource as a line of NDJSON. A number keeps the digits that were reported."""
    return encode(resource) + b"\n"


def _wordless(record: Record) -> msgspec.Struct:
    return wordless.of(records.said(record))


def _single(kept: Kept) -> Resource:
    if kept.record.kind in IDENTITY:
        return _resource(kept.patient, elements.patient([kept]), [kept])
    return _resource(kept.record.id.hex(), elements.of(kept), [kept])


def _resource(identifier: str, says: Resource, of: Sequence[Kept]) -> Resource:
    worst = max((one.record.harm for one in of), default=Harm.NORMAL)
    version = of[0].record.version if len(of) == 1 else None
    return _filled(
        {
            "resourceType": says["resourceType"],
            "id": identifier,
            "meta": {
                "versionId": str(version) if version else None,
                "security": [{"system": _CONFIDENTIALITY, "code": _SECURITY[worst]}],
            },
            "extension": [exact.extension(one.record, one.says) for one in of],
            **says,
        }
    )


def _provenances(kept: Kept) -> Iterator[Resource]:
    says = kept.says
    signatures: tuple[Signature, ...] = says.signatures if isinstance(says, Observation | Report) else ()
    kind = "Observation" if isinstance(says, Observation) else "DiagnosticReport"
    for signature in signatures:
        name = url("Provenance", kept.record.id.hex(), signature.person, signature.meaning, signature.act)
        yield _filled(
            {
                "resourceType": "Provenance",
                "id": name.removeprefix("urn:uuid:"),
                "target": [{"reference": f"{kind}/{kept.record.id.hex()}"}],
                "recorded": str(msgspec.to_builtins(signature.at)),
                "activity": concept(signature.meaning),
                "agent": [{"role": [concept(signature.role)], "who": {"display": signature.name}}],
            }
        )


def _event(subject: str, access: Access) -> Resource:
    """Who opened the patient, when, as what and why; nothing of what they saw."""
    return _filled(
        {
            "resourceType": "AuditEvent",
            "id": f"{subject}-{access.seq}",
            "extension": [exact.fields("history", access)],
            "type": {"system": "urn:aliquot:history", "code": "opening"},
            "action": "R",
            "recorded": str(msgspec.to_builtins(access.at)),
            "purposeOfEvent": [concept(access.why)],
            "agent": [
                {
                    "requestor": True,
                    "who": {"identifier": {"value": access.person}},
                    "role": [concept(role) for role in access.roles],
                }
            ],
            "source": {"observer": {"display": "Aliquot"}},
            "entity": [{"what": {"reference": f"Patient/{subject}"}, "name": access.act}],
        }
    )


def _filled(resource: Resource) -> Resource:
    pruned = filled(resource)
    return pruned if isinstance(pruned, dict) else {}
