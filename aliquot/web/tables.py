"""A table of the bench as `parts/table.html` draws it: what stands in it, without markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise

Words = str | Promise
Tone = Literal["", "plain", "ok", "info", "wait", "warn", "alarm"]


@dataclass(frozen=True)
class Column:
    """A column. Numbers stand at the end of their line; codes in fixed width."""

    label: Words
    number: bool = False
    code: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell: text, as a link if it has a path, as a chip if it has a tone; a note stands small below."""

    text: Words
    path: str = ""
    tone: Tone = ""
    note: Words = ""


@dataclass(frozen=True)
class Row:
    """One line. `id` is the element's id, for htmx to exchange just this line."""

    cells: Sequence[Cell]
    id: str = ""


@dataclass(frozen=True)
class Table:
    """A table; `empty` is what is said in its place when there is no line."""

    caption: Words
    columns: Sequence[Column]
    rows: Sequence[Row]
    empty: Words
    empty_text: Words = ""

    @property
    def lines(self) -> list[tuple[str, list[tuple[Cell, Column]]]]:
        """Each line's id, and its cells with their columns."""
        return [(row.id, list(zip(row.cells, self.columns, strict=True))) for row in self.rows]
