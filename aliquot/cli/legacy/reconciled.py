"""A reconciliation as it is told in the terminal: counts, and the first places that differ."""

from aliquot.cli.legacy import account
from aliquot.legacy.papers import Reconciled

_SHOWN = 20


def show(found: Reconciled) -> None:
    """Tell it, with the first places that differ."""
    account.show(found.sums)
    if found.came:
        print(f"compared with the bundle {found.came.id}, begun at {found.came.created:%Y-%m-%d %H:%M %Z}")
    print(f"{found.compared:,} sums of a test in a unit and month; {found.apart:,} of them differ")
    for fault, rows in found.faults.items():
        print(f"{fault}: {rows:,}")
    for one in found.discrepancies[:_SHOWN]:
        place = f"row {one.row}" if one.row else "no row"
        print(f"  {one.table}  {place}  {one.fault}{f' ({one.what})' if one.what else ''}")
    if len(found.discrepancies) > _SHOWN:
        print(f"  and {len(found.discrepancies) - _SHOWN:,} more in reconciliation.json")
    print(f"both sides {'agree' if found.agrees else 'do not agree'}: {found.digest}")
