"""The sender learns whether its message is in safe keeping, in its own words."""

from datetime import UTC, datetime

import pytest

from aliquot.wire.hl7v2 import acks, headers, messages
from aliquot.wire.hl7v2.acks import Code
from aliquot.wire.hl7v2.headers import Header, Objection
from tests.wire.hl7v2 import samples

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
MISSING = Objection("MSH-10", "101")
UNSUPPORTED = Objection("MSH-12", "203")


def header(version: str = "2.5.1", fifteen: str = "", sixteen: str = "") -> Header:
    raw = rf"MSH$%*!@$XN%1.2%ISO$LAB$LIS$HO!T!SP$2026$$ORU%R01$4!F!2$T${version}$$${fifteen}${sixteen}$$8859/1"
    return headers.read(raw.encode())


def test_the_answer_goes_back_with_the_control_id_in_the_senders_own_writing() -> None:
    raw = acks.build(header(), Code.AA, "77", AT)
    assert raw == (
        b"MSH$%*!@$LIS$HO!T!SP$XN%1.2%ISO$LAB$20260105093000+0000$$ACK%R01%ACK$77$T$2.5.1$$$$$$8859/1\rMSA$AA$4!F!2\r"
    )
    assert messages.parse(raw)["MSA"][0][2].text == "4$2"


def test_a_refusal_names_the_place_and_the_table_reason() -> None:
    (err,) = messages.parse(acks.build(header(), Code.AR, "77", AT, UNSUPPORTED))["ERR"]
    assert [part.text for part in err[2][1]] == ["MSH", "1", "12", "1", ""]
    assert ([part.text for part in err[3][1]], err[4].text) == (["203", "Unsupported version id", "HL70357"], "E")


def test_a_place_may_count_segments_and_name_a_component() -> None:
    (err,) = messages.parse(acks.build(header(), Code.AE, "7", AT, Objection("OBX[3]-5.2", "102")))["ERR"]
    assert [part.text for part in err[2][1]] == ["OBX", "3", "5", "1", "2"]
    (err,) = messages.parse(acks.build(header(), Code.AE, "7", AT, Objection("PID", "100")))["ERR"]
    assert [part.text for part in err[2][1]] == ["PID", "1"]


def test_before_version_2_5_the_error_stands_in_the_first_field() -> None:
    (err,) = messages.parse(acks.build(header("2.3"), Code.AE, "77", AT, MISSING))["ERR"]
    assert (err[1, 1].text, err[1, 3].text, err[1, 4, 1].text) == ("MSH", "10", "101")


@pytest.mark.parametrize(
    ("fifteen", "objection", "code", "wanted"),
    [
        ("", None, Code.AA, True),
        ("", MISSING, Code.AE, True),
        ("", UNSUPPORTED, Code.AR, True),
        ("AL", None, Code.CA, True),
        ("AL", MISSING, Code.CE, True),
        ("AL", UNSUPPORTED, Code.CR, True),
        ("NE", None, Code.CA, False),
        ("NE", MISSING, Code.CE, False),
        ("ER", None, Code.CA, False),
        ("ER", MISSING, Code.CE, True),
        ("SU", None, Code.CA, True),
        ("SU", MISSING, Code.CE, False),
    ],
)
def test_the_mode_is_the_senders_choice(fifteen: str, objection: Objection | None, code: Code, wanted: bool) -> None:
    asked = header(fifteen=fifteen)
    assert (acks.code(asked, objection), acks.wanted(asked, objection)) == (code, wanted)


def test_only_an_application_answer_asked_for_is_enhanced_mode_without_a_listeners_answer() -> None:
    asked = header(sixteen="AL")
    assert (acks.code(asked, None), acks.wanted(asked, None)) == (Code.CA, False)


def test_noise_is_answered_with_the_standard_characters_and_no_names() -> None:
    raw = acks.build(headers.UNREADABLE, Code.AE, "77", AT, Objection("MSH", "100"))
    assert raw.startswith(b"MSH|^~\\&|||||20260105093000+0000||ACK|77|P|2.5.1\rMSA|AE|\rERR||MSH^1|")


def test_every_message_of_the_data_folder_can_be_answered() -> None:
    for name, raw in samples.messages():
        asked = headers.read(raw)
        answer = messages.parse(acks.build(asked, Code.AA, "77", AT))
        assert headers.of(answer).sending_application == asked.receiving_application, name
        assert answer["MSA"][0][2].text == asked.control_id, name
