"""What a result can say. Zero, absent, empty and "not done" are four different things, in memory and on disk."""

from decimal import Decimal
from typing import Literal

import msgspec

Comparator = Literal["", "<", "<=", ">=", ">"]


class Quantity(msgspec.Struct, frozen=True, tag="quantity", forbid_unknown_fields=True, gc=False):
    """A measured number with its UCUM unit. `number` keeps the digits that were reported: 72.50 is not 72.5."""

    number: Decimal
    ucum: str
    comparator: Comparator = ""


class Coded(msgspec.Struct, frozen=True, tag="coded", forbid_unknown_fields=True, gc=False):
    """A result from a list: blood group, positive or negative. `system` is a URI; `text` is what was written."""

    system: str
    code: str
    text: str


class Text(msgspec.Struct, frozen=True, tag="text", forbid_unknown_fields=True, gc=False):
    """A result in words. It is free text and therefore of the class that does most harm."""

    text: str


class Absent(msgspec.Struct, frozen=True, tag="absent", forbid_unknown_fields=True, gc=False):
    """There is no value, and `reason` says why, in FHIR's data-absent-reason codes (`not-performed`, `error`)."""

    reason: str


Value = Quantity | Coded | Text | Absent
"""What one result says."""
