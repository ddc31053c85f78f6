"""A table in the terminal: nothing runs together, numbers stay whole, and no name is obeyed."""

from rich.cells import cell_len

from aliquot.cli.legacy import grid

LONG = "valueCodeableConcept.coding[0].code"
NAMES = ("column", "meaning", "cells")
ROWS = [(LONG, "result.value", 31_925), ("NOM", "patient.family", 7)]


def test_numbers_stand_to_the_right_under_their_name() -> None:
    head, *rows = grid.lines(NAMES, ROWS, grid.PIPED)
    assert head.split() == [*NAMES]
    assert [row.split() for row in rows] == [[LONG, "result.value", "31,925"], ["NOM", "patient.family", "7"]]
    assert {len(line) for line in (head, *rows)} == {len(head)}


def test_a_narrow_terminal_folds_words_and_keeps_numbers_whole() -> None:
    told = [*grid.lines(NAMES, ROWS, 40)]
    assert max(map(cell_len, told)) <= 40
    assert [line for line in told if line.endswith("31,925")]
    assert LONG in "".join(line.split("  ")[0].strip() for line in told[1:-1])


def test_a_name_that_looks_like_a_mark_is_shown_and_not_obeyed() -> None:
    told = "\n".join(grid.lines(("column",), [("[bold]A[/bold]",), ("B\x1b[8mC",)], 40))
    assert "[bold]A[/bold]" in told
    assert "B\\x1b[8mC" in told
    assert "\x1b" not in told


def test_a_table_without_rows_has_its_names() -> None:
    assert [*grid.lines(NAMES, [], 40)] == ["column  meaning  cells"]
