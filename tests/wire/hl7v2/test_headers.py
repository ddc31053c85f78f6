"""A listener judges a message by its header alone."""

import pytest

from aliquot.terms.errors import Refused, Unclear
from aliquot.wire.hl7v2 import encodings, headers, messages
from aliquot.wire.hl7v2.headers import Header, Objection
from tests.wire.hl7v2 import samples

TYPES = ("ORU^R01", "OUL^R22", "ACK")


def header(nine: str = "ORU^R01", ten: str = "42", twelve: str = "2.5.1") -> Header:
    return headers.read(rf"MSH|^~\&|A|B|C|D|2026||{nine}|{ten}|P|{twelve}".encode())


def test_the_header_says_who_speaks_of_what() -> None:
    assert headers.read(samples.RESULT) == Header(
        encoding=encodings.STANDARD,
        sending_application="XN",
        sending_facility="LAB",
        receiving_application="LIS",
        receiving_facility="HOSP",
        sent="20260105103000+0100",
        type="ORU",
        trigger="R01",
        structure="ORU_R01",
        control_id="42",
        processing_id="P",
        version="2.5.1",
        accept_ack="AL",
        application_ack="NE",
        charset="UNICODE UTF-8",
    )


def test_a_message_that_is_broken_further_in_still_has_its_header() -> None:
    broken = samples.HEADER + b"\rnot a segment\xff"
    assert headers.read(broken) == headers.read(samples.RESULT)
    with pytest.raises(Unclear):
        messages.parse(broken)


def test_every_header_of_the_data_folder_is_the_one_of_its_message() -> None:
    for name, raw in samples.messages():
        assert headers.read(raw) == headers.of(messages.parse(raw)), name


@pytest.mark.parametrize("raw", [b"", b"noise", b"PID|1\rMSH|^~\\&|", b"\x00\x01", b"MSH", b"\xff\xfe\x00"])
def test_what_has_no_header_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        headers.read(raw)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_a_header_after_a_byte_order_mark_is_read(codec: str) -> None:
    assert headers.read(samples.RESULT.decode().encode(codec)).control_id == "42"


@pytest.mark.parametrize("version", ["2.1", "2.3.1", "2.5.1^USA", "2.9"])
@pytest.mark.parametrize("kind", ["ORU^R01^ORU_R01", "ORU^R01", "ACK", "ACK^R01^ACK"])
def test_a_type_that_the_caller_takes_is_no_ground_to_refuse(kind: str, version: str) -> None:
    assert headers.objection(header(nine=kind, twelve=version), TYPES) is None


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (header(ten=""), Objection("MSH-10", "101")),
        (header(ten='""'), Objection("MSH-10", "101")),
        (header(nine=""), Objection("MSH-9", "101")),
        (header(twelve=""), Objection("MSH-12", "203")),
        (header(twelve="3.0"), Objection("MSH-12", "203")),
        (header(nine="ADT^A01"), Objection("MSH-9", "200")),
        (header(nine="ORU^R30"), Objection("MSH-9", "201")),
    ],
)
def test_a_refusal_names_the_place_and_the_reason_of_the_standard(judged: Header, expected: Objection) -> None:
    assert headers.objection(judged, TYPES) == expected


def test_control_ids_that_differ_after_a_separator_stay_different() -> None:
    assert header(ten="7^1").control_id != header(ten="7^2").control_id
