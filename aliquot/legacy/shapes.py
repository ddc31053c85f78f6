"""What cells look like without what they say (capitals A, small letters a, digits 9), and what they can be."""

import re
from enum import StrEnum

LONGEST = 40
"""Of a longer cell the beginning is shown, for the form of a sentence is a sentence."""

_SIGNS = " .,:;/-+_'()<>=%*@&#"


class Sort(StrEnum):
    """What a cell can be, by its shape alone."""

    BLANK = "blank"
    INTEGER = "integer"
    POINT = "decimal with a point"
    COMMA = "decimal with a comma"
    COMPARED = "number with < or >"
    DAY = "date"
    HOUR = "time"
    EMAIL = "e-mail"
    CODE = "code"
    WORD = "word"
    TEXT = "text"


class _Table(dict[int, int]):
    """Letters and digits of any script, and a few signs; everything else is a question mark."""

    def __missing__(self, point: int) -> int:
        sign = chr(point)
        shown = "A" if sign.isupper() else "a" if sign.isalpha() else "9" if sign.isdigit() else "?"
        self[point] = ord(sign if sign in _SIGNS else shown)
        return self[point]


TABLE = _Table()
"""What each character is in a shape."""
_REST = re.compile(r"(.)\1{5,}")
_DAY = re.compile(
    r"9{1,4}([-/. ])9{1,2}\1(9{4}|99?)(([T ]|, )99?:99.*)?|9{8}(T?9{4}(99)?(\.9+)?)?([-+]9{4}|A)?"
    r"|99?([a]{2})?[-/. ]?[Aa]{3,9}\.?,?[-/. ]?(9{4}|99)([T ]99?:99.*)?|[Aa]{3,9}\.? 99?,? 9{4}([T ]99?:99.*)?"
)
_FIXED = (
    (re.compile(r"\s*"), Sort.BLANK),
    (re.compile(r"[-+]?9+"), Sort.INTEGER),
    (re.compile(r"[-+]?9*\.9+"), Sort.POINT),
    (re.compile(r"[-+]?9*,9+"), Sort.COMMA),
    (re.compile(r"[<>]=? ?9+([.,]9+)?"), Sort.COMPARED),
    (re.compile(r"9?9[:hH]99(:99)?|9?9 ?[hH] ?99"), Sort.HOUR),
    (re.compile(r"[^ @?]+@[^ @?]+\.[Aa]{2,}"), Sort.EMAIL),
    (re.compile(r"[Aa][Aa'.-]*"), Sort.WORD),
    (re.compile(r"[^ ]{1,40}"), Sort.CODE),
)


def of(cell: str) -> str:
    """The shape of a cell, whole."""
    return cell.translate(TABLE)


def mask(shape: str) -> str:
    """A shape as it is shown: what repeats more than five times is counted, what goes on is cut."""
    cut = shape if len(shape) <= LONGEST else shape[:LONGEST] + "..."
    return _REST.sub(lambda found: f"{found[1]}{{{len(found[0])}}}", cut)


def sort(shape: str) -> Sort:
    """What a cell of this shape can be; whether a date is one has to be looked at."""
    if _DAY.fullmatch(shape):
        return Sort.DAY
    return next((sort for pattern, sort in _FIXED if pattern.fullmatch(shape)), Sort.TEXT)
