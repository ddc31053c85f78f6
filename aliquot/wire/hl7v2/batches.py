"""A file or a stretch of bytes with any number of messages: batches, one after another, or a dump of framed traffic.

Files begin with FHS and end with FTS, batches in them with BHS and BTS (HL7 v2 chapter 2, batch protocol); all four are
optional. Every byte is in exactly one piece, so that nothing is dropped unseen.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec

_LINE: Final = re.compile(rb"[\x0b\x1c]|[^\r\n\x0b\x1c]*(?:\r\n|\r|\n)|[^\r\n\x0b\x1c]+")
_MARK: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\x00]*(MSH|FHS|BHS|BTS|FTS)(?![A-Za-z0-9])(.?)([^\r\n]*)")
_BLANK: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\s\x00\x0b\x1c\x1a]*")
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


class Sort(StrEnum):
    """What a piece of a file is."""

    MESSAGE = "message"
    ENVELOPE = "envelope"
    SPACE = "space"
    LEFTOVER = "leftover"


class Piece(msgspec.Struct, frozen=True):
    """A stretch of the file from `offset` on. A message is what begins with MSH; it is not parsed yet."""

    sort: Sort
    offset: int
    raw: bytes

    def __repr__(self) -> str:
        return f"Piece({self.sort}, {self.offset}, {len(self.raw)} bytes)"


class Finding(msgspec.Struct, frozen=True):
    """Where a file contradicts itself. The messages are there all the same."""

    place: str
    reason: str
    offset: int


class Contents(msgspec.Struct, frozen=True):
    """A file taken apart: joined again, the pieces are the file."""

    pieces: tuple[Piece, ...]
    findings: tuple[Finding, ...]

    @property
    def messages(self) -> tuple[Piece, ...]:
        """What is to be parsed, in the order of the file."""
        return self._of(Sort.MESSAGE)

    @property
    def leftovers(self) -> tuple[Piece, ...]:
        """What is neither message nor envelope nor blank: somebody has to look at it."""
        return self._of(Sort.LEFTOVER)

    def _of(self, sort: Sort) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.sort is sort)


def split(raw: bytes) -> Contents:
    """The pieces of a file and what its envelopes claim wrongly. Nothing makes it fail.

    A file in UTF-16 or UTF-32 (known by its first bytes) is taken for one message.
    """
    if raw.startswith(_WIDE):
        return Contents((Piece(Sort.MESSAGE, 0, raw),), ())
    pieces: list[Piece] = []
    start = 0
    for end, sort in _cuts(raw):
        pieces.append(Piece(sort, start, raw[start:end]))
        start = end
    return Contents(tuple(pieces), tuple(_findings(pieces)))


def _cuts(raw: bytes) -> list[tuple[int, Sort]]:
    cuts: list[tuple[int, Sort]] = []
    inside = False
    for line in _LINE.finditer(raw):
        sort = _sort(line[0], inside=inside)
        inside = sort is Sort.MESSAGE
        begins = sort is Sort.ENVELOPE or (inside and _MARK.match(line[0]) is not None)
        if cuts and cuts[-1][1] is sort and not begins:
            cuts.pop()
        cuts.append((line.end(), sort))
    return cuts


def _sort(line: bytes, *, inside: bool) -> Sort:
    if mark := _MARK.match(line):
        return Sort.MESSAGE if mark[1] == b"MSH" else Sort.ENVELOPE
    if inside and line not in (b"\x0b", b"\x1c"):
        return Sort.MESSAGE
    return Sort.SPACE if _BLANK.fullmatch(line) else Sort.LEFTOVER


def _findings(pieces: list[Piece]) -> list[Finding]:
    reading = _Reading()
    for piece in pieces:
        if piece.sort is Sort.MESSAGE:
            reading.count_message()
        elif piece.sort is Sort.ENVELOPE:
            reading.take(piece)
    reading.close_batch(None)
    reading.close_file(None)
    return reading.findings


class _Open(msgspec.Struct):
    """An envelope that was opened and not closed, and how many messages or batches were counted in it."""

    name: str
    offset: int
    count: int = 0


class _Reading:
    """The envelopes around the place where we are in the file."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._batch: _Open | None = None
        self._file: _Open | None = None

    def count_message(self) -> None:
        if self._batch:
            self._batch.count += 1
        elif self._file and not self._file.count:
            # A file without BHS is one batch.
            self._file.count = 1

    def take(self, envelope: Piece) -> None:
        match _name(envelope):
            case "FHS":
                self.close_batch(None)
                self.close_file(None)
                self._file = _Open("FHS", envelope.offset)
            case "BHS":
                self.close_batch(None)
                self._batch = _Open("BHS", envelope.offset)
                if self._file:
                    self._file.count += 1
            case "BTS":
                self.close_batch(envelope)
            case _:
                self.close_batch(None)
                self.close_file(envelope)

    def close_batch(self, trailer: Piece | None) -> None:
        self._close(self._batch, trailer)
        self._batch = None

    def close_file(self, trailer: Piece | None) -> None:
        self._close(self._file, trailer)
        self._file = None

    def _close(self, opened: _Open | None, trailer: Piece | None) -> None:
        if opened and trailer:
            self._compare(opened, trailer)
        elif opened:
            self.findings.append(Finding(opened.name, "begins and does not end", opened.offset))
        elif trailer:
            self.findings.append(Finding(_name(trailer), "ends what did not begin", trailer.offset))

    def _compare(self, opened: _Open, trailer: Piece) -> None:
        declared = _count(trailer)
        place = f"{_name(trailer)}-1"
        if declared and not declared.isdigit():
            self.findings.append(Finding(place, "not a number", trailer.offset))
        elif declared and int(declared[:9]) != opened.count:
            self.findings.append(Finding(place, "declares another number than there are", trailer.offset))


def _name(piece: Piece) -> str:
    mark = _MARK.match(piece.raw)
    return mark[1].decode() if mark else ""


def _count(trailer: Piece) -> bytes:
    mark = _MARK.match(trailer.raw)
    if mark is None or not mark[2]:
        return b""
    return mark[3].split(mark[2])[0].strip()
