"""The figures of one run, in order: each takes the work that it needs from the laboratory that is built for all."""

from collections.abc import Callable, Sequence

from aliquot.cli.bench import dossier, find, house, line, log, messages, page
from aliquot.cli.bench.ground import Ground
from aliquot.cli.bench.house import House, Told
from aliquot.cli.bench.measured import Figure
from aliquot.intake.worker import AT_ONCE

_PATIENTS_FOR_EACH = 150
"""1.5 million patients are searched where 10,000 messages are filed."""
_OF_HOUSE: dict[str, Callable[[House, int], list[Figure]]] = {
    "messages": messages.measure,
    "dossier": dossier.measure,
    "page": page.measure,
    "line": line.measure,
}

_NEEDS: dict[str, Callable[[int], int]] = {
    "messages": lambda size: size + AT_ONCE,
    "dossier": lambda size: size + dossier.COUNTED,
    "page": lambda size: size,
    "line": lambda size: 3 * size + line.COUNTED,
}


def measure(ground: Ground, size: int, wanted: Sequence[str], told: Told) -> list[Figure]:
    """Build the laboratory and take these figures."""
    figures: list[Figure] = []
    some = {"messages": size, "dossier": min(size, 500), "page": min(size, 500), "line": min(size, 1000)}
    needed = sum(_NEEDS[name](some[name]) for name in wanted if name in some)
    if needed:
        with house.built(ground, needed, told) as built:
            for name in (name for name in _OF_HOUSE if name in wanted):
                told(name, 0)
                figures += _OF_HOUSE[name](built, some[name])
    if "find" in wanted:
        figures += find.measure(size * _PATIENTS_FOR_EACH, told)
    if "log" in wanted:
        figures += log.measure(min(size, 2000))
    return figures
