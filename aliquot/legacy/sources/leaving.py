"""Records that left another installation: the lines of FHIR of an exit bundle, read as tables like any export of FHIR.

Only what was in force is read; earlier versions and the history stay in the bundle. Format: docs/formats/exit.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, final

import msgspec

from aliquot.legacy.source import Chunk, Header
from aliquot.legacy.sources import fhir, lines, places
from aliquot.legacy.sources.sealed import Parts
from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Scope
from aliquot.vault.bundle import Trailer

_LATEST: Final = "latest"


class _Label(msgspec.Struct, frozen=True):
    holds: str


@final
class Records:
    """What another installation gave away, as it was in force there."""

    def __init__(self, parts: Parts, scope: Scope) -> None:
        self._parts, self._scope = parts, scope
        self._rows = 0

    def tables(self) -> tuple[Header, ...]:
        """What the mandate names: types of resources, and paths in them."""
        return tuple(Header(table.name, table.columns) for table in self._scope.tables)

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The resources of one type.

        Raises:
            Forged: a part is not the one that arrived.
            Denial: custody does not open it.
            Refused: a line is longer than any record is.
        """
        yield from places.chunks(self._reads(fhir.Taker(table, columns)), after)

    def reached(self) -> tuple[int, int]:
        """Lines of all lines."""
        return self._rows, self._parts.manifest.rows

    def close(self) -> None:
        """Nothing is held open."""

    def _reads(self, taker: fhir.Taker) -> Iterator[places.Read]:
        for number, trailer in self._parts.all.items():
            if holds(trailer) == _LATEST:
                for line in cut(self._parts.plain(number)):
                    self._rows += 1
                    yield from taker.reads(line)


def holds(trailer: Trailer) -> str:
    """What a part of an exit bundle holds; nothing for a part of any other bundle."""
    try:
        return msgspec.json.decode(trailer.label, type=_Label).holds
    except canonical.UNREADABLE:
        return ""


def cut(plain: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a part out of its chunks, wherever those end.

    Raises:
        Refused: a line is longer than any record is.
    """
    waiting = bytearray()
    for chunk in plain:
        end = chunk.rfind(b"\n") + 1
        waiting += chunk[:end] if end else chunk
        if end:
            yield from bytes(waiting[:-1]).split(b"\n")
            waiting = bytearray(chunk[end:])
        if len(waiting) > lines.LONGEST:
            raise Refused(f"bundle: a line of more than {lines.LONGEST >> 20} MB: this is no record")
    if waiting:
        yield bytes(waiting)
