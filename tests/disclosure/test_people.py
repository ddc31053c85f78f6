import msgspec
import pytest

from aliquot.lab.content import Signature
from tests.disclosure import bundle, sample


def test_a_qualified_identity_carries_its_national_number_under_its_own_system() -> None:
    identifiers = bundle.only(sample.FINAL, "Patient")["identifier"]
    assert identifiers[0]["system"] == "urn:oid:1.2.250.1.213.1.4.8"
    assert identifiers[0]["value"] == "258044523400173"


def test_an_identity_that_is_not_qualified_carries_none() -> None:
    patient = msgspec.structs.replace(sample.PATIENT, national_number="")
    identifiers = bundle.only(sample.with_status("final", patient=patient), "Patient")["identifier"]
    assert [i["value"] for i in identifiers] == ["T-204417"]


def test_the_birth_name_is_official_and_the_name_in_use_is_usual() -> None:
    names = bundle.only(sample.FINAL, "Patient")["name"]
    assert [(n["use"], n["family"], n["given"]) for n in names] == [
        ("official", "Garçon", ["Zoë", "Anaïs"]),
        ("usual", "Lefèvre-Garçon", ["Zoë", "Anaïs"]),
    ]


def test_the_laboratory_is_named_with_its_accreditation() -> None:
    laboratory = bundle.only(sample.FINAL, "Organization")
    assert laboratory["name"] == "Laboratoire des Trois Fontaines"
    assert "Cofrac" in laboratory["identifier"][0]["value"]


@pytest.mark.parametrize(("number", "system"), [("10100000017", "urn:oid:1.2.250.1.71.4.2.1"), ("M-12", None)])
def test_only_eleven_digits_are_a_french_prescribers_number(number: str, system: str | None) -> None:
    asked = msgspec.structs.replace(sample.REQUISITION, prescriber_id=number)
    (prescriber,) = (
        p
        for p in bundle.every(sample.with_status("final", requisition=asked), "Practitioner")
        if p["name"][0]["text"] == "Dr Benoît Château"
    )
    assert prescriber["identifier"][0].get("system") == system


def test_rules_that_sign_are_a_device_and_never_attest() -> None:
    rules = Signature("rules-3", "Règles v3", "rule-engine", "technical", sample.AT, "c0ffee09" * 4)
    line = sample.result("X", sample.number("1", "g/L"), signatures=(rules, sample.BIOLOGIST))
    report = sample.with_status("final", results=(line,))
    assert bundle.only(report, "Device")["deviceName"][0]["name"] == "Règles v3"
    assert [a["mode"] for a in bundle.only(report, "Composition")["attester"]] == ["legal"]
    assert [p["display"] for p in bundle.observation(report, "X")["performer"][1:]] == []
    activities = [p["activity"]["text"] for p in bundle.every(report, "Provenance")]
    assert sorted(activities) == ["medical", "technical"]


def test_a_signature_names_its_leaf_in_the_log() -> None:
    acts = {p["entity"][0]["what"]["identifier"]["value"] for p in bundle.every(sample.FINAL, "Provenance")}
    assert acts == {sample.TECHNICIAN.act, sample.BIOLOGIST.act}
