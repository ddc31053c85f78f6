"""The rehearsal reads everything that the mandate names, accounts for every row, and writes nothing."""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from aliquot.legacy import description, rehearsal
from aliquot.legacy.fates import Bin
from aliquot.legacy.reading import Reading
from aliquot.legacy.rehearsal import Rehearsal, Trial
from aliquot.terms.errors import Refused
from tests.legacy import old
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, SCOPE, TODAY, person, result

SCOPED = msgspec.structs.replace(
    SCOPE,
    tables=(PEOPLE, msgspec.structs.replace(RESULTS, dated="JOUR", sited="SITE")),
    sites=("01",),
)


def run(folder: Path, people: list[tuple[str | None, ...]], results: list[tuple[str | None, ...]]) -> Rehearsal:
    for table, rows in ((PEOPLE, people), (RESULTS, results)):
        lines = [";".join(table.columns), *(";".join(cell or "" for cell in row) for row in rows)]
        (folder / f"{table.name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "source.toml").write_text('kind = "delimited"\nseparator = ";"\nfolder = "."\n')
    with Reading(SCOPED, description.read(folder / "source.toml")) as reading:
        return Trial(old.drawn(), SCOPED, CATALOGUE, TODAY).run(reading)


def test_every_row_of_the_source_is_accounted_for(tmp_path: Path) -> None:
    rows = [
        result(),
        result(COD="TSH"),
        result(dossier="901", JOUR="01072000"),
        result(dossier="902", SITE="02"),
        result(dossier="903"),
    ]
    told = run(tmp_path, [person(), person("18", NAI="")], rows)
    assert told.sums.rows == {"P": 2, "R": 5}
    assert told.sums.open() == ()
    bins = told.sums.bins("R")
    assert (bins[Bin.IMPORTED], bins[Bin.PARKED], bins[Bin.OUT_OF_SCOPE]) == (2, 1, 2)
    assert {one.reason for one in told.sums.counted if one.bin is Bin.OUT_OF_SCOPE} == {"date", "site"}
    assert (told.people, told.dossiers) == (1, 2)


def test_sums_and_extremes_are_by_test_unit_and_month(tmp_path: Path) -> None:
    rows = [result(VAL="140,5"), result(VAL="<130"), result(dossier="901", VAL="139"), result(VAL="hémolysé")]
    (july,) = (one for one in run(tmp_path, [person()], rows).months if one.ucum)
    assert (july.test, july.ucum, july.month) == ("NA", "mmol/L", "2019-07")
    assert (july.results, july.numbers, july.sum) == (3, 2, Decimal("279.5"))
    assert (july.low, july.high) == (Decimal(139), Decimal("140.5"))


def test_the_same_source_and_map_give_the_same_rehearsal(tmp_path: Path) -> None:
    first, second = (run(tmp_path, [person()], [result(), result(COD="TSH")]) for _ in range(2))
    assert rehearsal.digest(first) == rehearsal.digest(second)
    assert rehearsal.digest(run(tmp_path, [person()], [result()])) != rehearsal.digest(first)


def test_nothing_is_written(tmp_path: Path) -> None:
    run(tmp_path, [person()], [result()])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["P.csv", "R.csv", "source.toml"]


def test_a_map_that_does_not_fit_is_refused_before_a_row_is_read(tmp_path: Path) -> None:
    (tmp_path / "P.csv").write_text("NUM\n")
    (tmp_path / "R.csv").write_text("NUM\n")
    (tmp_path / "source.toml").write_text('kind = "delimited"\nseparator = ";"\nfolder = "."\n')
    wrong = old.drawn(old.TOML.replace('test = "NA"', 'test = "NONE"'))
    with (
        Reading(SCOPED, description.read(tmp_path / "source.toml")) as reading,
        pytest.raises(Refused, match="NONE is not in the catalogue"),
    ):
        Trial(wrong, SCOPED, CATALOGUE, TODAY).run(reading)
