"""A table without lines says so; a cell without a partner is a mistake."""

import pytest
from django.template.loader import render_to_string

from aliquot.web.tables import Cell, Column, Row, Table

COLUMNS = (Column("Accession", code=True), Column("Value", number=True))


def drawn(*rows: Row) -> str:
    return render_to_string("parts/table.html", {"table": Table("Waiting", COLUMNS, rows, "Nothing waits")})


def test_cells_are_drawn_as_links_chips_and_numbers() -> None:
    table = drawn(Row((Cell("26-1", path="/orders/26-1"), Cell("4.4", note="mmol/L")), id="row-1"))
    assert '<tr id="row-1">' in table
    assert '<a href="/orders/26-1">26-1</a>' in table
    assert '<td class="number">4.4<small>mmol/L</small></td>' in table
    assert '<span class="chip chip--warn">held</span>' in drawn(Row((Cell("x"), Cell("held", tone="warn"))))


def test_what_a_cell_says_is_never_markup() -> None:
    assert "<b>" not in drawn(Row((Cell("<b>"), Cell("<b>", note="<b>"))))


def test_a_table_without_lines_says_so() -> None:
    assert "<table" not in drawn()
    assert "Nothing waits" in drawn()


def test_a_line_has_a_cell_for_each_column() -> None:
    table = Table("Waiting", COLUMNS, (Row((Cell("26-1"),)),), "")
    with pytest.raises(ValueError, match="zip"):
        assert table.lines
