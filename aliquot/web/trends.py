"""A patient's earlier results of one test as a small drawing, with the same in words for who cannot see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aliquot.lab.content import Observation
from aliquot.terms.quantities import Quantity

WIDTH, HEIGHT = 112, 30
_EDGE = 4
_MOST = 8


@dataclass(frozen=True)
class Past:
    """One earlier result, as a line of the history."""

    at: datetime | None
    value: str
    unit: str
    flag: str


@dataclass(frozen=True)
class Trend:
    """The drawing: points of a line, the band of the reference range, and the last point, which is the result now."""

    points: str
    last: tuple[int, int]
    band: tuple[int, int]


def trend(before: Sequence[Observation], now: Observation | None) -> Trend | None:
    """The line through earlier results and the present one; none where fewer than two are numbers in one unit."""
    said = [*before, *([now] if now else [])]
    of_unit = next((each.value.ucum for each in reversed(said) if isinstance(each.value, Quantity)), None)
    numbers = [each.value.number for each in said if isinstance(each.value, Quantity) and each.value.ucum == of_unit]
    if len(numbers) < 2:
        return None
    shown = numbers[-_MOST:]
    low, high = _bounds(said[-1])
    bottom, top = min([*shown, *low]), max([*shown, *high])
    step = (WIDTH - 2 * _EDGE) / (len(shown) - 1)
    places = [(round(_EDGE + step * at), _height(number, bottom, top)) for at, number in enumerate(shown)]
    band = (_height(high[0], bottom, top), _height(low[0], bottom, top)) if low and high else (0, 0)
    return Trend(" ".join(f"{x},{y}" for x, y in places), places[-1], (band[0], band[1] - band[0]))


def _bounds(said: Observation) -> tuple[list[Decimal], list[Decimal]]:
    if said.reference is None:
        return [], []
    low, high = said.reference.low, said.reference.high
    return [Decimal(low)] if low else [], [Decimal(high)] if high else []


def _height(number: Decimal, bottom: Decimal, top: Decimal) -> int:
    if top == bottom:
        return HEIGHT // 2
    return round(HEIGHT - _EDGE - float((number - bottom) / (top - bottom)) * (HEIGHT - 2 * _EDGE))
