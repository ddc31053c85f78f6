"""Labels for tubes: a barcode that every analyser reads, and what a person checks before the needle."""

from collections.abc import Sequence
from datetime import date

import msgspec
import zint

from aliquot.disclosure import pdf, phrases
from aliquot.terms.errors import Refused

# A module is a quarter of a millimetre: two dots of the usual label printer (203 dots per inch), so that every edge
# falls on a dot. Finer bars are read by some analysers and not by others.
_LABEL_MODULES = 200
_QUIET_MODULES = 10
_NAME = 32
_TESTS = 48
_CODE_128 = frozenset(map(chr, range(32, 127)))


class Label(msgspec.Struct, frozen=True):
    """One tube. `given_initial` is a letter or nothing; `tests` are the short names that the bench uses.

    A label without a name and birth date leaves their line for a pen.
    """

    accession: str
    family: str
    given_initial: str
    born_on: date | None
    tube: str
    specimen_type: str
    tests: tuple[str, ...]
    priority: str
    language: str


class Print(msgspec.Struct, frozen=True):
    """What stands on one label. `bars` are dark strips: distance from the left of the label and width, in modules."""

    accession: str
    name: str
    born: str
    tube: str
    tests: str
    priority: str
    bars: tuple[tuple[int, int], ...]


def labels(items: Sequence[Label]) -> bytes:
    """One page of 50 by 25 mm for each tube, in the order given; equal labels give equal bytes.

    Raises:
        Refused: there is no label, or an accession that the barcode cannot carry at this size.
    """
    if not items:
        raise Refused("labels: there is nothing to print")
    return pdf.typeset("labels.typ", {"labels": pdf.data([compose(item) for item in items])})


def compose(label: Label) -> Print:
    """The words and strips of one label."""
    says = phrases.of(label.language)
    return Print(
        accession=label.accession,
        name=" ".join(filter(None, (_short(label.family.upper(), _NAME), _initial(label)))),
        born=phrases.day(label.born_on, label.language) if label.born_on else "",
        tube=f"{phrases.named(says.specimens, label.specimen_type)} · {phrases.named(says.tubes, label.tube)}",
        tests=_short(" ".join(label.tests), _TESTS),
        priority=phrases.named(says.priorities, label.priority),
        bars=code_128(label.accession),
    )


def _initial(label: Label) -> str:
    return label.given_initial and f"{label.given_initial}."


def _short(text: str, longest: int) -> str:
    """`text` on one line; one that was cut ends with a sign that says so."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def code_128(accession: str) -> tuple[tuple[int, int], ...]:
    """The dark strips of a Code 128 in the middle of a label, with its quiet zones beside it, in modules.

    It holds 26 digits or 13 other signs, or something between.

    Raises:
        Refused: the accession is empty or does not fit, or has a sign that Code 128 cannot carry.
    """
    if not accession or not _CODE_128.issuperset(accession):
        raise Refused("label.accession: printable ASCII characters")
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.CODE128
    symbol.scale = 0.5  # one unit of the vector is then one module
    symbol.encode(accession)
    symbol.buffer_vector()
    left = (_LABEL_MODULES - round(symbol.vector.width)) // 2
    if left < _QUIET_MODULES:
        raise Refused("label.accession: too long for a bar code on a tube")
    return tuple(sorted((left + round(strip.x), round(strip.width)) for strip in symbol.vector.rectangles))
