"""The manual shows for each shape of an invented old laboratory how it is described to `aliquot legacy`."""

import re
from pathlib import Path

import pytest

from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.legacy import description, reading

PAGE = (Path(__file__).parents[3] / "docs" / "manual" / "simulate.md").read_text()
DESCRIBED = re.findall(r"^```\n(kind = \"\w+\" +# (\w+)\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def test_each_shape_is_described() -> None:
    assert [shape for _, shape in DESCRIBED] == list(writing.SHAPES)


@pytest.mark.parametrize("shape", writing.SHAPES)
def test_what_is_written_is_read_by_the_description_of_its_shape(shape: writing.Shape, tmp_path: Path) -> None:
    told = writing.write(shape, tmp_path / "old", Life(5, 1, 2.0), truth="none")
    file = tmp_path / "source.toml"
    file.write_text(next(toml for toml, named in DESCRIBED if named == shape))
    found = {header.table: len(header.columns) for header in reading.columns(description.read(file), str)}
    assert len(found) >= 2
    assert min(found.values()) >= 3
    assert shape == "hl7v2" or {name.removesuffix(".TXT") for name in told.tables} <= set(found)
