"""The same life gives the same bytes in every shape, and nothing that is there is written over."""

import tracemalloc
from pathlib import Path

import pytest

from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.terms.errors import Refused

SMALL = Life(patients=120, seed=3, results_per_patient=8)


def content(out: Path) -> dict[str, bytes]:
    """Every file of a source and of its truth."""
    folders = (out, writing.truth_beside(out))
    files = [file for folder in folders for file in ([folder] if folder.is_file() else sorted(folder.rglob("*")))]
    return {str(file.relative_to(out.parent)): file.read_bytes() for file in files if file.is_file()}


def written(shape: writing.Shape, folder: Path, life: Life) -> dict[str, bytes]:
    """Every byte of a laboratory written into this folder."""
    folder.mkdir()
    writing.write(shape, folder / "source", life)
    return content(folder / "source")


@pytest.mark.parametrize("shape", writing.SHAPES)
def test_the_same_life_gives_the_same_bytes_and_another_seed_others(shape: writing.Shape, tmp_path: Path) -> None:
    first = written(shape, tmp_path / "first", SMALL)
    assert written(shape, tmp_path / "again", SMALL) == first
    assert written(shape, tmp_path / "other", Life(120, seed=4, results_per_patient=8)) != first


@pytest.mark.parametrize("shape", writing.SHAPES)
@pytest.mark.parametrize("taken", ["source", "source.truth"])
def test_what_is_there_is_not_written_over(shape: writing.Shape, taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(Refused, match="already"):
        writing.write(shape, tmp_path / "source", SMALL)
    assert [file.name for file in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "mine"


@pytest.mark.parametrize("shape", writing.SHAPES)
def test_a_laboratory_without_patients_can_be_written(shape: writing.Shape, tmp_path: Path) -> None:
    summary = writing.write(shape, tmp_path / "source", Life(0))
    assert all(count.rows == 0 for name, count in summary.tables.items() if name in ("T01_PAT", "T07_DOS", "T09_RES"))


def test_the_truth_can_be_counts_and_the_key_alone_or_nothing(tmp_path: Path) -> None:
    counted = writing.write("flat", tmp_path / "counted", SMALL, truth="counts")
    untold = writing.write("flat", tmp_path / "untold", SMALL, truth="none")
    assert sorted(file.name for file in (tmp_path / "counted.truth").iterdir()) == ["counts.json", "key.json"]
    assert not (tmp_path / "untold.truth").exists()
    assert counted.tables == untold.tables


@pytest.mark.parametrize("shape", writing.SHAPES)
def test_memory_does_not_grow_with_the_number_of_patients(shape: writing.Shape, tmp_path: Path) -> None:
    peaks = []
    for patients in (800, 3200):
        tracemalloc.start()
        writing.write(shape, tmp_path / f"{patients}", Life(patients, results_per_patient=6))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.25
