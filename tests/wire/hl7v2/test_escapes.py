"""What was meant comes out of an escaped text, and goes back in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import escapes
from aliquot.wire.hl7v2.encodings import STANDARD, Encoding

TRUNCATING = Encoding(truncation="#")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"\F\\S\\T\\R\\E\\P\ ".strip(), r"|^&~\#"),
        (r"a\.br\b\.sp2\c\.ce\d\.sk3\e", "a\nb\n\nc\nd   e"),
        (r"\H\high\N\ \.in+4\x\.fi\ ", "high x "),
        (r"\X0d0a\\XC3A9\ ".strip(), "\r\né"),
        (r"\XC3\ \XZZ\ \X\ ".strip(), r"\XC3\ \XZZ\ \X" + "\\"),
        (r"\C2842\a\M2442\b\Zlocal\c", r"\C2842\a\M2442\b\Zlocal\c"),
        (r"50\ mg \T\ x", r"50\ mg & x"),
        (r"\unknown\ end" + "\\", r"\unknown\ end" + "\\"),
        (r"\.br", r"\.br"),
        (r"\\", r"\\"),
    ],
)
def test_a_sequence_means_what_the_standard_says_and_an_unknown_one_stays(raw: str, text: str) -> None:
    assert escapes.decode(raw, TRUNCATING) == text


def test_hexadecimal_bytes_are_in_the_characters_of_the_message() -> None:
    assert escapes.decode(r"\XE9\ ".strip(), Encoding(codec="iso8859-1")) == "é"


@given(st.text(st.sampled_from('|^~\\&#.brHXEFSTRZ0A\r\n\t\x0b\x1c"é')))
def test_a_text_that_was_escaped_comes_back_and_holds_no_separator(text: str) -> None:
    for encoding in (STANDARD, TRUNCATING, Encoding("$", "%", "*", "!", "@")):
        written = escapes.encode(text, encoding)
        assert escapes.decode(written, encoding) == text
        assert not set(written) & set("\r\n\x0b\x1c" + encoding.field + encoding.component + encoding.repetition)


def test_two_quotation_marks_that_are_a_text_do_not_say_delete() -> None:
    assert escapes.encode('""', STANDARD) == r"\X2222\ ".strip()


@pytest.mark.parametrize("text", ["a|b", "\n", '""'])
def test_a_text_that_cannot_be_escaped_is_not_written(text: str) -> None:
    with pytest.raises(Unclear):
        escapes.encode(text, Encoding(escape="", subcomponent=""))
    assert escapes.encode("plain & simple", Encoding(escape="", subcomponent="")) == "plain & simple"
