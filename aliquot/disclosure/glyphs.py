"""Which characters the vendored fonts can print. PDF/A refuses a page with a character that has no glyph."""

import struct
import unicodedata
from functools import cache
from importlib import resources
from itertools import islice

_FAMILIES = (
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("NotoSansArabic-Regular.ttf", "NotoSansArabic-Bold.ttf"),
    ("NotoSansMath-Regular.ttf",),
)
_LONGEST_RUN = 24
_JOINERS = "\u200c\u200d"
_BREAK = "\u200b"


def printable(text: str) -> str:
    """`text` as the fonts can show it, losing nothing: what has no glyph, and every sign that is invisible or turns the
    direction of what follows, is written as its code point, so that no name can hide or reverse its neighbours.
    """
    shown = "".join(character if _shown(character) else f"[U+{ord(character):04X}]" for character in _clean(text))
    return _breakable(shown)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))


def _shown(character: str) -> bool:
    if character == "\n" or character in _JOINERS:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp") and ord(character) in _covered()


def _breakable(text: str) -> str:
    """Lets a word that is longer than any column go on in the next line."""
    return " ".join(_chunked(word) if len(word) > 2 * _LONGEST_RUN else word for word in text.split(" "))


def _chunked(word: str) -> str:
    letters = iter(word)
    return _BREAK.join(iter(lambda: "".join(islice(letters, _LONGEST_RUN)), ""))


@cache
def _covered() -> frozenset[int]:
    """Code points that one family covers in every weight that is vendored."""
    folder = resources.files("aliquot.disclosure").joinpath("fonts")
    families = ([_code_points(folder.joinpath(name).read_bytes()) for name in family] for family in _FAMILIES)
    return frozenset().union(*(frozenset.intersection(*weights) for weights in families))


def _code_points(font: bytes) -> frozenset[int]:
    """The code points of a TrueType font, from its `cmap` of format 4 (Basic Multilingual Plane)."""
    table = _cmap(font)
    segments = struct.unpack_from(">H", table, 6)[0] // 2
    ends = struct.unpack_from(f">{segments}H", table, 14)
    starts = struct.unpack_from(f">{segments}H", table, 16 + 2 * segments)
    return frozenset(
        point for start, end in zip(starts, ends, strict=True) for point in range(start, end + 1) if point != 0xFFFF
    )


def _cmap(font: bytes) -> bytes:
    tables = {font[12 + 16 * n : 16 + 16 * n]: struct.unpack_from(">I", font, 20 + 16 * n)[0] for n in range(font[5])}
    cmap = tables[b"cmap"]
    count = struct.unpack_from(">H", font, cmap + 2)[0]
    for n in range(count):
        platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * n)
        if (platform, encoding) == (3, 1):
            return font[cmap + offset :]
    raise ValueError("the font has no Unicode table")
