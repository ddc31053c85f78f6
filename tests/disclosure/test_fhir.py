import json
import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

import msgspec
import pytest

from aliquot.disclosure import fhir
from aliquot.lab.content import Report
from aliquot.terms.states import Report as Status
from tests import data
from tests.disclosure import bundle, sample

REPORTS = {
    "final": sample.FINAL,
    "corrected": sample.corrected(),
    "preliminary": sample.with_status("preliminary", pending=("Hémoculture",)),
    "withdrawn": sample.with_status("entered-in-error", version=2, replaces=1),
    "empty": sample.with_status("registered", results=(), specimens=(), signatures=(), comment=""),
}
every_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def profiles(kind: str) -> Iterator[list[bundle.Tree]]:
    """The snapshot elements of the guide's profile of a kind, the base guide's where the lab guide has none."""
    root = data.folder("eu-lab-ig")
    found = [*root.glob("conformance/StructureDefinition-*.json"), *root.glob("conformance-eu-base/Struc*.json")]
    for path in found:
        definition = json.loads(path.read_text(encoding="utf-8"))
        if definition["type"] == kind and "animal" not in path.name:
            yield definition["snapshot"]["element"]


def required(kind: str) -> set[str]:
    """The names of the top-level elements that a profile of a kind makes obligatory."""
    top = re.compile(rf"{kind}\.[A-Za-z\[\]]+")
    elements = (element for profile in profiles(kind) for element in profile)
    return {e["id"].split(".")[1] for e in elements if e["min"] > 0 and top.fullmatch(e["id"])}


def has(resource: dict[str, bundle.Tree], name: str) -> bool:
    if not name.endswith("[x]"):
        return name in resource
    stem = name.removesuffix("[x]")
    return any(key.removeprefix("_").startswith(stem) for key in resource)


@every_report
def test_every_element_that_the_european_guide_requires_is_there(report: Report) -> None:
    document = bundle.read(report)
    resources = [document, *(entry["resource"] for entry in document["entry"])]
    for resource in resources:
        missing = [name for name in required(resource["resourceType"]) if not has(resource, name)]
        assert not missing, resource["resourceType"]


def test_the_guide_was_read_and_requires_something_of_each_kind() -> None:
    assert {"identifier", "type", "timestamp", "entry"} <= required("Bundle")
    assert {"status", "category", "code", "subject", "effective[x]", "performer"} <= required("Observation")
    assert {"extension", "status", "code", "subject"} <= required("DiagnosticReport")
    assert {"identifier", "status", "intent", "subject"} <= required("ServiceRequest")
    assert "type" in required("Specimen")
    assert "section" in required("Composition")


@every_report
def test_every_reference_resolves_inside_the_document(report: Report) -> None:
    document = bundle.read(report)
    names = [entry["fullUrl"] for entry in document["entry"]]
    assert len(names) == len(set(names))
    assert set(bundle.references(document)) <= set(names)
    assert all(e["fullUrl"] == f"urn:uuid:{e['resource']['id']}" for e in document["entry"])


@every_report
def test_nothing_in_it_is_empty(report: Report) -> None:
    assert not [value for value in bundle.values(bundle.read(report)) if value in ("", [], {}, None)]


@every_report
def test_composition_and_report_agree_as_the_guide_asks(report: Report) -> None:
    document = bundle.read(report)
    composition, diagnostic = (entry["resource"] for entry in document["entry"][:2])
    assert (composition["resourceType"], diagnostic["resourceType"]) == ("Composition", "DiagnosticReport")
    assert composition["identifier"] in diagnostic["identifier"]
    assert composition["type"] == diagnostic["code"]
    assert composition["category"] == diagnostic["category"]
    assert composition["subject"] == diagnostic["subject"]
    assert composition["type"]["coding"][0]["code"] == "11502-2"
    assert diagnostic["extension"][0]["valueReference"]["reference"] == document["entry"][0]["fullUrl"]


@every_report
def test_the_narratives_are_well_formed_and_every_section_has_one(report: Report) -> None:
    for section in bundle.only(report, "Composition")["section"]:
        assert ElementTree.fromstring(section["text"]["div"]).tag.endswith("div")  # noqa: S314
        assert section["title"]
        assert section["code"]["coding"]


@pytest.mark.parametrize(
    ("status", "composition"),
    [
        ("registered", "preliminary"),
        ("partial", "preliminary"),
        ("preliminary", "preliminary"),
        ("final", "final"),
        ("cancelled", "final"),
        ("amended", "amended"),
        ("corrected", "amended"),
        ("appended", "amended"),
        ("entered-in-error", "entered-in-error"),
    ],
)
def test_the_status_of_the_composition_follows_the_report(status: str, composition: str) -> None:
    report = sample.with_status(status)
    assert bundle.only(report, "Composition")["status"] == composition
    assert bundle.only(report, "DiagnosticReport")["status"] == status == Status(status).value


def test_equal_reports_give_equal_bytes() -> None:
    assert fhir.document(sample.FINAL) == fhir.document(sample.FINAL)


def test_decimals_stay_numbers_with_their_digits() -> None:
    assert b'"value":72.50,"unit"' in fhir.document(sample.FINAL)


def test_a_correction_replaces_the_version_that_was_issued() -> None:
    earlier = bundle.read(sample.FINAL)["identifier"]
    composition = bundle.only(sample.corrected(), "Composition")
    assert composition["relatesTo"] == [{"code": "replaces", "targetIdentifier": earlier}]
    assert composition["identifier"] == bundle.only(sample.FINAL, "Composition")["identifier"]
    assert bundle.read(sample.corrected())["identifier"] != earlier
    assert "Tube of another patient" in composition["section"][-1]["text"]["div"]


def test_a_withdrawn_document_carries_no_examination() -> None:
    written = fhir.document(REPORTS["withdrawn"]).decode()
    for planted in ("Potassium", "2823-3", "6.8", sample.SERUM.accession, "Observation/", "Sérum"):
        assert planted not in written
    assert not bundle.every(REPORTS["withdrawn"], "Observation")


def test_the_reviewer_and_the_releaser_attest() -> None:
    attesters = bundle.only(sample.FINAL, "Composition")["attester"]
    assert [(a["mode"], a["party"]["display"], a["time"]) for a in attesters] == [
        ("professional", "Inès Béranger", "2026-03-27T11:42:00+01:00"),
        ("legal", "Dr Hélène Œuvray", "2026-03-27T12:42:00+01:00"),
    ]


def test_text_of_a_report_is_text_in_the_narrative() -> None:
    line = sample.result("<script>alert(1)</script>&", sample.number("1", "g/L"))
    section = bundle.only(sample.with_status("final", results=(line,)), "Composition")["section"][0]
    assert "&lt;script&gt;" in section["text"]["div"]


def test_one_act_is_one_provenance_for_all_that_it_signed() -> None:
    technical, medical = bundle.every(sample.FINAL, "Provenance")
    assert {len(technical["target"]), len(medical["target"])} == {len(sample.RESULTS), len(sample.RESULTS) + 2}


def test_trees_of_decimals_are_read_back_exactly() -> None:
    assert (
        bundle.observation(sample.FINAL, "Créatinine")["valueQuantity"]["value"].as_tuple()
        == Decimal("72.50").as_tuple()
    )


def test_an_order_from_nobody_has_no_requester() -> None:
    asked = msgspec.structs.replace(sample.REQUISITION, prescriber="", prescriber_id="")
    report = sample.with_status("final", requisition=asked)
    assert all("requester" not in request for request in bundle.every(report, "ServiceRequest"))


def test_a_discipline_has_its_loinc_code_and_an_unknown_one_the_general_code() -> None:
    results = (*sample.RESULTS, sample.result("X", sample.number("1", "g/L"), section="Génétique"))
    sections = bundle.only(sample.with_status("final", results=results), "Composition")["section"]
    codes = {section["title"]: section["code"]["coding"][0]["code"] for section in sections}
    assert (codes["Biochimie"], codes["Immunohématologie"], codes["Génétique"]) == ("18719-5", "18717-9", "26436-6")
