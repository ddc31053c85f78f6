"""Lines at the width of a terminal: a digest is never torn apart."""

import pytest
from rich.cells import cell_len

from aliquot.cli.legacy import breadth

DIGEST = "0123456789abcdef" * 4
COLUMNS = ", ".join(f"COLUMN_{number:02}" for number in range(30))


@pytest.mark.parametrize(
    "line",
    [
        f"profile {DIGEST}: it stands in history for this mandate",
        f"    reconcile 2026-11-24 03:20 UTC  director@nord, officer@nord  {DIGEST}",
        f"  T01_PAT: {COLUMNS}",
        f"2 tables, 30 columns, 2019-01-01 to 2020-12-31; digest {DIGEST}",
    ],
)
def test_at_eighty_columns_nothing_is_torn_apart_and_what_goes_on_is_further_in(line: str) -> None:
    told = [*breadth.folded(line, 80)]
    assert max(map(cell_len, told)) <= 80
    assert " ".join(told).split() == line.split()
    indent = len(line) - len(line.lstrip())
    assert {len(one) - len(one.lstrip()) for one in told[1:]} == {indent + 4}


def test_what_fits_or_is_not_shown_by_a_terminal_stays_on_its_line() -> None:
    assert [*breadth.folded("  short", 80)] == ["  short"]
    assert [*breadth.folded("", 80)] == [""]
    assert [*breadth.folded(COLUMNS, breadth.PIPED)] == [COLUMNS]


def test_a_name_that_is_wider_than_the_terminal_stays_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert [*breadth.folded(f"map {DIGEST}", 40)] == ["map", f"    {DIGEST}"]
    breadth.show(f"map {DIGEST}\n{COLUMNS}")
    assert capsys.readouterr().out == f"map {DIGEST}\n{COLUMNS}\n"
