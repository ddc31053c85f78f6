"""What single cells give away of what their column is: a national number by its key, a telephone, a common name."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib import resources

from aliquot.terms import identifiers, units
from aliquot.terms.errors import Unclear

MOST = 1000
"""So many distinct cells of a column are looked at one by one."""

_LOINC = re.compile(r"[1-9]\d{2,5}-\d")
_WHOLE_NIR = 15
_LONG = 20
_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text("utf-8")).items()
}


class Close:
    """Some distinct cells of a column, looked at one by one."""

    def __init__(self) -> None:
        self.looked = 0
        self.found: Counter[str] = Counter()

    def look(self, cells: Iterator[str]) -> None:
        """Cells to look at; after enough of them no more are."""
        for cell in cells:
            if self.looked >= MOST:
                return
            self.looked += 1
            self.found.update(of(cell.strip()))

    def share(self, trait: str) -> float:
        """Of the cells that were looked at, those that have a trait."""
        return self.found[trait] / self.looked if self.looked else 0.0


def of(cell: str) -> Iterator[str]:
    """The traits of one cell."""
    digits = cell.replace(" ", "").replace(".", "").replace("-", "")
    if _is_nir(digits):
        yield "nir"
    if len(digits) == 10 and digits[0] == "0" and digits.isdigit():
        yield "mobile" if digits[1] in "67" else "phone"
    elif digits[:1] == "+" and digits[1:].isdigit() and 9 <= len(digits) <= 16:
        yield "phone"
    if len(cell) == 5 and cell.isdigit():
        yield "postcode"
    if (len(cell) > _LONG and " " in cell) or cell.count(" ") > 2:
        yield "long"
    if _LOINC.fullmatch(cell):
        yield "loinc"
    upper = cell.upper()
    yield from (name for name, words in _WORDS.items() if upper in words)
    if upper not in _WORDS["unit"] and _is_unit(cell):
        yield "unit"


def _is_nir(digits: str) -> bool:
    try:
        identifiers.nir_key(digits[:13])
        if len(digits) == _WHOLE_NIR:
            identifiers.nir(digits)
    except Unclear:
        return False
    return len(digits) in (13, _WHOLE_NIR)


def _is_unit(cell: str) -> bool:
    try:
        units.ucum(cell)
    except units.UnknownUnit:
        return False
    return not cell.isdigit()
