"""How separators, line breaks and foreign bytes stand inside a field (HL7 v2 chapter 2, use of escape sequences)."""

import functools
import re
from typing import Final

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2.encodings import Encoding

# Highlighting, indents and word wrap say how a text looked on a screen and nothing about the patient.
_LAYOUT: Final = frozenset({"H", "N", ".fi", ".nf"})
_INDENT: Final = re.compile(r"\.(?:in|ti)[+-]?\d{1,3}")
_BREAKS: Final = re.compile(r"\.(br|ce|sp|sk)(?:[+]?(\d{1,3}))?")
# Character set switches and local sequences are somebody else's agreement: they stay as they were written.
_KEPT: Final = re.compile(r"C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?|Z[^\r\n]{1,32}")
_KNOWN_ENCODINGS: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def decode(raw: str, encoding: Encoding) -> str:
    """The text that was meant. A sequence that is unknown or not closed stays as it stands, so that nothing is lost."""
    escape = encoding.escape
    if not escape or escape not in raw:
        return raw
    pieces: list[str] = []
    at = 0
    while (start := raw.find(escape, at)) >= 0:
        end = raw.find(escape, start + 1)
        meant = None if end < 0 else _meaning(raw[start + 1 : end], encoding)
        pieces += (raw[at:start], escape if meant is None else meant)
        at = start + 1 if meant is None else end + 1
    pieces.append(raw[at:])
    return "".join(pieces)


def encode(text: str, encoding: Encoding) -> str:
    """The text as it may stand in a field: `decode` gives it back.

    A text of exactly two quotation marks is written in hexadecimal, because in the clear it would say "delete this".

    Raises:
        Unclear: the text needs an escape and the encoding has none.
    """
    if not text or text.isalnum():
        # Letters and digits never separate, and most of what stands in a message is nothing else.
        return text
    escape, table = encoding.escape, _table(encoding)
    if not escape and (text == '""' or _CONTROL.search(text) or any(ord(character) in table for character in text)):
        raise Unclear("MSH-2", "no escape character for a text that needs one")
    if text == '""':
        return f"{escape}X2222{escape}"
    written = text.translate(table).replace("\n", f"{escape}.br{escape}")
    return _CONTROL.sub(lambda found: f"{escape}X{ord(found[0]):02X}{escape}", written)


@functools.lru_cache(_KNOWN_ENCODINGS)
def _table(encoding: Encoding) -> dict[int, str]:
    escape = encoding.escape
    return {ord(character): f"{escape}{name}{escape}" for character, name in _names(encoding)}


def _meaning(sequence: str, encoding: Encoding) -> str | None:
    for character, name in _names(encoding):
        if sequence == name:
            return character
    if sequence in _LAYOUT or _INDENT.fullmatch(sequence):
        return ""
    if breaks := _BREAKS.fullmatch(sequence):
        return (" " if breaks[1] == "sk" else "\n") * int(breaks[2] or 1)
    if sequence.startswith("X"):
        return _bytes(sequence[1:], encoding)
    return f"{encoding.escape}{sequence}{encoding.escape}" if _KEPT.fullmatch(sequence) else None


def _names(encoding: Encoding) -> list[tuple[str, str]]:
    named = [
        (encoding.field, "F"),
        (encoding.component, "S"),
        (encoding.repetition, "R"),
        (encoding.subcomponent, "T"),
        (encoding.escape, "E"),
        (encoding.truncation, "P"),
    ]
    return [(character, name) for character, name in named if character]


def _bytes(digits: str, encoding: Encoding) -> str | None:
    try:
        return bytes.fromhex(digits).decode(encoding.codec) if digits else None
    except ValueError:
        return None
