"""FHIR resources, one a line as bulk export writes them, or in files of one resource or bundle each.

A type of resource is a table; its columns are the paths to plain values (`name[0].family`, `code.coding[0].code`).
`subject.reference.id` is the id to which a reference leads. Numbers keep the digits that were written.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from aliquot.legacy.description import Description, Resources
from aliquot.legacy.source import Cell, Chunk, Header
from aliquot.legacy.sources import lines, places
from aliquot.terms import canonical
from aliquot.terms.errors import Refused

_LOOKED_AT = 2000
_LARGEST = 64 << 20
"""The largest file that is one resource or bundle; a line is at most `lines.LONGEST`."""
_MOST = 1 << 20
"""The most values of a resource, which become objects all at once; a real one of 8 MB has fewer."""
_MOST_OF_A_BUNDLE = 8 << 20
_LISTED = 3
_BLANK = b" \t\r\n\xef\xbb\xbf"
_REFERENCE = ("reference", "id")
_VERSION = "/_history/"
_LEADS_TO = re.compile(r"(?:urn:uuid:|#|.*/)?([A-Za-z0-9.-]{1,64})")
"""Relative, absolute, within a bundle, within its own resource."""
_STEP = re.compile(r"([A-Za-z_]\w*)((?:\[\d{1,4}\])*)")
_DECODER = msgspec.json.Decoder(float_hook=str)

_NONE = msgspec.Raw()

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


class _Bundle(msgspec.Struct, frozen=True):
    """What is in it stays as it is written until its turn comes."""

    resourceType: Literal["Bundle"]  # noqa: N815  # FHIR's own name
    entry: list[msgspec.Raw] = []


class _Head(msgspec.Struct, frozen=True):
    resourceType: str  # noqa: N815  # FHIR's own name


class _Entry(msgspec.Struct, frozen=True):
    resource: msgspec.Raw = _NONE


_HEADS = msgspec.json.Decoder(_Head)
_BUNDLES = msgspec.json.Decoder(_Bundle)
_ENTRIES = msgspec.json.Decoder(_Entry)


class Tables:
    """The types of resources of an export."""

    def __init__(self, description: Description, form: Resources) -> None:
        self._files = description.files(form.path)
        self._reach = lines.Reach()
        self._reach.total = sum(file.stat().st_size for file in self._files)
        self._headers: dict[str, tuple[str, ...]] = {}

    def tables(self) -> tuple[Header, ...]:
        """The types, with the paths that the first two thousand resources of each file fill; others may be asked for.

        Raises:
            Refused: there is no resource.
        """
        if not self._headers:
            found: dict[str, dict[str, None]] = {}
            for file in self._files:
                for resource in islice(self._resources(file, 0), _LOOKED_AT):
                    if isinstance(resource, dict):
                        found.setdefault(str(resource["resourceType"]), {}).update(dict.fromkeys(_leaves(resource, "")))
            if not found:
                raise Refused(
                    f"{self._files[0].name}: no FHIR resource is in it: neither on a line nor as a whole of at most "
                    f"{_LARGEST >> 20} MB"
                )
            self._headers = {table: tuple(paths) for table, paths in found.items()}
        return tuple(Header(table, paths) for table, paths in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The resources of one type. A line that is no resource is a spoiled row of every table."""
        if table not in {header.table for header in self.tables()}:
            raise Refused(f"source: there is no table {table}")
        wanted = [_parsed(column) for column in columns]
        yield from places.chunks(self._reads(table, wanted), after)

    def reached(self) -> tuple[int, int]:
        """Bytes of the export."""
        return self._reach.done, self._reach.total

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _reads(self, table: str, wanted: list[tuple[str | int, ...]]) -> Iterator[places.Read]:
        before = 0
        for file in self._files:
            for resource in self._resources(file, before):
                if isinstance(resource, str):
                    yield resource
                elif resource["resourceType"] == table:
                    yield tuple([_at(resource, path) for path in wanted])
            before += file.stat().st_size

    def _resources(self, file: Path, before: int) -> Iterator[dict[str, Json] | str]:
        with lines.opened(file) as (raw, place):
            for written in _written(raw, file):
                yield from _unpacked(written)
                self._reach.done = before + place()


class Taker:
    """Takes the cells of some columns out of the resources of one type."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        """Raises Refused: a column is no path."""
        self._table = table
        self._wanted = [_parsed(column) for column in columns]

    def reads(self, written: bytes) -> Iterator[places.Read]:
        """The row of a line, if it is of this type; a line that is no resource is a spoiled row of every table."""
        for resource in _unpacked(written):
            if isinstance(resource, str):
                yield resource
            elif resource["resourceType"] == self._table:
                yield tuple([_at(resource, path) for path in self._wanted])


def _written(raw: BinaryIO, file: Path) -> Iterator[bytes]:
    """What is decoded at a time: a line, or a whole file whose first line is not a resource by itself."""
    growing = _growing(raw, file)
    begins = line = b""
    for begins in growing:
        line, ended, _ = begins.lstrip(_BLANK).partition(b"\n")
        if ended or len(line) > lines.LONGEST:
            break
    if len(line) > lines.LONGEST or not _tells(line):
        for more in growing:
            begins = more
        if len(begins) <= _LARGEST and _tells(begins.strip(_BLANK)):
            yield begins
            return
    raw.seek(0)
    for block in lines.whole_lines(raw, file.name):
        yield from block.splitlines()


def _growing(raw: BinaryIO, file: Path) -> Iterator[bytes]:
    """The beginning of a file, twice as much each time, until it is all or more than the largest has."""
    begins = lines.taken(raw, file.name)
    yield begins
    while more := lines.taken(raw, file.name, min(len(begins), _LARGEST + 1 - len(begins))):
        begins += more
        yield begins


def _tells(written: bytes) -> bool:
    """Whether this is a resource or a bundle by itself."""
    try:
        _HEADS.decode(written)
    except canonical.UNREADABLE:
        return False
    return True


def _unpacked(written: bytes) -> Iterator[dict[str, Json] | str]:
    stripped = written.strip(_BLANK)
    if not stripped:
        return
    bundle = _bundle(stripped) if b'"Bundle"' in stripped else None
    if isinstance(bundle, _Bundle):
        for entry in bundle.entry:
            yield _resource(_inner(entry), "an entry of a bundle without a resource")
        return
    resource = bundle or _resource(stripped, "not a FHIR resource")
    is_bundle = isinstance(resource, dict) and resource["resourceType"] == "Bundle"
    yield "a bundle without a list of entries" if is_bundle else resource


def _bundle(written: bytes) -> _Bundle | str | None:
    """The bundle, or why it cannot be one; nothing, if it is something else."""
    if _values(written) > _MOST_OF_A_BUNDLE:
        return "a bundle of more values than any has"
    try:
        return _BUNDLES.decode(written)
    except canonical.UNREADABLE:
        return None


def _inner(entry: msgspec.Raw) -> bytes:
    try:
        return bytes(_ENTRIES.decode(entry).resource)
    except canonical.UNREADABLE:
        return b""


def _resource(written: bytes, otherwise: str) -> dict[str, Json] | str:
    if _values(written) > _MOST:
        return "a resource of more values than any has"
    try:
        content = _DECODER.decode(written)
    except canonical.UNREADABLE:
        return otherwise
    told = isinstance(content, dict) and isinstance(content.get("resourceType"), str)
    return content if told else otherwise


def _values(written: bytes) -> int:
    """At least so many values are in it as objects, told without making them."""
    return sum(map(written.count, (b",", b"[", b"{")))


def _leaves(content: Json, path: str) -> Iterator[str]:
    if isinstance(content, dict):
        for name, part in content.items():
            yield from _leaves(part, f"{path}.{name}" if path else name)
    elif isinstance(content, list):
        for number, part in enumerate(content[:_LISTED]):
            yield from _leaves(part, f"{path}[{number}]")
    else:
        yield path
        if path.endswith(".reference"):
            yield f"{path}.id"


def _parsed(path: str) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    for part in path.split("."):
        found = _STEP.fullmatch(part)
        if found is None:
            raise Refused(f"source: {path} is not a path in a resource")
        steps += [found[1], *map(int, re.findall(r"\d+", found[2]))]
    return tuple(steps)


def _at(content: Json, path: tuple[str | int, ...]) -> Cell:
    if path[-2:] == _REFERENCE:
        leads_to = _LEADS_TO.fullmatch((_at(content, path[:-1]) or "").partition(_VERSION)[0])
        return leads_to[1] if leads_to else None
    for step in path:
        if isinstance(content, dict):
            content = content.get(str(step))
        elif isinstance(content, list) and isinstance(step, int) and step < len(content):
            content = content[step]
        else:
            return None
    if isinstance(content, bool):
        return "true" if content else "false"
    return str(content) if isinstance(content, str | int) else None
