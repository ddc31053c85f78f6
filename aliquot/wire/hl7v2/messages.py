"""A message as segments, fields, repetitions, components and subcomponents, addressed as the standard does.

`message["OBX"]` are its OBX segments, `obx[5]` is OBX-5, `obx[3, 1]` is OBX-3.1, `pid[3][2][4]` is the fourth component
of the second repetition of PID-3. Indexes begin at 1. Nothing here knows what a field means.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import msgspec

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import charsets, encodings, escapes
from aliquot.wire.hl7v2.encodings import Encoding

NULL: Final = '""'
"""The sender says that there is no value and that an old one is to be deleted."""

_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
# A lone line feed in a message of carriage returns ends a segment only if a segment follows: else it is text.
_MIXED: Final = re.compile(r"\n?\r\n?|\n(?=[A-Z][A-Z0-9]{2}[^A-Za-z0-9\s])")
_BEFORE: Final = "\ufeff \t\r\n\x00"
_AFTER: Final = "\r\n\x00"
_LEAF: Final = 3
_DECLARED: Final = 2
"""MSH-1 and MSH-2 are the separators themselves."""
_BELOW: Final = (1, 2, _LEAF, _LEAF)


class Presence(StrEnum):
    """What a place in a message says: nothing was sent, nothing was filled in, "delete it", or a value."""

    ABSENT = "absent"
    EMPTY = "empty"
    NULL = "null"
    VALUED = "valued"


class Element(msgspec.Struct, frozen=True, gc=False):
    """A field, repetition, component or subcomponent (`level` 0 to 3). `raw` is what was written; None: not sent."""

    raw: str | None
    encoding: Encoding
    level: int

    def __getitem__(self, index: int) -> "Element":
        """The part with this number, counted from 1; a part that was not sent is absent, never an error."""
        parts = self._raw_parts()
        return Element(parts[index - 1] if 1 <= index <= len(parts) else None, self.encoding, _BELOW[self.level])

    def __iter__(self) -> Iterator["Element"]:
        """The parts one level down; none where nothing was written."""
        return (Element(raw, self.encoding, _BELOW[self.level]) for raw in self._raw_parts())

    def __len__(self) -> int:
        return len(self._raw_parts())

    def __bool__(self) -> bool:
        """Whether there is a value."""
        return bool(self.raw) and self.raw != NULL

    def __repr__(self) -> str:
        return f"Element({self.presence})"

    @property
    def presence(self) -> Presence:
        """Which of the four things this place says."""
        if self.raw is None:
            return Presence.ABSENT
        if self.raw == "":
            return Presence.EMPTY
        return Presence.NULL if self.raw == NULL else Presence.VALUED

    @property
    def text(self) -> str:
        """The first value down to the subcomponent, unescaped, as the standard lets a reader of a simple type do.

        Empty where there is no value: `presence` tells which way. Further parts are not in it: see `verbatim`.
        """
        raw = self.raw
        if not raw:
            return ""
        if raw.isalnum():
            return raw  # neither a separator nor an escape is a letter or digit
        encoding = self.encoding
        for separator in (encoding.repetition, encoding.component, encoding.subcomponent)[self.level :]:
            if separator and separator in raw:
                raw = raw[: raw.index(separator)]
        if raw == NULL:
            return ""
        return escapes.decode(raw, encoding)

    @property
    def verbatim(self) -> str:
        """Everything that was written here, unescaped, separators standing for themselves; for text that is shown."""
        return escapes.decode(self.raw, self.encoding) if self.raw and self.raw != NULL else ""

    @property
    def parts(self) -> list[str]:
        """`verbatim` of each part one level down; none where nothing was written."""
        return ["" if raw == NULL else escapes.decode(raw, self.encoding) for raw in self._raw_parts()]

    def _raw_parts(self) -> list[str]:
        if not self.raw:
            return []
        encoding = self.encoding
        separator = (encoding.repetition, encoding.component, encoding.subcomponent, "")[self.level]
        return self.raw.split(separator) if separator else [self.raw]


class Segment(msgspec.Struct, frozen=True, gc=False):
    """One line of a message. `fields[n]` is what was written in field n; `fields[0]` is the name."""

    name: str
    fields: tuple[str, ...]
    encoding: Encoding

    def __getitem__(self, address: int | tuple[int, int] | tuple[int, int, int]) -> Element:
        """`obx[5]` is OBX-5; `obx[3, 1]` and `pid[3, 4, 2]` go on into the first repetition."""
        if isinstance(address, tuple):
            element = self[address[0]][1]
            for index in address[1:]:
                element = element[index]
            return element
        raw = self.fields[address] if 0 <= address < len(self.fields) else None
        literal = address <= _DECLARED and (address == 0 or self.name == "MSH")
        return Element(raw, self.encoding, _LEAF if literal else 0)

    def __len__(self) -> int:
        """The number of the last field that was sent."""
        return len(self.fields) - 1

    def __repr__(self) -> str:
        return f"Segment({self.name})"


class Message(msgspec.Struct, frozen=True):
    """One message, its header first."""

    encoding: Encoding
    segments: tuple[Segment, ...]

    def __getitem__(self, name: str) -> tuple[Segment, ...]:
        """All segments of this name, in their order."""
        return tuple(segment for segment in self.segments if segment.name == name)

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def __repr__(self) -> str:
        return f"Message({len(self.segments)} segments)"


def parse(raw: bytes, charset: str = charsets.UTF_8) -> Message:
    """One message from its bytes; segments may end in CR, LF or CRLF.

    `charset` (table 0211) holds for a message that declares none in MSH-18.

    Raises:
        Unclear: no header, a character set that does not fit, a line that is not a segment, a second header.
    """
    text, codec = charsets.decode(raw, charset)
    text = text.lstrip(_BEFORE).rstrip(_AFTER)
    if not text.startswith("MSH"):
        raise Unclear("MSH", "the message does not begin with a header")
    if "\x00" in text:
        raise Unclear("message", "a NUL character")
    lines = _lines(text)
    field = text[3:4]
    encoding = encodings.read(field, lines[0][4:].partition(field)[0] if field else "", codec)
    header, *rest = lines
    segments = [Segment("MSH", ("MSH", field, *header.split(field)[1:]), encoding)]
    for number, line in enumerate(rest, 2):
        if line and not line.isspace():
            segments.append(_segment(line, number, encoding))
    return Message(encoding, tuple(segments))


def _lines(text: str) -> list[str]:
    if "\n" not in text:
        return text.split("\r")
    if "\r" not in text:
        return text.split("\n")
    return _MIXED.split(text)


def _segment(line: str, number: int, encoding: Encoding) -> Segment:
    name = line[:3]
    if not _NAME.fullmatch(name) or line[3:4] not in ("", encoding.field):
        raise Unclear(f"line {number}", "not a segment")
    if name == "MSH":
        raise Unclear(f"line {number}", "a second header inside one message")
    return Segment(name, tuple(line.split(encoding.field)), encoding)
