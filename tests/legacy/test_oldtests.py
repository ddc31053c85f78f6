"""What each test code of an old system was."""

import tracemalloc

from aliquot.legacy.oldtests import OldTests, Places

_WIDE = 100_000
_MANY = 40


def test_no_cell_of_megabytes_is_kept_while_rows_pass() -> None:
    found = OldTests(Places(test=0, value=1, unit=2, name=3, date=4), 2026, None)
    tracemalloc.start()
    try:
        for number in range(_MANY):
            wide = f"{number} {'x' * _WIDE}"
            found.add([[wide], [wide[1:]], [wide[2:]], [wide[3:]], [f"01/07/2019{' ' * (_WIDE + number)}"]])
            found.add([["NAT"], ["140"], ["mmol/l"], [wide[4:]], ["02/07/2019"]])
            found.settle()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 5 * _WIDE
    (sodium,) = found.tests()
    assert (sodium.code, [(unit.unit, unit.cells) for unit in sodium.units]) == ("NAT", [("mmol/l", _MANY)])
