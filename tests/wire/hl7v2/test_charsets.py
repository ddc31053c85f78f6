"""A name is read in the characters that it was written in, or not at all."""

import pytest

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import charsets, messages


def with_charset(name: str) -> str:
    return rf"MSH|^~\&|A|B|C|D|2026||ACK|1|P|2.5||||||{name}" + "\rNTE|1||"


@pytest.mark.parametrize(
    ("name", "codec", "text"),
    [
        ("ASCII", "ascii", "Helene"),
        ("8859/1", "latin-1", "Hélène"),
        ("8859/2", "iso8859-2", "Łódź"),
        ("8859/5", "iso8859-5", "Мария"),
        ("8859/15", "iso8859-15", "œuf €"),
        ("UNICODE UTF-8", "utf-8", "Ελένη"),
        ("UNICODE", "utf-8", "Ελένη"),
        ("UTF-8~UNICODE", "utf-8", "Ελένη"),
        ("", "utf-8", "Ελένη"),
        ("GB 18030-2000", "gb18030", "王"),
    ],
)
def test_the_declared_character_set_is_used(name: str, codec: str, text: str) -> None:
    assert messages.parse((with_charset(name) + text).encode(codec))["NTE"][0][3].text == text


@pytest.mark.parametrize("name", ["ASCII", "UNICODE UTF-8", ""])
def test_bytes_outside_the_declared_character_set_are_unclear(name: str) -> None:
    with pytest.raises(Unclear, match="MSH-18: bytes outside"):
        messages.parse((with_charset(name) + "é").encode("latin-1"))


@pytest.mark.parametrize("name", ["KLINGON", "UNICODE UTF-16", "CNS 11643-1992"])
def test_a_character_set_that_is_not_known_is_unclear(name: str) -> None:
    with pytest.raises(Unclear, match="MSH-18: character set"):
        messages.parse(with_charset(name).encode())


def test_a_profile_can_say_what_a_device_writes_that_declares_nothing() -> None:
    raw = (with_charset("") + "Hélène").encode("latin-1")
    assert messages.parse(raw, "8859/1")["NTE"][0][3].text == "Hélène"
    declared = (with_charset("8859/15") + "€").encode("iso8859-15")
    assert messages.parse(declared, "8859/1")["NTE"][0][3].text == "€"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides(codec: str) -> None:
    assert messages.parse((with_charset("8859/1") + "Ελένη").encode(codec))["NTE"][0][3].text == "Ελένη"


def test_every_name_in_the_table_is_a_codec_that_exists() -> None:
    for name in ("8859/9", "8859/10", "8859/16", "ISO IR14", "ISO IR87", "ISO IR159", "KS X 1001", "BIG-5"):
        assert b"A".decode(charsets.codec_of(name)) == "A"
