"""A reconciliation as it is kept and told: counts, and places that differ. Its sums are kept as a digest only.

A month with one result of one test would have its value in clear.
"""

from typing import Self

import msgspec

from aliquot.cli.legacy import account
from aliquot.legacy import reconciling
from aliquot.legacy.comparing import Discrepancy
from aliquot.legacy.fates import Sums
from aliquot.legacy.reconciling import Reconciliation

_SHOWN = 20


class Reconciled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What two people sign, without the sums; `digest` is that of the whole.

    `compared` counts the lines of test, unit and month on which both sides were summed, `apart` those that differ.
    """

    mandate: str
    map: str
    digest: str
    agrees: bool
    sums: Sums
    compared: int
    apart: int
    faults: dict[str, int]
    discrepancies: tuple[Discrepancy, ...]

    @classmethod
    def of(cls, whole: Reconciliation) -> Self:
        """The part that is kept."""
        lines = {*whole.here, *whole.there}
        places = {(line.test, line.ucum, line.month) for line in lines}
        return cls(
            mandate=whole.mandate,
            map=whole.map,
            digest=reconciling.digest(whole),
            agrees=whole.agrees(),
            sums=whole.sums,
            compared=len(places),
            apart=len(lines) - len(places),
            faults=whole.faults,
            discrepancies=whole.discrepancies,
        )


def show(found: Reconciled) -> None:
    """Tell it, with the first places that differ."""
    account.show(found.sums)
    print(f"{found.compared:,} sums of a test in a unit and month; {found.apart:,} of them differ")
    for fault, rows in found.faults.items():
        print(f"{fault}: {rows:,}")
    for one in found.discrepancies[:_SHOWN]:
        place = f"row {one.row}" if one.row else "no row"
        print(f"  {one.table}  {place}  {one.fault}{f' ({one.what})' if one.what else ''}")
    if len(found.discrepancies) > _SHOWN:
        print(f"  and {len(found.discrepancies) - _SHOWN:,} more in reconciliation.json")
    print(f"both sides {'agree' if found.agrees else 'do not agree'}: {found.digest}")
