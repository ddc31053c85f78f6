"""Lines of text files, in bounded memory: packed files unpacked on the way, and two character sets in one file."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from aliquot.legacy.description import MIXED
from aliquot.terms.errors import Refused

LONGEST = 8 << 20
"""The longest line that is still a line of text."""

_BLOCK = 1 << 18
_BEYOND = re.compile(rb"[\x80-\xff][^\r\n]*")
_SECOND = "cp1252"

Written = TypeVar("Written", str, bytes)


class Reach:
    """How far some files were read, in bytes as they lie on the disk."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0


class Text:
    """The lines of one file, with their ends. `foreign` counts those that were read in the second character set."""

    def __init__(self, file: Path, charset: str, reach: Reach) -> None:
        self.name = file.name
        self.foreign = 0
        self._file = file
        self._reach = reach
        self._charset = known(charset)

    def __iter__(self) -> Iterator[str]:
        for block in self.blocks():
            yield from cut(block)

    def blocks(self) -> Iterator[str]:
        """Whole lines, some at a time."""
        with opened(self._file) as (raw, place):
            for block in self._blocks(raw):
                yield block
                self._reach.done = place()

    def _blocks(self, raw: BinaryIO) -> Iterator[str]:
        if self._charset == MIXED:
            for block in whole_lines(raw, self._file.name):
                yield self._mixed(block)
            return
        decoder = codecs.getincrementaldecoder(self._charset)(errors="replace")
        rest = ""
        while bytes_ := taken(raw, self._file.name):
            text = rest + decoder.decode(bytes_)
            cut = _last_end(text, "\n", "\r")
            rest = _bounded(text[cut:], self._file.name, LONGEST)
            yield text[:cut]
        yield rest + decoder.decode(b"", final=True)

    def _mixed(self, block: bytes) -> str:
        try:
            return block.decode("utf-8")
        except UnicodeDecodeError:
            return _BEYOND.sub(self._either, block).decode("utf-8")

    def _either(self, beyond: re.Match[bytes]) -> bytes:
        """A line from where it is more than ASCII, in UTF-8: every line is in one of the two by itself."""
        try:
            beyond[0].decode("utf-8")
        except UnicodeDecodeError:
            self.foreign += 1
            return beyond[0].decode(_SECOND, "replace").encode()
        return beyond[0]


def cut(block: str) -> Iterator[str]:
    """The lines of a block: StringIO cuts at CR, LF and CRLF and nowhere else, which str.splitlines does not."""
    return io.StringIO(block, newline="")


def either(raw: bytes) -> str:
    """One stretch of bytes that is UTF-8, or else Windows-1252; what is in neither becomes U+FFFD."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode(_SECOND, "replace")


def known(charset: str) -> str:
    """A character set that can be read.

    Raises:
        Refused: nobody knows it.
    """
    if charset == MIXED:
        return charset
    try:
        found = codecs.lookup(charset)
        "".encode(charset)  # a codec may be known and be no character set (`hex`)
    except LookupError:
        raise Refused(f"source.toml: charset: {charset} is not known") from None
    return found.name


class opened:  # noqa: N801  # it is used as `open` is
    """A file to read, unpacked if its name ends in `.gz`, and how many of its bytes on the disk were used."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> tuple[BinaryIO, Callable[[], int]]:
        try:
            self._disk = self._file.open("rb")
        except OSError:
            raise Refused(f"{self._file.name}: it cannot be opened") from None
        if self._file.suffix != ".gz":
            return self._disk, self._disk.tell
        # gzip's file is a BufferedIOBase, which has all of BinaryIO that is used here.
        return cast(BinaryIO, gzip.GzipFile(fileobj=self._disk, mode="rb")), self._disk.tell

    def __exit__(self, *_: object) -> None:
        self._disk.close()


def whole_lines(raw: BinaryIO, name: str, longest: int = LONGEST) -> Iterator[bytes]:
    """A file in blocks that end where a line ends.

    Raises:
        Refused: a line is longer than any text has.
    """
    rest = b""
    while bytes_ := taken(raw, name):
        block = rest + bytes_
        cut = _last_end(block, b"\n", b"\r")
        rest = _bounded(block[cut:], name, longest)
        yield block[:cut]
    yield rest


def taken(raw: BinaryIO, name: str, much: int = _BLOCK) -> bytes:
    """The next bytes of a file.

    Raises:
        Refused: it breaks off, or what it was packed with says that it is damaged.
    """
    try:
        return raw.read(much)
    except (OSError, EOFError, zlib.error):
        raise Refused(f"{name}: the file breaks off or is damaged") from None


def _last_end(block: Written, line_feed: Written, carriage_return: Written) -> int:
    cut = block.rfind(line_feed) + 1
    # A carriage return at the very end may be the first half of an end of line.
    return cut or block.rfind(carriage_return, 0, len(block) - 1) + 1


def _bounded(rest: Written, name: str, longest: int) -> Written:
    if len(rest) > longest:
        raise Refused(f"{name}: a line of more than {longest >> 20} MB: this is not a text of rows")
    return rest
