"""What became of the rows of a source, as a drawn bar and as the table that says the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from aliquot.legacy.fates import Bin, Counted, Remark, Sums
from aliquot.web import moving_words
from aliquot.web.moving_words import Words
from aliquot.web.tables import Cell, Column, Row, Table, Tone

_WIDTH = 1000
_SHOWN = 5
"""How many places of one reason are listed."""


@dataclass(frozen=True)
class Part:
    """One bin of a bar: where it begins and how long it is, of `_WIDTH`."""

    bin: Bin
    at: int
    length: int


@dataclass(frozen=True)
class Bar:
    """One table of the source."""

    table: str
    parts: Sequence[Part]


@dataclass(frozen=True)
class Account:
    """All of it: the bars, what each colour means, the bins in numbers, and why rows are where they are."""

    bars: Sequence[Bar]
    legend: Sequence[tuple[Bin, Words]]
    bins: Table
    reasons: Table


def of(sums: Sums) -> Account:
    """The account of a rehearsal or a load."""
    met = [bin_ for bin_ in Bin if any(sums.bins(table)[bin_] for table in sums.rows)]
    return Account(
        [_bar(sums, table) for table in sums.rows],
        [(bin_, moving_words.BINS[bin_][1]) for bin_ in met],
        counted(_("What becomes of the rows"), met, [_line_of(sums, table, met) for table in sums.rows]),
        _reasons(sums),
    )


def counted(caption: Words, bins: Sequence[Bin], lines: Iterable[tuple[str, Sequence[int]]]) -> Table:
    """Each table of the source: how many rows it has, and how many of them lie in each of these bins."""
    columns = (
        Column(_("Table")),
        Column(_("Rows"), number=True),
        *(Column(moving_words.BINS[bin_][1], number=True) for bin_ in bins),
    )
    rows = [Row((Cell(table), *(Cell(moving_words.number(count)) for count in counts))) for table, counts in lines]
    return Table(caption, columns, rows, _("No row was looked at yet"))


def _bar(sums: Sums, table: str) -> Bar:
    # The loader's word: it may count no rows, or more in the bins than came.
    rows, at, parts = max(sums.rows[table], 1), 0, []
    for bin_, found in sums.bins(table).items():
        if found:
            # A bin with one row of a million is seen all the same.
            length = min(max(_WIDTH * found // rows, 3), _WIDTH)
            parts.append(Part(bin_, min(at, _WIDTH - length), length))
            at += length
    return Bar(table, parts)


def _line_of(sums: Sums, table: str, met: Sequence[Bin]) -> tuple[str, Sequence[int]]:
    found = sums.bins(table)
    return table, (sums.rows[table], *(found[bin_] for bin_ in met))


def _reasons(sums: Sums) -> Table:
    columns = (
        Column(_("Fate")),
        Column(_("Why")),
        Column(_("Table")),
        Column(_("Rows"), number=True),
        Column(_("First places")),
    )
    said = [one for one in sums.counted if one.reason]
    rows = [_line(one, *moving_words.BINS[one.bin]) for one in sorted(said, key=_most_first)]
    rows += [_line(one, "info", _("comes over, remarked")) for one in sorted(sums.remarks, key=_most_first)]
    return Table(_("Why, and where"), columns, rows, _("Every row is in order"))


def _most_first(one: Counted | Remark) -> int:
    return -one.rows


def _line(one: Counted | Remark, tone: Tone, fate: Words) -> Row:
    return Row(
        (
            Cell(fate, tone=tone),
            Cell(moving_words.reason(one.reason), note=one.column),
            Cell(one.table),
            Cell(moving_words.number(one.rows)),
            Cell(_places(one.places)),
        )
    )


def _places(places: Sequence[int]) -> str:
    return ", ".join(map(str, places[:_SHOWN])) + (" …" if len(places) > _SHOWN else "")
