"""A reconciliation in the terminal says what to do about each kind of difference, and where each stands."""

import pytest

from aliquot.cli.legacy import reconciled
from aliquot.legacy.comparing import Discrepancy, Fault
from aliquot.legacy.fates import Account
from aliquot.legacy.papers import Reconciled
from aliquot.legacy.reconciling import Reconciliation

PLACES = (
    Discrepancy("R", 7, Fault.MISSING),
    Discrepancy("R", 9, Fault.DIFFERENT, "value"),
    Discrepancy("R", 12, Fault.ANOTHER),
    Discrepancy("R", 0, Fault.SURPLUS, "", "a" * 32),
    Discrepancy("", 0, Fault.SURPLUS, "requisition", "b" * 32),
)


def test_each_kind_of_difference_has_its_next_step_and_each_place_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    faults = dict.fromkeys(Fault, 1)
    found = Reconciled.of(Reconciliation("0" * 32, "1" * 64, Account().sums(), (), (), faults, PLACES))
    reconciled.show(found)
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("  ")] == [
        "  R  row 7  missing",
        "  R  row 9  different (value)",
        "  R  row 12  another-patient",
        f"  no row  {'a' * 32}  surplus",
        f"  no row  {'b' * 32}  surplus (requisition)",
    ]
    steps = [line for line in said if ". Next: " in line]
    assert [line.partition(":")[0] for line in steps] == [*Fault]
    (moved,) = [line for line in steps if line.startswith("another-patient: 1")]
    assert "found, not moved" in moved
    assert "Do not cut over while results lie with somebody" in moved
