"""SQL dumps, read without a database: CREATE TABLE for the names of columns, INSERT and COPY for the rows."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from aliquot.legacy.description import MIXED, Description, Dump
from aliquot.legacy.source import Cell, Chunk, Header
from aliquot.legacy.sources import lines, places, sql
from aliquot.terms.errors import Refused

_COPIED = re.compile(r"\\(.)", re.DOTALL)
_UNREAD = "a statement that brings rows, and is not written as a dump writes them"
_MEANT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}

Place = tuple[str, ...]
"""The database and the schema of a table, as far as the dump says them."""


class Tables:
    """The tables of a dump."""

    def __init__(self, description: Description, form: Dump) -> None:
        self._files = description.files(form.path)
        self._decoded = _decoder(lines.known(form.charset))
        self._reach = lines.Reach()
        self._reach.total = sum(file.stat().st_size for file in self._files)
        self._schema = form.schema
        self._elsewhere: set[Place] = set()
        self._stand: dict[str, set[Place]] = {}
        self._created: set[str] = set()
        self._twice: set[str] = set()
        self._headers: dict[str, tuple[str, ...]] = {}
        for file in self._files:
            self._look_through(file)
        if not self._headers and self._elsewhere:
            raise Refused(f"source.toml: schema: no table stands in it; the tables stand in {_shown(self._elsewhere)}")
        if not self._headers:
            raise Refused(f"{self._files[0].name}: no CREATE TABLE, INSERT or COPY in it: this is not a dump")

    def tables(self) -> tuple[Header, ...]:
        """The tables, which were found by going through the whole dump once.

        Raises:
            Refused: one name stands in several schemas, and nobody said which is meant.
        """
        for name in self._headers:
            self._in_one_schema(name)
        return tuple(Header(name, columns) for name, columns in self._headers.items())

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """The rows of a table, wherever in the dump they stand, unless they may be those of two tables.

        Raises:
            Refused: as `tables`, or the table is created twice.
        """
        places.of(self._headers, table, columns)
        self._in_one_schema(table)
        if table in self._twice:
            raise Refused(
                f"{self._files[0].name}: the table {table} is created twice, and its rows would be mixed: "
                "give a dump, or a path in source.toml, in which it is created once"
            )
        yield from places.chunks(self._reads(table, columns), after)

    def reached(self) -> tuple[int, int]:
        """Bytes of the dump."""
        return self._reach.done, self._reach.total

    def close(self) -> None:
        """Files are closed as soon as they were read."""

    def _look_through(self, file: Path) -> None:
        for window, head in self._statements(file):
            name, listed = self._named(head)
            created = head[0].upper().startswith("CREATE")
            columns = tuple(map(self._decoded, sql.created(window.whole()))) if created else listed
            place = self._place(window, head)
            if self._meant(place):
                self._note(name, place, columns, created=created)
            else:
                self._elsewhere.add(place)
            if not created:
                self._pass_by(window, head)

    def _note(self, name: str, place: Place, columns: tuple[str, ...] | None, *, created: bool) -> None:
        stand = self._stand.setdefault(name, set())
        # A table that is created without saying where may be the one whose rows say it.
        if place or not created:
            stand.add(place)
        if created and name in self._created:
            self._twice.add(name)
        elif created:
            self._created.add(name)
            self._headers[name] = columns or ()
        elif columns:
            self._headers.setdefault(name, columns)

    def _in_one_schema(self, table: str) -> None:
        stand = self._stand[table]
        if len(stand) > 1:
            one = next(place for place in sorted(stand) if place)
            raise Refused(
                f"{self._files[0].name}: the table {table} stands in {_shown(stand)}: say in source.toml which one is "
                f'meant, as schema = "{".".join(one)}"'
            )

    def _meant(self, place: Place) -> bool:
        return not self._schema or self._schema in (*place, ".".join(place))

    def _place(self, window: sql.Window, head: re.Match[str]) -> Place:
        return tuple(map(self._decoded, window.place(head["within"])))

    def _statements(self, file: Path) -> Iterator[tuple[sql.Window, re.Match[str]]]:
        before = sum(one.stat().st_size for one in self._files[: self._files.index(file)])
        with lines.opened(file) as (raw, place):

            def reached() -> None:
                self._reach.done = before + place()

            window = sql.Window(raw, file.name, reached)
            for head in window.statements():
                yield window, head

    def _named(self, head: re.Match[str]) -> tuple[str, tuple[str, ...] | None]:
        listed = head.groupdict().get("columns")
        columns = tuple(self._decoded(sql.bare(one)) for one in listed.split(",")) if listed else None
        return self._decoded(sql.bare(head["name"])), columns

    def _reads(self, table: str, columns: Sequence[str]) -> Iterator[places.Read]:
        for file in self._files:
            for window, head in self._statements(file):
                name, listed = self._named(head)
                verb = head[0][:4].upper()
                if name != table or verb == "CREA" or not self._meant(self._place(window, head)):
                    self._pass_by(window, head)
                    continue
                if head.re is sql.UNREAD:
                    window.skip()
                    yield _UNREAD
                    continue
                header = listed or self._headers[table]
                wanted = [header.index(column) if column in header else -1 for column in columns]
                yield from (self._copied if verb == "COPY" else self._inserted)(window, wanted, len(header))

    def _pass_by(self, window: sql.Window, head: re.Match[str]) -> None:
        if not head[0].upper().startswith("COPY") or head.re is sql.UNREAD:
            window.pass_by()
            return
        for _ in window.lines():
            pass

    def _inserted(self, window: sql.Window, wanted: list[int], width: int) -> Iterator[places.Read]:
        value, meant, cell = window.grammar.value, window.grammar.meant, self._cell
        for row in window.rows():
            if row is None:
                yield "not a list of plain values"
                continue
            values = value.findall(row)
            if len(values) != width:
                yield f"{len(values)} values instead of {width}"
                continue
            yield tuple([None if place < 0 else cell(values[place], meant) for place in wanted])

    def _cell(self, value: tuple[str, str, str], meant: Callable[[str], str]) -> Cell:
        quoted, digits, plain = value
        if quoted:
            text = meant(quoted)
            return text if text.isascii() else self._decoded(text)
        if plain:
            return None if plain.upper() in ("NULL", "DEFAULT") else plain
        return self._decoded(bytes.fromhex(digits if len(digits) % 2 == 0 else f"0{digits}").decode(sql.BYTES))

    def _copied(self, window: sql.Window, wanted: list[int], width: int) -> Iterator[places.Read]:
        for line in window.lines():
            cells = line.split("\t")
            if len(cells) != width:
                yield f"{len(cells)} cells instead of {width}"
                continue
            yield tuple([None if place < 0 else self._copied_cell(cells[place]) for place in wanted])

    def _copied_cell(self, cell: str) -> Cell:
        if "\\" in cell:
            if cell == "\\N":
                return None
            cell = _COPIED.sub(lambda found: _MEANT.get(found[1], found[1]), cell)
        return cell if cell.isascii() else self._decoded(cell)


def _shown(stand: set[Place]) -> str:
    return ", ".join(sorted(".".join(place) or "no schema" for place in stand))


def _decoder(charset: str) -> Callable[[str], str]:
    if charset == MIXED:
        return lambda cell: lines.either(cell.encode(sql.BYTES))
    return lambda cell: cell.encode(sql.BYTES).decode(charset, "replace")
