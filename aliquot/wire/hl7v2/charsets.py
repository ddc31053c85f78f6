"""Which characters a message's bytes are: what MSH-18 declares in the words of HL7 table 0211."""

import codecs
import re
from typing import Final

from aliquot.terms.errors import Unclear

UTF_8: Final = "UNICODE UTF-8"
"""What a message is taken for when it declares nothing: ASCII, the standard's default, is a part of it."""

_CODECS: Final = {
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp_ext",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    # Whoever writes "UNICODE" in single bytes can only mean UTF-8; the wider encodings are known by their first bytes.
    "UNICODE": "utf-8",
    UTF_8: "utf-8",
    "UTF-8": "utf-8",
}
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HEADER: Final = re.compile(rb"\s*MSH([^\r\n])([^\r\n]*)")
_CHARSET_AFTER_MSH_2: Final = 16


def decode(raw: bytes, default: str = UTF_8) -> tuple[str, str]:
    """The characters of one message, its byte order mark among them, and the codec that gave them.

    A byte order mark decides; else the first repetition of MSH-18; else `default`, a name of table 0211 that an
    instrument's profile gives for a device that declares nothing. There is no second guess: text that was read in the
    wrong character set is a wrong name on a report.

    Raises:
        Unclear: the character set is unknown, or the bytes are not in it.
    """
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return _decode(raw, codec), codec
    codec = codec_of(_declared(raw) or default)
    return _decode(raw, codec), codec


def codec_of(name: str) -> str:
    """Python's name of a character set of table 0211.

    Raises:
        Unclear: the name is not in the table, or cannot be what single bytes are written in.
    """
    try:
        return _CODECS[name.strip().upper()]
    except KeyError:
        raise Unclear("MSH-18", "character set not known here") from None


def _decode(raw: bytes, codec: str) -> str:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        raise Unclear("MSH-18", "bytes outside the declared character set") from None


def _declared(raw: bytes) -> str:
    header = _HEADER.match(raw)
    if header is None:
        return ""
    fields = header[2].split(header[1], _CHARSET_AFTER_MSH_2 + 1)
    if len(fields) <= _CHARSET_AFTER_MSH_2:
        return ""
    repetition = fields[0][1:2]
    first = fields[_CHARSET_AFTER_MSH_2].split(repetition)[0] if repetition else fields[_CHARSET_AFTER_MSH_2]
    return first.decode("ascii", "replace")
