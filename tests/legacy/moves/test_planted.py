"""Ten errors planted among many results: reconciliation finds ten, names their rows, and no other (CONTROLS F4)."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aliquot.cli.scratch import World
from aliquot.legacy.comparing import Fault
from aliquot.legacy.entrance import Leave
from aliquot.legacy.reconciling import Reconciler
from tests.legacy import move
from tests.legacy.move import SCOPED, WHERE, Cells, Old
from tests.legacy.old import RESULTS, person

EACH = 20
"""Results of each person, in dossiers of four."""

PLANTED: dict[str, Callable[[dict[str, str]], dict[str, str] | None]] = {
    "digits exchanged": lambda row: row | {"VAL": row["VAL"][::-1]},
    "mark of the fraction lost": lambda row: row | {"VAL": row["VAL"].replace(",", "")},
    "comparator lost": lambda row: row | {"VAL": row["VAL"].lstrip("<")},
    "a day later": lambda row: row | {"JOUR": f"{int(row['JOUR'][:2]) + 1:02d}{row['JOUR'][2:]}"},
    "an hour later": lambda row: row | {"HEURE": "0900"},
    "of somebody else": lambda row: row | {"NUM": "P0"},
    "of another dossier": lambda row: row | {"DOS": "D0-0"},
    "validated though it was not": lambda row: row | {"ST": "V"},
    "another test": lambda row: row | {"COD": "GLY", "UNI": "g/l"},
    "never came": lambda _: None,
}

ELSEWHERE = ("never came", "of somebody else", "of another dossier")


@pytest.mark.parametrize(
    "many", [5_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(36_000)])]
)
def test_ten_errors_among_many_results_are_ten_found(small_lab: World, tmp_path: Path, many: int) -> None:
    (tmp_path / "old").mkdir()
    people = [person(f"P{number}", **_name(number)) for number in range(many // EACH)]
    right = [_right(number) for number in range(many)]
    places = {name: many * (at + 1) // 11 for at, name in enumerate(PLANTED)}
    right[places["comparator lost"]] |= {"VAL": "<140,5"}
    right[places["validated though it was not"]] |= {"ST": ""}
    wrong: list[dict[str, str] | None] = list(right)
    for name, place in places.items():
        wrong[place] = PLANTED[name](right[place])
    source = Old(tmp_path / "old", people, [_cells(row) for row in wrong if row is not None])
    mover = move.mover(small_lab, allowed=len(people))
    mover.load(source)
    source.results = [_cells(row) for row in right]
    leave = Leave(mover.migration.loader, mover.migration.mandate, WHERE, mover.lab.clock)
    with source.reading() as reading:
        told = Reconciler(leave, mover.drawn, SCOPED).run(reading)
    found = {place: name for name, place in places.items()}
    missed = [one.row for one in told.discrepancies if one.fault is Fault.MISSING]
    print(f"{many:,} results, planted {len(places)}, found {len(missed)}: {[found[row - 1] for row in missed]}")
    # What came over wrongly into its own dossier also stands there under no row of the source.
    assert told.faults == {Fault.MISSING: len(PLANTED), Fault.SURPLUS: len(PLANTED) - len(ELSEWHERE)}
    assert missed == [place + 1 for place in places.values()]
    assert not told.agrees()


def _right(number: int) -> dict[str, str]:
    of, at = divmod(number, EACH)
    day = f"{1 + at // 4:02d}{1 + of % 12:02d}2019"
    said = (f"P{of}", f"D{of}-{at // 4}", day, f"08{at % 4:02d}", "01", "NAT", "SODIUM", f"{130 + of % 20},{at:02d}")
    return dict(zip(RESULTS.columns, (*said, "mmol/l", "", "V", "AB", ""), strict=True))


def _cells(row: dict[str, str]) -> Cells:
    return tuple(row.values())


def _name(number: int) -> dict[str, str]:
    """Nobody is like anybody: custody compares them all."""
    letters = "".join(chr(65 + number // 26**place % 26) for place in range(4))
    return {
        "NOM": f"{letters}{letters}",
        "NAI": f"{1 + number % 28:02d}/{1 + number // 28 % 12:02d}/{1930 + number // 336 % 60}",
    }
