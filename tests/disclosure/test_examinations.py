import re
from decimal import Decimal

import msgspec
import pytest

from aliquot.terms.quantities import Absent, Coded, Quantity, Text
from aliquot.terms.states import Analysis
from tests.disclosure import bundle, sample


def shown(name: str) -> dict[str, bundle.Tree]:
    return bundle.observation(sample.FINAL, name)


def test_a_quantity_has_its_comparator_its_unit_and_its_ucum_code() -> None:
    assert shown("CRP")["valueQuantity"] == {
        "value": Decimal("0.5"),
        "unit": "mg/L",
        "system": "http://unitsofmeasure.org",
        "code": "mg/L",
        "comparator": "<",
    }
    assert shown("TSH")["valueQuantity"]["code"] == "m[IU]/L"
    assert shown("TSH")["valueQuantity"]["unit"] == "mUI/L"


def test_zero_absence_emptiness_and_not_done_are_four_different_things() -> None:
    values = (Quantity(Decimal("0"), "g/L"), Absent("unknown"), Text(""), Absent("not-performed"))
    read = []
    for value in values:
        observation = bundle.observation(sample.with_status("final", results=(sample.result("X", value),)), "X")
        read.append(str(observation.get("valueQuantity", {}).get("value", observation.get("dataAbsentReason"))))
    assert read[0] == "0"
    assert len(set(read)) == 4


def test_words_and_codes_are_what_they_are() -> None:
    coded = sample.result("X", Coded("http://snomed.info/sct", "260385009", "Négatif"))
    observation = bundle.observation(sample.with_status("final", results=(coded,)), "X")
    assert observation["valueCodeableConcept"]["coding"][0]["code"] == "260385009"
    assert shown("Frottis sanguin")["valueString"].startswith("Anisocytose")


def test_the_range_is_the_one_that_was_applied_in_the_unit_of_the_result() -> None:
    (applied,) = shown("Glucose")["referenceRange"]
    assert (str(applied["low"]["value"]), str(applied["high"]["value"])) == ("3.90", "5.50")
    assert applied["low"]["code"] == "mmol/L"
    assert applied["text"] == "à jeun"
    assert "low" not in shown("ASAT")["referenceRange"][0]
    assert "referenceRange" not in shown("Magnésium")


def test_a_flag_is_a_code_of_hl7() -> None:
    coding = shown("Potassium")["interpretation"][0]["coding"][0]
    assert coding["system"].endswith("v3-ObservationInterpretation")
    assert coding["code"] == "HH"
    assert "interpretation" not in shown("Sodium")


@pytest.mark.parametrize("state", list(Analysis))
def test_every_state_of_an_analysis_has_a_status_and_only_what_was_validated_shows(state: Analysis) -> None:
    result = sample.result("X", sample.number("66.6", "g/L"), "H", state=state, comment="66,6 vu")
    observation = bundle.observation(sample.with_status("preliminary", results=(result,)), "X")
    expected = {
        "requested": "registered",
        "ready": "registered",
        "measured": "preliminary",
        "tech-validated": "preliminary",
        "med-validated": "final",
        "released": "final",
        "cancelled": "cancelled",
        "withdrawn": "entered-in-error",
        "unknown": "unknown",
    }[state]
    assert observation["status"] == expected
    visible = state in (Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED, Analysis.RELEASED)
    assert ("dataAbsentReason" in observation) is not visible
    assert ("interpretation" in observation) is visible
    assert bool(re.search(r"66[.,]6", str(observation))) is visible


@pytest.mark.parametrize(("report", "status"), [("corrected", "corrected"), ("amended", "amended")])
def test_a_second_version_of_a_result_says_that_it_is_one(report: str, status: str) -> None:
    result = sample.result("X", sample.number("1", "g/L"), version=2)
    assert bundle.observation(sample.with_status(report, results=(result,)), "X")["status"] == status


def test_a_result_without_any_time_says_that_its_time_is_unknown() -> None:
    result = sample.result("X", sample.number("1", "g/L"), collected_at=None, measured_at=None)
    observation = bundle.observation(sample.with_status("final", results=(result,)), "X")
    assert "effectiveDateTime" not in observation
    assert observation["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"


def test_a_specimen_accepted_with_reserve_is_available_with_its_defect_and_warns_at_each_result() -> None:
    serum, blood = bundle.every(sample.FINAL, "Specimen")
    assert serum["status"] == "available"
    assert serum["condition"][0]["coding"][0]["code"] == "RH"
    assert "condition" not in blood
    assert "réserve" in shown("Sodium")["note"][0]["text"]
    assert "note" not in shown("Plaquettes")


def test_a_rejected_specimen_is_unsatisfactory() -> None:
    bad = msgspec.structs.replace(sample.SERUM, reason="QS")
    gone = sample.result("X", Absent("not-performed"), state="cancelled")
    assert (
        bundle.only(sample.with_status("final", specimens=(bad,), results=(gone,)), "Specimen")["status"]
        == "unsatisfactory"
    )


def test_what_is_pending_is_an_active_request() -> None:
    report = sample.with_status("preliminary", pending=("Hémoculture",))
    requests = {request["code"]["text"]: request["status"] for request in bundle.every(report, "ServiceRequest")}
    assert (requests["Hémoculture"], requests["Sodium"], requests["Magnésium"]) == ("active", "completed", "revoked")


def test_holds_are_internal_and_never_leave() -> None:
    assert "haemolysis index" not in str(bundle.read(sample.FINAL))
    assert "K-high" not in str(bundle.read(sample.FINAL))
