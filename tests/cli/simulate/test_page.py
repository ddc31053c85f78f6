"""The manual's page of invented laboratories names each shape, table and kind of mess that there is, and no other."""

import re
from pathlib import Path

from aliquot.cli.simulate import flat, writing
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.tables import TABLES

PAGE = (Path(__file__).parents[3] / "docs" / "manual" / "simulate.md").read_text()


def first_cells(heading: str) -> list[str]:
    """What stands in the first column of the table under a heading."""
    return re.findall(r"^\| `([^`]+)` \|", PAGE.split(f"## {heading}\n")[1].split("\n## ")[0], re.MULTILINE)


def test_each_kind_of_mess_has_its_line_in_the_order_of_the_list() -> None:
    assert first_cells("The mess") == [kind.value for kind in Mess]


def test_each_shape_has_its_line_and_each_table_is_named() -> None:
    assert first_cells("Shapes") == list(writing.SHAPES)
    assert set(re.findall(r"T\d\d_[A-Z]{3}", PAGE)) == {table.name for table in TABLES}


def test_the_numbers_of_columns_are_those_of_the_files() -> None:
    assert (len(flat.PATIENT_COLUMNS), len(flat.RESULT_COLUMNS)) == (60, 17)
    assert "sixty columns" in PAGE
    assert "seventeen" in PAGE
