"""Messages that we send, written by the standard's own addresses.

    drafts.message([
        ("MSH", {3: "ALIQUOT", 9: ("ORU", "R01", "ORU_R01"), 10: "42", 11: "P", 12: "2.5.1"}),
        ("PID", {3: [("123", "", "", "LAB", "PI"), ("9", "", "", "HOSP", "MR")]}),
        ("OBX", {1: "1", 2: "NM", 3: ("718-7", "Hb", "LN"), 5: "13.2"}),
    ])

A string is a value, a tuple its components (a tuple in it: subcomponents), a list the repetitions, `NULL` deletes.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import escapes, messages
from aliquot.wire.hl7v2.encodings import STANDARD, Encoding


class Null(Enum):
    """The one way to say that a value is to be deleted: no text can say it by accident."""

    NULL = messages.NULL


NULL: Final = Null.NULL

Leaf = str | Null
Component = Leaf | tuple[Leaf, ...]
Repetition = Leaf | tuple[Component, ...]
Field = Repetition | list[Repetition]
Draft = tuple[str, Mapping[int, Field]]
"""A segment's name, and what stands in which field."""

_HEADERS: Final = ("MSH", "FHS", "BHS")


def message(segments: Sequence[Draft], encoding: Encoding = STANDARD) -> bytes:
    """The bytes of one message (or batch), every separator in a value escaped. MSH-1 and MSH-2 are the encoding's.

    Raises:
        Unclear: the encoding has no way to write a text or a part.
    """
    written = "".join(segment(name, fields, encoding) + "\r" for name, fields in segments)
    try:
        return written.encode(encoding.codec)
    except UnicodeEncodeError:
        raise Unclear("MSH-18", "a character that the character set does not have") from None


def segment(name: str, fields: Mapping[int, Field], encoding: Encoding = STANDARD) -> str:
    """One segment, without its end."""
    last = max(fields, default=0)
    if name in _HEADERS:
        values = [encoding.characters, *(_field(fields.get(number, ""), encoding) for number in range(3, last + 1))]
    else:
        values = [_field(fields.get(number, ""), encoding) for number in range(1, last + 1)]
    return encoding.field.join([name, *values])


def _field(field: Field, encoding: Encoding) -> str:
    if isinstance(field, str):
        return escapes.encode(field, encoding)
    repetitions = field if isinstance(field, list) else [field]
    return _joined([_repetition(part, encoding) for part in repetitions], encoding.repetition)


def _repetition(repetition: Repetition, encoding: Encoding) -> str:
    if not isinstance(repetition, tuple):
        return _leaf(repetition, encoding)
    return _joined([_component(part, encoding) for part in repetition], encoding.component)


def _component(component: Component, encoding: Encoding) -> str:
    if not isinstance(component, tuple):
        return _leaf(component, encoding)
    return _joined([_leaf(part, encoding) for part in component], encoding.subcomponent)


def _leaf(leaf: Leaf, encoding: Encoding) -> str:
    return messages.NULL if isinstance(leaf, Null) else escapes.encode(leaf, encoding)


def _joined(parts: list[str], separator: str) -> str:
    if len(parts) > 1 and not separator:
        raise Unclear("MSH-2", "no separator for parts that need one")
    return separator.join(parts)
