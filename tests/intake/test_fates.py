"""The words for what becomes of a message are those of the laboratory's rules, and a reason shows no content."""

import msgspec
import pytest

from aliquot.intake.fates import Cause, Fate, Reason


def test_the_causes_are_those_of_the_rules_and_three_of_our_own() -> None:
    rules = (
        "UNKNOWN_SPECIMEN PATIENT_ID_AS_SPECIMEN UNKNOWN_TEST UNIT AMBIGUOUS_COMPONENT NOT_ORDERED ALREADY_RELEASED "
        "STALE CHECKSUM PATIENT_MISMATCH QC_UNRECOGNISED"
    )
    assert {str(cause) for cause in Cause} == {*rules.split(), "UNCLEAR", "ALREADY_VALIDATED", "ALREADY_FILED"}
    assert [str(fate) for fate in Fate] == ["received", "parsed", "filed", "quarantined", "duplicate", "refused"]


def test_a_reason_is_written_and_read_and_has_room_for_nothing_else() -> None:
    reason = Reason(Cause.UNIT, "OBX[3]-6")
    written = msgspec.json.encode(reason)
    assert written == b'{"cause":"UNIT","place":"OBX[3]-6"}'
    assert msgspec.json.decode(written, type=Reason) == reason
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"cause":"UNIT","place":"OBX[3]-6","value":"13.2"}', type=Reason)
