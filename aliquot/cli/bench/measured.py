"""One figure: what was measured, the floor beside it, and what each act costs in commits, round trips and time."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Costs:
    """What one act costs: durable commits by database, exchanges with custody, and processor time in milliseconds."""

    commits: dict[str, float]
    trips: float
    custody_ms: float
    here_ms: float


@dataclass(frozen=True)
class Figure:
    """One line of the table. `holds` is nothing where a figure is reported and nothing is aimed at."""

    name: str
    measured: str
    floor: str
    ratio: str
    aim: str
    holds: bool | None
    costs: Costs | None = None


def quantile(sample: Sequence[float], share: float) -> float:
    """The value below which this share of a sample lies."""
    ordered = sorted(sample)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
