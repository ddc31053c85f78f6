"""What cells look like without what they say."""

import pytest

from aliquot.legacy import shapes
from aliquot.legacy.shapes import Sort


@pytest.mark.parametrize(
    ("cell", "mask", "sort"),
    [
        ("Dupont-99/12", "Aaaaaa-99/99", Sort.CODE),
        ("Éloïse", "Aaaaaa", Sort.WORD),
        ("140", "999", Sort.INTEGER),
        ("-5,10", "-9,99", Sort.COMMA),
        ("5.10", "9.99", Sort.POINT),
        ("< 0,5", "< 9,9", Sort.COMPARED),
        ("03/04/2019 08:12", "99/99/9999 99:99", Sort.DAY),
        ("08:12", "99:99", Sort.HOUR),
        ("a.dupont@example.org", "a.a{6}@a{7}.aaa", Sort.EMAIL),
        ("patient très fatigué", "a{7} aaaa a{7}", Sort.TEXT),
        ("  ", "  ", Sort.BLANK),
        ("☤1", "?9", Sort.CODE),
    ],
)
def test_a_mask_keeps_the_shape_and_no_letter_or_digit(cell: str, mask: str, sort: Sort) -> None:
    shape = shapes.of(cell)
    assert shapes.mask(shape) == mask
    assert shapes.sort(shape) is sort


def test_of_a_long_cell_only_the_beginning_has_a_shape() -> None:
    assert shapes.mask(shapes.of("ab " * 40)).endswith("...")
    assert len(shapes.mask(shapes.of("ab " * 40))) == shapes.LONGEST + 3
