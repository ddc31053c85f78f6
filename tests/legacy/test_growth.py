"""What a step holds in memory is bounded by the people and the catalogue of a source, and not by its rows."""

import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from aliquot.cli.bench import apart
from aliquot.cli.bench.apart import Said
from aliquot.cli.scratch import World
from aliquot.legacy import carrying, description, profile
from aliquot.legacy.carrying import Bearer
from aliquot.legacy.reading import Reading
from aliquot.legacy.rehearsal import Trial
from aliquot.legacy.source import Cell, Chunk, Header
from aliquot.legacy.sources import places
from aliquot.vault import bundle
from aliquot.vault.bundle import SenderKey
from tests.custody import moving
from tests.legacy import old
from tests.legacy.move import SCOPED
from tests.legacy.old import CATALOGUE, PEOPLE, RESULTS, TODAY, person, result

_SMALL, _LARGE = 10_000, 100_000
_PEOPLE = 50
_MOST = 12_000_000
"""Rows of the larger source that were all held would take eight times as much."""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same people with results that have hardly a cell in common, and ten times as many."""
    return _written(tmp_path_factory.mktemp("small"), _SMALL), _written(tmp_path_factory.mktemp("large"), _LARGE)


def _written(folder: Path, rows: int) -> Path:
    people = (person(str(number)) for number in range(_PEOPLE))
    with (folder / "P.csv").open("w") as file:
        file.writelines(";".join(cell or "" for cell in row) + "\n" for row in (PEOPLE.columns, *people))
    with (folder / "R.csv").open("w") as file:
        file.write(";".join(RESULTS.columns) + "\n")
        for number in range(rows):
            said = {"VAL": f"{number % 977},{number % 89}", "COM": f"a comment of its own, {number}"}
            row = result(f"{number % _PEOPLE}", f"D{number // 5}", **said)
            file.write(";".join(cell or "" for cell in row) + "\n")
    (folder / "source.toml").write_text('kind = "delimited"\nseparator = ";"\nfolder = "."\n')
    return folder


def _profiled(reading: Reading, _: Path) -> None:
    profile.take(reading, SCOPED, bytes(32))


def _rehearsed(reading: Reading, _: Path) -> None:
    Trial(old.drawn(), SCOPED, CATALOGUE, TODAY).run(reading)


def _grown(sources: tuple[Path, Path], step: Callable[[Reading, Path], object]) -> int:
    def taken(source: Path) -> Said:
        with Reading(SCOPED, description.read(source / "source.toml")) as reading:
            step(reading, source)
            return {"rows": reading.counts(RESULTS.name).in_scope}

    small, large = (apart.ran(partial(taken, source)) for source in sources)
    assert (small.said["rows"], large.said["rows"]) == (_SMALL, _LARGE)
    return large.memory - small.memory


@pytest.mark.parametrize("step", [_profiled, _rehearsed])
def test_memory_does_not_grow_with_the_rows(
    sources: tuple[Path, Path], step: Callable[[Reading, Path], object]
) -> None:
    assert _grown(sources, step) < _MOST


def test_nor_does_that_of_who_carries_them(small_lab: World, sources: tuple[Path, Path], tmp_path: Path) -> None:
    sender = SenderKey.generate()
    migration = moving.declared(small_lab, scope=SCOPED, sender=bundle.fingerprint(sender.public()))
    told, at = migration.document(), small_lab.clock()

    def carried(reading: Reading, source: Path) -> None:
        carrying.carry(reading, Bearer(told, sender, tmp_path / source.name), at, lambda *_: None)

    assert _grown(sources, carried) < _MOST


_WIDE = 100_000
_MANY = 160
_ALL_OF_A_COLUMN = _WIDE * _MANY


class _Scans:
    """An old system in which every column, at some row, holds what was scanned; days and sites are padded."""

    def tables(self) -> tuple[Header, ...]:
        """People and results."""
        return tuple(Header(table.name, table.columns) for table in SCOPED.tables)

    def rows(self, table: str, columns: Sequence[str], after: int = 0) -> Iterator[Chunk]:
        """Rows of which no two cells are the same."""
        own = PEOPLE if table == PEOPLE.name else RESULTS
        at = [own.columns.index(column) for column in columns]
        yield from places.chunks((tuple(row[place] for place in at) for row in self._made(table)), after)

    def reached(self) -> tuple[int, int]:
        """Nobody can tell."""
        return 0, 0

    def close(self) -> None:
        """Nothing is open."""

    def _made(self, table: str) -> Iterator[tuple[Cell, ...]]:
        for number in range(_MANY):
            wide = f"{number} {'x' * _WIDE}"
            if table == PEOPLE.name:
                yield person(str(number), ADR2=wide, COM=wide[1:])
            else:
                padded = {"JOUR": f"01072019{' ' * (_WIDE + number)}", "SITE": f"01{' ' * (_WIDE + number)}"}
                yield result(str(number), f"D{number}", FLAG=wide, COM=wide[1:], LIB=wide[2:], **padded)


@pytest.mark.parametrize(("step", "columns"), [(_profiled, 2.75), (_rehearsed, 1.25)])
def test_nor_with_the_width_of_their_cells(
    step: Callable[[Reading, Path], object], columns: float, tmp_path: Path
) -> None:
    """Five columns of the results are wide: who held even one of them in two places would hold more than this."""
    tracemalloc.start()
    try:
        with Reading(SCOPED, _Scans()) as reading:
            step(reading, tmp_path)
            most = tracemalloc.get_traced_memory()[1]
            assert reading.counts(RESULTS.name).in_scope == _MANY
    finally:
        tracemalloc.stop()
    assert most < columns * _ALL_OF_A_COLUMN
