"""What an integrator may change in a waiting message, and what a value may not bring with it."""

from datetime import UTC, datetime

import pytest

from aliquot.intake import repairing
from aliquot.intake.quarantine import Waiting
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.letters import Quarantined, Repair

BODY = (
    b"MSH|^~\\&|ANA|LAB|||20260105||ORU^R01|1|P|2.5.1\r"
    b"OBR|1||261111111111\rOBX|1|NM|XX^XX^L||141|mmol/L\rOBX|2|NM|K2^K2^L||4|mmol/L\r"
)


def waiting(address: str, value: str) -> Waiting:
    kept = Quarantined("UNKNOWN_TEST", "OBX[1]-3", "ANALYSER-1", "nord", 7, datetime(2026, 1, 5, tzinfo=UTC), BODY)
    return Waiting(Id(bytes(16)), 2, kept, Repair(((address, value),), ""))


def test_a_code_is_changed_and_nothing_beside_it() -> None:
    changed = repairing.repaired(waiting("OBX[2]-3", "NA2^Sodium^L")).body
    assert changed == BODY.replace(b"K2^K2^L", b"NA2^Sodium^L")


@pytest.mark.parametrize("value", ["K2||999", "K2\rOBX|3|NM|NA2||999", "K2\nOBX|3", "K2\x0b"])
def test_a_value_cannot_end_its_field_and_so_bring_a_result(value: str) -> None:
    with pytest.raises(Refused, match="separator"):
        repairing.repaired(waiting("OBX[2]-3", value))


@pytest.mark.parametrize(
    ("address", "written", "offered"),
    [
        ("OBX[2]-3", "K2", True),
        ("OBX[2]-5", "4", False),
        ("PID-5", "", False),
        ("OBR-3", "", True),
        ("OBR-3", "999999999999", False),
        ("unreadable[1]-1", "aaa", False),
    ],
)
def test_codes_are_offered_and_a_tubes_number_only_where_there_is_none(
    address: str, written: str, offered: bool
) -> None:
    assert repairing.open_(address, written) is offered
