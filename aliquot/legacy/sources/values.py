"""Values of typed sources as text."""

import datetime
import decimal

from aliquot.legacy.sources import lines

_EXACT = 1e15
"""Up to here a number of a spreadsheet that looks whole is whole."""


def as_text(cell: object) -> str:
    """A value of a typed source as a person writes it: numbers with the digits they have, days as ISO 8601."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case datetime.datetime():
            return cell.isoformat(" ").removesuffix(" 00:00:00")
        case datetime.date() | datetime.time():
            return cell.isoformat()
        case decimal.Decimal():
            return format(cell, "f")
        case float():
            return repr(int(cell)) if cell.is_integer() and abs(cell) < _EXACT else repr(cell)
        case bytes() | bytearray() | memoryview():
            return lines.either(bytes(cell))
        case _:
            return str(cell)
