"""Looking for words in bytes: as they are, in UTF-16, in base64, in hexadecimal, and inflated."""

import base64
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

_STREAM = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
_LARGEST = 64 * 1024 * 1024
_SHORTEST = 6


class Words:
    """What must be found nowhere; one search finds all of them in every spelling."""

    def __init__(self, words: Iterable[str]) -> None:
        self._spelled = {form for word in words if len(word) >= _SHORTEST for form in _spellings(word)}

    def count(self, raw: bytes) -> int:
        """How often any of them stands in these bytes, or in what these bytes hold compressed."""
        return sum(text.count(form) for text in (raw, *_inflated(raw)) for form in self._spelled)

    def under(self, folder: Path) -> tuple[int, int]:
        """How often they stand in any file or file name under a folder, and how many bytes were looked at."""
        hits = looked_at = 0
        for file in sorted(folder.rglob("*")):
            if file.is_file() and not file.is_symlink():
                raw = file.read_bytes()
                looked_at += len(raw)
                hits += self.count(raw) + self.count(str(file.relative_to(folder)).encode())
        return hits, looked_at


def _spellings(word: str) -> set[bytes]:
    raw = word.encode()
    forms = {raw, raw.upper(), raw.lower()}
    forms |= {word.encode(encoding) for encoding in ("utf-16-le", "utf-16-be")}
    for form in (raw, word.encode("utf-16-le")):
        forms |= {form.hex().encode(), form.hex().upper().encode(), *_base64(form)}
    return forms


def _base64(raw: bytes) -> set[bytes]:
    """The middle of a word in base64, at each of the three places where it may begin."""
    found = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            whole = encode(bytes(before) + raw + bytes(3))
            first = -(-before * 8 // 6)
            last = (before + len(raw)) * 8 // 6
            found.add(whole[first:last])
    return found


def _inflated(raw: bytes) -> Iterable[bytes]:
    for start in _STREAM.finditer(raw):
        try:
            yield zlib.decompressobj(wbits=47).decompress(raw[start.start() :], _LARGEST)
        except zlib.error:
            continue
