"""Invented old laboratories that several tests read, and the truth about them as it stands in its files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from aliquot.cli.simulate import writing
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.truth import PatientTruth, ResultTruth, TableCount

_T = TypeVar("_T")

LIFE = Life(patients=1500, seed=7, results_per_patient=12)
"""Large enough that each kind of mess occurs."""


def made(shape: writing.Shape, folder: Path, life: Life = LIFE) -> Path:
    """Where a laboratory of this shape was written."""
    out = folder / shape
    writing.write(shape, out, life)
    return out


def patients(out: Path) -> list[PatientTruth]:
    """Who each row of patients is."""
    return list(_lines(out, "patients.jsonl", PatientTruth))


def results(out: Path) -> list[ResultTruth]:
    """What each row of results says."""
    return list(_lines(out, "results.jsonl", ResultTruth))


def counts(out: Path) -> dict[str, TableCount]:
    """Rows and mess of each table."""
    text = (writing.truth_beside(out) / "counts.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, TableCount])


def tally(rows: list[PatientTruth] | list[ResultTruth]) -> dict[str, int]:
    """How many rows have which kind of mess."""
    return dict(Counter(kind for row in rows for kind in set(row.mess)))


def _lines(out: Path, name: str, kind: type[_T]) -> Iterator[_T]:
    with (writing.truth_beside(out) / name).open("rb") as file:
        for line in file:
            yield msgspec.json.decode(line, type=kind)
