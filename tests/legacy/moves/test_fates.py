"""The table of fates: what became of every row of every move. The moves' own tests hold each figure."""

from pathlib import Path

from aliquot.legacy.fates import Bin
from tests.legacy.moves import made, written

DOCS = Path(__file__).parents[3] / "docs" / "formats" / "map.md"


def test_the_table_of_fates() -> None:
    told = written.fates()
    # `pytest -rP` shows it.
    print("\n".join(line for name, fates in told.items() for line in made.table(name, fates)))
    ends = {end for fates in told.values() for table in fates.values() for end in table}
    assert {end.partition(" ")[0] for end in ends} == set(Bin)


def test_every_reason_is_explained() -> None:
    ends = {end for fates in written.fates().values() for table in fates.values() for end in table}
    # A row that cannot be read is refused in the words of the reader.
    reasons = {end.partition(" ")[2] for end in ends if not end.startswith(Bin.REFUSED)} - {""}
    explained = DOCS.read_text()
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in explained] == []
