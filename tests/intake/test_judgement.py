from datetime import UTC, datetime

import pytest

from aliquot.intake import judgement
from aliquot.wire.hl7v2 import messages
from aliquot.wire.hl7v2.acks import Code
from tests.intake import post

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def msa(answer: bytes) -> tuple[str, str]:
    (segment,) = messages.parse(answer)["MSA"]
    return segment[1].text, segment[2].verbatim


def told(message: bytes) -> tuple[str, str]:
    return msa(judgement.answer(judgement.judge(message), NOON))


@pytest.mark.parametrize("type_", ["ORU^R01^ORU_R01", "OUL^R22^OUL_R22", "ORU^R01"])
def test_results_are_taken(type_: str) -> None:
    verdict = judgement.judge(post.message("7", type_))
    assert (verdict.objection, verdict.answered) == (None, True)
    assert told(post.message("7", type_)) == ("AA", "7")


@pytest.mark.parametrize("type_", ["ADT^A01^ADT_A01", "ORM^O01", "ORU^R30", "OUL^R21", "ORR"])
def test_anything_else_is_rejected_for_its_type(type_: str) -> None:
    verdict = judgement.judge(post.message("7", type_))
    assert verdict.objection is not None
    assert verdict.objection.place == "MSH-9"
    assert told(post.message("7", type_)) == ("AR", "7")


def test_an_unknown_version_is_rejected_and_a_missing_control_id_is_an_error() -> None:
    assert told(post.message("7").replace(b"|2.5.1", b"|3.0")) == ("AR", "7")
    assert told(post.message("")) == ("AE", "")


def test_an_unknown_test_tube_or_patient_is_no_reason_to_refuse() -> None:
    strange = post.message("7").replace(b"718-7", b"NOSUCHTEST").replace(b"PID|1", b"PID|?")
    assert judgement.judge(strange).objection is None


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00", b"GET / HTTP/1.1", b"MSH", b"MSH|", b"MSH|^~\\&", b"BHS|^~\\&|A\rMSH|^~\\&|A", b"\xff\xfe"],
)
def test_what_has_no_header_is_an_error_answered_to_nobody_by_name(garbage: bytes) -> None:
    verdict = judgement.judge(garbage)
    assert (verdict.code, verdict.answered) == (Code.AE, True)
    assert told(garbage) == ("AE", "")


def test_blanks_before_a_header_cost_no_more_than_their_number() -> None:
    assert told(b" \r\n\x00" * 250_000 + post.message("7")) == ("AA", "7")
    assert told(b" \r\n\x00" * 250_000) == ("AE", "")


@pytest.mark.parametrize("type_", ["ACK", "ACK^R01^ACK", "MCF"])
def test_an_acknowledgment_is_never_stored_and_never_answered(type_: str) -> None:
    for control_id in ("7", ""):
        verdict = judgement.judge(post.message(control_id, type_))
        assert verdict.objection is not None
        assert not verdict.answered


@pytest.mark.parametrize(
    ("accept", "code", "answered"), [("AL", "CA", True), ("NE", "CA", False), ("SU", "CA", True), ("ER", "CA", False)]
)
def test_in_enhanced_mode_the_sender_says_when_it_is_told(accept: str, code: str, *, answered: bool) -> None:
    verdict = judgement.judge(post.message("7", more=f"|||{accept}|NE"))
    assert (verdict.code, verdict.answered) == (code, answered)


@pytest.mark.parametrize(("more", "code"), [("", "AE"), ("|||AL|NE", "CE"), ("|||NE|NE", "CE"), ("|||SU|NE", "CE")])
def test_what_could_not_be_stored_is_an_error_that_everyone_is_told(more: str, code: str) -> None:
    postponed = judgement.postponed(judgement.judge(post.message("7", more=more)))
    assert postponed.answered
    assert msa(judgement.answer(postponed, NOON)) == (code, "7")


def test_a_message_that_is_too_large_is_rejected_for_good() -> None:
    assert msa(judgement.answer(judgement.OVERSIZE, NOON)) == ("AR", "")


def test_a_header_whose_own_signs_cannot_write_the_answer_gets_the_standards() -> None:
    bare = post.message("7^8").replace(b"MSH|^~\\&|", b"MSH|^~|")
    assert told(bare) == ("AA", "7^8")
    assert told(bare.replace(b"ORU^R01", b"ADT^A01")) == ("AR", "7^8")


def test_a_control_id_comes_back_as_it_was_and_breaks_no_segment() -> None:
    odd = "A\\F\\\\S\\\\R\\\\X0D\\MSA"
    answer = judgement.answer(judgement.judge(post.message(odd)), NOON)
    assert answer.count(b"\r") == 2
    assert msa(answer) == ("AA", "A|^~\rMSA")


def test_two_answers_have_two_ids_of_their_own() -> None:
    verdict = judgement.judge(post.message("7"))
    ids = {messages.parse(judgement.answer(verdict, NOON)).header[10].text for _ in range(2)}
    assert len(ids) == 2
    assert {len(own) for own in ids} == {16}


def test_the_answer_carries_nothing_of_the_message_but_its_header() -> None:
    verdict = judgement.judge(post.message("7", "ADT^A01"))
    assert post.CANARY.encode() not in judgement.answer(verdict, NOON)
