"""The tables of fields of docs/formats/exit.md, made from the records' own types: the document must say the same.

`python -m tests.disclosure.fields` prints them, to be put into the document.
"""

import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from aliquot.custody.answers import Access
from aliquot.lab import content
from aliquot.terms import identity
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent, Coded, Quantity, Text

KINDS: dict[str, type[msgspec.Struct]] = {
    Kind.DEMOGRAPHY.name.lower(): identity.Demography,
    Kind.TRAITS.name.lower(): identity.Traits,
    Kind.IDENTIFIERS.name.lower(): identity.Identifiers,
    Kind.CONTACT.name.lower(): identity.Contact,
    Kind.NOTE.name.lower(): identity.Note,
    Kind.REQUISITION.name.lower(): content.Requisition,
    Kind.ORDER.name.lower(): content.OrderItem,
    Kind.CLINICAL_NOTE.name.lower(): identity.Note,
    Kind.SPECIMEN.name.lower(): content.Specimen,
    Kind.OBSERVATION.name.lower(): content.Observation,
    Kind.COMMENT.name.lower(): identity.Note,
    Kind.IMPORT.name.lower(): content.Import,
    Kind.REPORT.name.lower(): content.Report,
    Kind.DOCUMENT.name.lower(): content.Document,
    Kind.DISCLOSURE.name.lower(): content.Disclosure,
    Kind.MESSAGE.name.lower(): content.Message,
    "history": Access,
}
"""The kinds that leave, each with the type of its records."""
ATTACHED = {
    ("document", "pdf"): "content[0].attachment.data",
    ("document", "fhir"): "content[1].attachment.data",
    ("message", "raw"): "content[0].attachment.data",
}
_PLAIN: dict[type, str] = {
    bool: "yes or no",
    int: "count",
    Decimal: "number",
    str: "text",
    datetime: "instant",
    date: "day",
    bytes: "bytes",
}
_VALUES = {Quantity: "quantity", Coded: "coded", Text: "text", Absent: "absent"}


def tables() -> Iterator[str]:
    """Every table, the kinds first, then the structures inside them."""
    waiting: dict[str, type[msgspec.Struct]] = dict(KINDS)
    told: set[str] = set()
    while waiting:
        name, type_ = next(iter(waiting.items()))
        del waiting[name]
        if name in told:
            continue
        told.add(name)
        yield f"### `{name}`\n\n| field | form | where, if not in the extension |\n|---|---|---|"
        for field, hint in typing.get_type_hints(type_).items():
            form, inside = _form(hint)
            waiting |= inside
            place = ATTACHED.get((name, field), "")
            yield f"| `{field}` | {form} | {f'`{place}`' if place else ''} |"
        yield ""


def _form(hint: Any) -> tuple[str, dict[str, type[msgspec.Struct]]]:  # Any: what a type hint may be
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        form, inside = _form(inner[0])
        return f"list of {form}", inside
    if origin in {types.UnionType, typing.Union}:
        if type(None) in inner:
            (other,) = [each for each in inner if each is not type(None)]
            form, inside = _form(other)
            return f"{form} or nothing", inside
        return "`value`", {f"value {_VALUES[each]}": each for each in inner}
    if origin is typing.Literal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return "text", {}
    if issubclass(hint, msgspec.Struct):
        return f"`{hint.__name__}`", {hint.__name__: hint}
    return _PLAIN[hint], {}


if __name__ == "__main__":
    print("\n".join(tables()))
