"""A reconciliation as it is told in the terminal: counts, and the first places that differ."""

from aliquot.cli import amounts
from aliquot.cli.legacy import account, breadth
from aliquot.legacy.comparing import Fault
from aliquot.legacy.papers import Reconciled

NEXT = {
    Fault.MISSING: "load again; decide first who waits under 'Who is whom'",
    Fault.DIFFERENT: "look at one of them on both sides; the reason is nearly always the map",
    Fault.ANOTHER: "they are found, not moved: who is whom was decided otherwise since they came. Do not cut "
    "over while results lie with somebody whose they are not",
    Fault.SURPLUS: "it came under an earlier map, or its row is gone or changed in the old system; if neither, the "
    "privacy officer asks the history who brought it in",
}
"""What to do about it; docs/manual/week.md says more."""
_SHOWN = 20


def show(found: Reconciled) -> None:
    """Tell it, with the first places that differ."""
    account.show(found.sums)
    if found.came:
        print(f"compared with the bundle {found.came.id}, begun at {found.came.created:%Y-%m-%d %H:%M %Z}")
    print(f"{amounts.of(found.compared, 'sum')} of a test in a unit and month, of which {found.apart:,} differ")
    for fault, rows in found.faults.items():
        breadth.show(f"{fault}: {rows:,}. Next: {NEXT[fault]}")
    for one in found.discrepancies[:_SHOWN]:
        place = f"{one.table}  row {one.row}" if one.row else f"no row  {one.id}"
        print(f"  {place}  {one.fault}{f' ({one.what})' if one.what else ''}")
    if len(found.discrepancies) > _SHOWN:
        print(f"  and {len(found.discrepancies) - _SHOWN:,} more in reconciliation.json")
    breadth.show(f"both sides {'agree' if found.agrees else 'do not agree'}: {found.digest}")
