"""The old laboratory that is attacked is what D2 says: sixty columns of twenty years, of which a portion is ordered."""

from pathlib import Path

from aliquot.cli.attack import oldlab
from aliquot.cli.attack.oldlab import OUTSIDE, SCOPE, WITHIN
from aliquot.cli.demo.move import answers
from aliquot.legacy import description, reading


def test_eighteen_columns_of_two_years_are_ordered_of_sixty_and_twenty(tmp_path: Path) -> None:
    old = oldlab.made(tmp_path / "old", 200)
    there = reading.columns(description.read(old.folder / "source.toml"))
    (people,) = [header for header in there if header.table == answers.PEOPLE]
    assert len(people.columns) == 60
    assert sum(len(table.columns) for table in SCOPE.tables) == 18
    assert (SCOPE.since.year, SCOPE.until.year) == (2019, 2020)
    years = {int(day[6:]) for day in _days(old.folder) if day[6:].isdigit() and len(day) == 10}
    assert max(years) - min(years) > 15


def test_what_is_ordered_says_no_word_from_outside_and_the_rest_is_full_of_them(tmp_path: Path) -> None:
    old = oldlab.made(tmp_path / "old", 30)
    with old.reading() as opened:
        ordered = [
            cell for table in SCOPE.tables for chunk in opened.rows(table.name) for row in chunk.rows for cell in row
        ]
    said = [cell for cell in ordered if cell is not None]
    assert [cell for cell in said if OUTSIDE in cell] == []
    assert len([cell for cell in said if cell.startswith(WITHIN)]) > 20
    whole = b"".join(file.read_bytes() for file in old.folder.glob("*.TXT"))
    assert whole.count(OUTSIDE.encode()) > 1_000


def _days(folder: Path) -> list[str]:
    lines = (folder / "RESULTATS.TXT").read_text("cp1252", errors="replace").splitlines()
    return [line.split(";")[2] for line in lines[1:] if line.count(";") > 2]
