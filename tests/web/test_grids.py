"""A masked message as a grid: addresses as HL7 writes them, the unclear place, and only codes to be corrected."""

from datetime import UTC, datetime

import pytest

from aliquot.terms.letters import Masked
from aliquot.web import grids

SEGMENTS = (
    ("MSH", "|", "^~\\&", "ANA", "", "", "", "99999999", "", "ORU^R01^ORU_R01", "9", "P", "2.5.1"),
    ("OBR", "1", "", "999999999999"),
    ("OBX", "1", "NM", "NA2^NA2^L", "", "999", "mmol/L"),
    ("OBX", "2", "NM", "XX^XX^L", "", "9", ""),
)


def masked(reason: str = "UNKNOWN_TEST", place: str = "OBX[2]-3") -> Masked:
    return Masked(reason, place, "ANALYSER-1", "nord", 7, datetime(2026, 1, 5, tzinfo=UTC), SEGMENTS)


def test_each_field_stands_at_its_address_and_only_the_place_of_the_reason_is_unclear() -> None:
    fields = {field.address: field for line in grids.lines(masked()) for field in line.fields}
    assert fields["MSH[1]-9"].text == "ORU^R01^ORU_R01"
    assert fields["OBX[2]-3"].text == "XX^XX^L"
    assert [address for address, field in fields.items() if field.unclear] == ["OBX[2]-3"]


def test_codes_may_be_corrected_and_identity_and_values_may_not() -> None:
    fields = {field.address: field for line in grids.lines(masked()) for field in line.fields}
    offered = {address for address, field in fields.items() if field.repairable}
    assert {"MSH[1]-9", "OBX[1]-3", "OBX[1]-6", "OBX[2]-6"} <= offered
    assert not offered & {"OBX[1]-5", "OBX[2]-5", "OBR[1]-3", "MSH[1]-7"}


@pytest.mark.parametrize(
    ("place", "address"),
    [("OBX-3", "OBX[1]-3"), ("OBX[2]-5.1", "OBX[2]-5"), ("SPM-2.2", "SPM[1]-2"), ("OBX[2]", "OBX[2]"), ("?", "")],
)
def test_a_place_is_found_however_it_is_written(place: str, address: str) -> None:
    assert grids.Reason("UNCLEAR", place).address == address


def test_a_reason_about_a_whole_segment_marks_the_segment() -> None:
    lines = grids.lines(masked("NOT_ORDERED", "OBX[1]"))
    assert [line.address for line in lines if line.unclear] == ["OBX[1]"]


def test_causes_and_places_stay_together() -> None:
    found = grids.reasons(masked("UNIT UNKNOWN_TEST", "OBX[1]-6 OBX[2]-3"))
    assert found == [grids.Reason("UNIT", "OBX[1]-6"), grids.Reason("UNKNOWN_TEST", "OBX[2]-3")]


def test_only_what_was_typed_anew_is_a_change_and_nothing_outside_the_codes_ever_is() -> None:
    typed = {
        "OBX[2]-3": " K2^K2^L ",
        "OBX[1]-3": "NA2^NA2^L",
        "OBX[2]-6": "mmol/L",
        "OBX[1]-5": "141",
        "PID[1]-5": "MARTIN",
    }
    assert grids.changes(masked(), typed) == (("OBX[2]-3", "K2^K2^L"), ("OBX[2]-6", "mmol/L"))
