"""A table in the terminal: nothing runs together, numbers stay whole, and no name is obeyed."""

from rich.cells import cell_len

from aliquot.cli.legacy import breadth, grid

LONG = "valueCodeableConcept.coding[0].code"
NAMES = ("column", "meaning", "cells")
ROWS = [(LONG, "result.value", 31_925), ("NOM", "patient.family", 7)]


def test_numbers_stand_to_the_right_under_their_name() -> None:
    head, *rows = grid.lines(NAMES, ROWS, breadth.PIPED)
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


WIDE = ("column", "meaning", "sure", "type", "cells", "blank", "distinct", "hurts")
PROFILED = [
    (LONG, "dossier.prescriber_number", "85 %", "national number", 10_000_000, 12_000, 500_000, 12),
    ("RE_IDDOS/DO_IDPAT/PA_NUMPAT", "result.test_name", "97 %", "free text", 491_840, 0, 3_000, 0),
]


def test_at_eighty_columns_names_are_whole_and_words_are_cut_at_their_joints() -> None:
    told = [*grid.lines(WIDE, PROFILED, 80)]
    assert max(map(cell_len, told)) <= 80
    assert {LONG, "RE_IDDOS/DO_IDPAT/PA_NUMPAT"} <= {*told}
    figures = ["10,000,000", "12,000", "500,000", "12"]
    (first,) = (line for line in told if "10,000,000" in line)
    assert first.split() == ["dossier.", "85", "%", "national", "number", *figures]
    assert told[told.index(first) + 1] == "  prescriber_number"
    narrow = [*grid.lines(WIDE, PROFILED, 70)]
    assert max(map(cell_len, narrow)) <= 70
    assert [line for line in narrow if line.startswith("  prescriber_ ")]


def test_bins_at_eighty_columns_stand_below_the_name_of_their_table() -> None:
    names = ("table", "rows", "imported", "merged", "duplicate", "parked", "out-of-scope", "refused")
    told = [*grid.lines(names, [("Observation_of_something", *([10_000_000] * 6), 7)], 84)]
    assert (told[0], told[2]) == ("table", "Observation_of_something")
    assert told[1].split() == [*names[1:]]
    assert max(map(cell_len, told)) <= 84
