"""Archives of HL7 v2 messages: patients as their PID says, results as their OBX with what stands around it.

Columns are addresses of the standard: `PID-5.1`, `PID-3[2].4`, `OBX-5`. An address without a component is the whole
field as it was written. A field that says "delete" (two quotation marks) has no value: it is empty. `OBX-5*` is the
value as OBX-2 types it: the code of a coded answer, a structured number with its comparator, else the field.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from aliquot.legacy.description import Description, Messages
from aliquot.legacy.source import Cell, Chunk, Header
from aliquot.legacy.sources import lines, places
from aliquot.terms.errors import Refused
from aliquot.wire.hl7v2 import batches, groups, messages
from aliquot.wire.hl7v2.messages import Element, Segment

TYPED = "OBX-5*"
PATIENTS = "patients"
RESULTS = "results"

_AROUND = {PATIENTS: ("MSH", "PID", "PV1"), RESULTS: ("MSH", "PID", "PV1", "ORC", "OBR", "SPM", "OBX", "NTE")}
_ADDRESS = re.compile(r"([A-Z][A-Z0-9]{2})-(\d{1,3})(?:\[(\d{1,2})\])?(?:\.(\d{1,2})(?:\.(\d{1,2}))?)?")
_CODED = frozenset({"CE", "CF", "CNE", "CWE"})
_STRUCTURED = "SN"
_LOOKED_AT = 2000
_BLOCK = 1 << 18
_LONGEST = 64 << 20
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_HEADER = re.compile(rb"[\r\n\x0b]MSH(?![A-Za-z0-9])")

Segments = dict[str, Segment]
"""The segments around one row, by name."""
Pick = Callable[[Segments], Cell]


class Tables:
    """The two tables of an archive."""

    def __init__(self, description: Description, form: Messages) -> None:
        self._files = description.files(form.path)
        self._charset = form.charset
        self._reach = lines.Reach()
        self._reach.total = sum(file.stat().st_size for file in self._files)

    def tables(self) -> tuple[Header, ...]:
        """The addresses that the first two thousand rows fill. Others may be asked for: an archive has no list of them.

        Raises:
            Refused: there is no message in the archive.
        """
        found: dict[str, dict[str, None]] = {}
        for table in _AROUND:
            filled = found.setdefault(table, {})
            for row in islice(self._segments(table), _LOOKED_AT):
                if not isinstance(row, str):
                    filled.update(dict.fromkeys(_filled(row, _AROUND[table])))
        if not any(found.values()):
            raise Refused(f"{self._files[0].name}: no HL7 v2 message that can be read is in the archive")
        return tuple(Header(table, tuple(sorted(filled, key=_order))) for table, filled in found.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """One row for each patient of a message, or for each of its results; a message that is unclear is one row."""
        if table not in _AROUND:
            raise Refused(f"source: there is no table {table}; an archive has {PATIENTS} and {RESULTS}")
        picks = [_pick(column, _AROUND[table]) for column in columns]
        self._reach.done = 0
        reads = (row if isinstance(row, str) else tuple([pick(row) for pick in picks]) for row in self._segments(table))
        yield from places.chunks(reads, after)

    def reached(self) -> tuple[int, int]:
        """Bytes of the archive."""
        return self._reach.done, self._reach.total

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _segments(self, table: str) -> Iterator[Segments | str]:
        before = 0
        for file in self._files:
            with lines.opened(file) as (raw, place):
                for piece in _pieces(raw, file):
                    yield from self._rows(table, piece)
                    self._reach.done = before + place()
            before += file.stat().st_size

    def _rows(self, table: str, piece: batches.Piece) -> Iterator[Segments | str]:
        if piece.sort is batches.Sort.LEFTOVER:
            yield "not a message"
        if piece.sort is not batches.Sort.MESSAGE:
            return
        try:
            message = messages.parse(piece.raw, self._charset)
        except Refused as unclear:
            yield str(unclear)
            return
        for patient in groups.patients(message):
            yield from _of_patient(table, message.header, patient)


def _of_patient(table: str, header: Segment, patient: groups.Patient) -> Iterator[Segments]:
    around = {"MSH": header}
    around |= {one.name: one for one in reversed(patient.others) if one.name == "PV1"}
    if patient.pid is not None:
        around["PID"] = patient.pid
    if table == PATIENTS:
        if patient.pid is not None:
            yield around
        return
    for order in patient.orders:
        within = around | _present(ORC=order.orc, OBR=order.obr)
        if order.specimens:
            within["SPM"] = order.specimens[0].spm
        yield from _results(within, order.observations)
        for specimen in order.specimens:
            yield from _results(within | {"SPM": specimen.spm}, specimen.observations)
    for specimen in patient.specimens:
        yield from _results(around | {"SPM": specimen.spm}, specimen.observations)
    yield from _results(around, patient.observations)


def _present(**segments: Segment | None) -> Segments:
    return {name: segment for name, segment in segments.items() if segment is not None}


def _results(around: Segments, observations: Sequence[groups.Observation]) -> Iterator[Segments]:
    for observation in observations:
        row = around | {"OBX": observation.obx}
        if observation.notes:
            row["NTE"] = _joined(observation.notes)
        yield row


def _joined(notes: Sequence[Segment]) -> Segment:
    """The notes on one result as one: their texts below one another."""
    first = notes[0]
    text = "\n".join(note.fields[3] for note in notes if len(note) >= 3)
    return Segment(first.name, (*(*first.fields, "", "", "")[:3], text), first.encoding)


def _pieces(raw: BinaryIO, file: Path) -> Iterator[batches.Piece]:
    """The pieces of a file, cut before a header so that a large archive is never in memory whole."""
    rest = b""
    while block := lines.taken(raw, file.name, _BLOCK):
        rest += block
        if rest.startswith(_WIDE):
            rest += lines.taken(raw, file.name, _LONGEST)
        cut = 0 if rest.startswith(_WIDE) else max((found.start() + 1 for found in _HEADER.finditer(rest)), default=0)
        if not cut and len(rest) > _LONGEST:
            raise Refused(f"{file.name}: more than {_LONGEST >> 20} MB without the beginning of a message")
        yield from batches.split(rest[:cut]).pieces
        rest = rest[cut:]
    yield from batches.split(rest).pieces


def _pick(address: str, around: Sequence[str]) -> Pick:
    if address == TYPED and "OBX" in around:
        return _typed
    shape = _ADDRESS.fullmatch(address)
    if shape is None or shape[1] not in around:
        raise Refused(f"source: {address} is not an address in {', '.join(around)}")
    segment, field = shape[1], int(shape[2])
    if shape[4] is None and shape[3] is None:
        return lambda row: _said(row[segment][field], whole=True) if segment in row else None
    return partial(
        _picked, segment=segment, path=[field, int(shape[3] or 1), *map(int, filter(None, shape.groups()[3:]))]
    )


def _typed(row: Segments) -> Cell:
    if "OBX" not in row:
        return None
    kind, value = row["OBX"][2].text, row["OBX"][5]
    if value.raw is None or kind not in _CODED | {_STRUCTURED}:
        return _said(value, whole=True)
    if kind in _CODED:
        return _said(value[1][1], whole=False)
    return "".join(part.text for part in value[1])


def _picked(row: Segments, segment: str, path: list[int]) -> Cell:
    if segment not in row:
        return None
    element = row[segment][path[0]]
    for index in path[1:]:
        element = element[index]
    return _said(element, whole=False)


def _said(element: Element, *, whole: bool) -> Cell:
    if element.raw is None:
        return None
    return element.verbatim if whole else element.text


def _filled(row: Segments, around: Sequence[str]) -> Iterator[str]:
    for name in around:
        segment = row.get(name)
        for field in range(1, len(segment) + 1 if segment else 1):
            yield from _addresses(f"{name}-{field}", row[name][field])
            if f"{name}-{field}*" == TYPED:
                yield TYPED


def _addresses(field: str, element: Element) -> Iterator[str]:
    if not element:
        return
    yield field
    for number, repetition in enumerate(islice(element, 3), 1):
        which = "" if number == 1 else f"[{number}]"
        if len(repetition) > 1 or number > 1:
            yield from (f"{field}{which}.{place}" for place, part in enumerate(repetition, 1) if part)


def _order(address: str) -> tuple[str, list[int]]:
    return address[:3], [int(number) for number in re.findall(r"\d+", address[3:])]
