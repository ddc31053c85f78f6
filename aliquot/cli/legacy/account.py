"""The account of a run as a person reads it: tables by bins, every reason with its count and first places."""

from collections.abc import Iterator

from aliquot.cli.legacy import breadth, grid
from aliquot.legacy import fates
from aliquot.legacy.fates import Bin, Sums

_SHOWN = 5


def show(sums: Sums) -> None:
    """Print the bins of each table, then the reasons."""
    rows: list[tuple[grid.Cell, ...]] = [(name, read, *sums.bins(name).values()) for name, read in sums.rows.items()]
    grid.show(("table", "rows", *Bin), rows)
    for line in _reasons(sums):
        breadth.show(line)


def changes(before: Sums, after: Sums) -> Iterator[str]:
    """What another run counts differently."""
    for table, bin_, reason, then, now in fates.changed(before, after):
        yield f"  {table}  {bin_}  {reason or 'in order'}: {then:,} -> {now:,}"


def _reasons(sums: Sums) -> Iterator[str]:
    for one in sums.counted:
        if one.reason:
            yield f"  {one.table}  {one.bin}  {_why(one.reason, one.column)}: {one.rows:,}{_places(one.places)}"
    for remark in sums.remarks:
        why = _why(remark.reason, remark.column)
        yield f"  {remark.table}  remark  {why}: {remark.rows:,}{_places(remark.places)}"


def _why(reason: str, column_: str) -> str:
    return f"{reason} ({column_})" if column_ else reason


def _places(places: tuple[int, ...]) -> str:
    if not places:
        return ""
    return f"  rows {', '.join(map(str, places[:_SHOWN]))}" + (" ..." if len(places) > _SHOWN else "")
