"""What one field tells apart."""

import pytest

from aliquot.web import scans
from aliquot.web.scans import Scan


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (" 44412054969d", Scan("tube", "44412054969D")),
        ("p31990803w", Scan("file", "P31990803W")),
        ("R44412054969P", Scan("request", "R44412054969P")),
        ("2 61 04 75 059 001 66", Scan("nir", "261047505900166")),
        ("2 61 04 2a 059 001 66", Scan("nir", "261042A05900166")),
        (" Ab 17 ", Scan("other", "Ab 17")),
    ],
)
def test_a_number_is_told_by_its_shape(typed: str, meant: Scan) -> None:
    assert scans.read(typed) == meant


def test_a_masked_national_number_shows_sex_year_and_month_and_no_more() -> None:
    assert scans.masked("261047505900166") == "2 61 04 •• ••• ••• ••"
