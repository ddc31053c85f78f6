"""Ten errors planted among many results: reconciliation finds ten, names their rows, and no other (CONTROLS F4)."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import overload

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

Change = Callable[[dict[str, str]], dict[str, str]]
PLANTED: dict[str, Change] = {
    "digits exchanged": lambda row: row | {"VAL": row["VAL"][::-1]},
    "mark of the fraction lost": lambda row: row | {"VAL": row["VAL"].replace(",", "")},
    "comparator lost": lambda row: row,
    "a day later": lambda row: row | {"JOUR": f"{int(row['JOUR'][:2]) + 1:02d}{row['JOUR'][2:]}"},
    "an hour later": lambda row: row | {"HEURE": "0900"},
    "of somebody else": lambda row: row | {"NUM": "P0"},
    "of another dossier": lambda row: row | {"DOS": "D0-0"},
    "validated though it was not": lambda row: row,
    "another test": lambda row: row | {"COD": "GLY", "UNI": "g/l"},
}
"""What came over of nine rows; the tenth never came."""
RIGHT: dict[str, Change] = {
    "comparator lost": lambda row: row | {"VAL": f"<{row['VAL']}"},
    "validated though it was not": lambda row: row | {"ST": ""},
}
"""What the old system says of two of them."""


class Rows(Sequence[Cells]):
    """The results of the old system, made as they are asked for: a million of them take no room."""

    def __init__(self, many: int, changed: dict[int, Change]) -> None:
        self._many, self._changed = many, changed

    def __len__(self) -> int:
        return self._many

    @overload
    def __getitem__(self, place: int) -> Cells: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Cells]: ...

    def __getitem__(self, place: int | slice) -> Cells | Sequence[Cells]:
        """The row of a place."""
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(self._many))]
        if place >= self._many:
            raise IndexError
        row = _right(place)
        return tuple(self._changed.get(place, dict)(row).values())


@pytest.mark.parametrize(
    "many", [5_000, pytest.param(1_000_000, marks=[pytest.mark.slow, pytest.mark.timeout(36_000)])]
)
def test_ten_errors_among_many_results_are_ten_found(small_lab: World, tmp_path: Path, many: int) -> None:
    (tmp_path / "old").mkdir()
    people = [person(f"P{number}", **_name(number)) for number in range(many // EACH)]
    places = {many * (at + 1) // 11: name for at, name in enumerate(PLANTED)}
    right = {place: RIGHT[name] for place, name in places.items() if name in RIGHT}
    wrong = {place: PLANTED[name] for place, name in places.items()}
    # The last one never comes.
    source = Old(tmp_path / "old", people, Rows(many - 1, wrong))
    places[many - 1] = "never came"
    mover = move.mover(small_lab, allowed=len(people))
    mover.load(source)
    source.results = Rows(many, right)
    leave = Leave(mover.migration.loader, mover.migration.mandate, WHERE, mover.lab.clock)
    with source.reading() as reading:
        told = Reconciler(leave, mover.drawn, SCOPED).run(reading)
    missed = [one.row - 1 for one in told.discrepancies if one.fault is Fault.MISSING]
    print(f"{many:,} results, planted {len(places)}, found {len(missed)}: {[places.get(place) for place in missed]}")
    # What came over wrongly into its own dossier also stands there under no row of the source.
    assert told.faults == {Fault.MISSING: 10, Fault.SURPLUS: 7}
    assert missed == sorted(places)
    assert not told.agrees()


def _right(number: int) -> dict[str, str]:
    of, at = divmod(number, EACH)
    day = f"{1 + at // 4:02d}{1 + of % 12:02d}2019"
    said = (f"P{of}", f"D{of}-{at // 4}", day, f"08{at % 4:02d}", "01", "NAT", "SODIUM", f"{130 + of % 20},{at:02d}")
    return dict(zip(RESULTS.columns, (*said, "mmol/l", "", "V", "AB", ""), strict=True))


def _name(number: int) -> dict[str, str]:
    """Nobody is like anybody: custody compares them all, and whoever waits is not looked for."""
    drawn = hashlib.sha256(f"{number}".encode()).digest()
    letters = "".join(chr(65 + byte % 26) for byte in drawn)
    born = f"{1 + number % 28:02d}/{1 + number // 28 % 12:02d}/{1930 + number // 336 % 60}"
    return {"NOM": letters[:12], "PRE": letters[12:22], "NAI": born}
