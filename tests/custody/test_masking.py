"""What an integrator sees of a waiting message: shapes, and never a name or a value."""

from datetime import UTC, datetime

import msgspec
import pytest

from aliquot.custody import masking
from aliquot.terms import canonical
from aliquot.terms.letters import Masked, Quarantined

MESSAGE = (
    b"MSH|^~\\&|ANALYSER|NORD|||20261123||ORU^R01|1|P|2.5\r"
    b"PID|1||P4711||ZELANDE^JEANNE||19610401|F\r"
    b"OBX|1|NM|2951-2^Sodium^LN||141.5|mmol/L\r"
)


def masked(message: bytes) -> Masked:
    kept = Quarantined("unknown test", "OBX-3", "ANALYSER-1", "nord", 1, datetime(2026, 11, 23, tzinfo=UTC), message)
    return msgspec.json.decode(masking.masked(canonical.encode(kept)), type=Masked)


def test_structure_and_codes_are_shown_and_identity_and_values_are_shapes() -> None:
    shown = masked(MESSAGE)
    assert [segment[0] for segment in shown.segments] == ["MSH", "PID", "OBX"]
    said = str(shown.segments)
    assert "2951-2" in said
    for canary in ("ZELANDE", "JEANNE", "19610401", "P4711", "141.5"):
        assert canary not in said


def test_a_message_kept_before_open_tests_were_is_shown_without_any() -> None:
    kept = Quarantined("unknown test", "OBX-3", "ANALYSER-1", "nord", 1, datetime(2026, 11, 23, tzinfo=UTC), MESSAGE)
    first = msgspec.to_builtins(kept)
    del first["open"]
    assert msgspec.json.decode(masking.masked(msgspec.json.encode(first)), type=Masked).open == ()


@pytest.mark.parametrize("message", [b"", b"\xff\x00JEANNE 141", b"JEANNE|ZELANDE\r", b"MSH", b"MSH|^~\\&|" * 3])
def test_what_cannot_be_parsed_is_a_shape(message: bytes) -> None:
    said = str(masked(message).segments)
    for canary in ("JEANNE", "ZELANDE", "141"):
        assert canary not in said


@pytest.mark.parametrize("body", [b"", b"{}", b'{"changes":[],"comment":"JEANNE"}'])
def test_what_is_no_quarantined_message_has_no_mask(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        masking.masked(body)
