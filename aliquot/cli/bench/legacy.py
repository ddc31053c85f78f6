"""Moving a laboratory: how fast each step is beside its floor, and how much memory it takes at two sizes."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aliquot.cli.bench import apart, bulk, moving, steps
from aliquot.cli.bench.apart import Ran, Said
from aliquot.cli.bench.ground import Ground
from aliquot.cli.bench.house import Told
from aliquot.cli.bench.measured import Figure
from aliquot.cli.bench.moving import Moving, Size
from aliquot.cli.bench.processes import Process

_SMALLER = 8
"""How many times smaller the laboratory is beside which memory is compared."""
_MB = 1e6
_MOST_MEMORY = 500 * _MB
_READS, _LOADS, _CARRIES, _RECONCILES = 0.25, 0.25, 0.6, 3.0
_RESULTS_A_SECOND = 5_000


class _Step(NamedTuple):
    """What came of one step: its own process, and what custody has taken for it by then."""

    ran: Ran
    custody_s: float
    custody_memory: int

    @property
    def said(self) -> Said:
        return self.ran.said


_Steps = dict[str, _Step]


def measure(ground: Ground, size: Size, told: Told) -> list[Figure]:
    """Move a small laboratory in and then a large one, each step in a process of its own."""
    small = Size(max(1, size.patients // _SMALLER), size.each)
    with moving.built(ground, (small, size), told) as (both, custody):
        first = _moved(both[0], custody, told)
        before = apart.ran(lambda: {"latest": bulk.latest()}).said["latest"]
        second = _moved(both[1], custody, told)
        floor = apart.ran(partial(bulk.inserted, both[1], int(before))).said
    return [
        *(_reading(name, second[name]) for name in ("profile", "rehearse")),
        *_loading(second["load"], floor["seconds"]),
        *_carrying(second["carry"]),
        _reconciling(second["reconcile"]),
        *(_memory(name, first[name], second[name]) for name in first),
        _custody(first, second),
    ]


def _moved(move: Moving, custody: Process, told: Told) -> _Steps:
    done: _Steps = {}

    def do(name: str, work: Callable[[], Said]) -> None:
        told(f"{name}, {move.size.patients:,} patients", 0)
        before = custody.ran()
        ran = apart.ran(work)
        done[name] = _Step(ran, custody.ran() - before, custody.memory())

    do("profile", partial(steps.profiled, move))
    do("rehearse", partial(steps.rehearsed, move))
    do("carry", partial(steps.carried, move))
    do("load", partial(steps.loaded, move))
    do("reconcile", partial(steps.reconciled, move))
    return done


def _reading(name: str, step: _Step) -> Figure:
    said = step.said
    return _at_least(
        f"{name} {said['rows']:,.0f} rows",
        f"{said['rows'] / said['seconds']:,.0f} rows/s",
        f"{said['rows'] / said['floor']:,.0f} rows/s read by the same reader, and nothing else",
        (said["floor"] / said["seconds"], _READS),
    )


def _loading(step: _Step, floor: float) -> list[Figure]:
    said = step.said
    people, results, seconds = said["people"], said["results"], said["seconds"]
    ratio, after = floor / seconds, seconds - said["before"]
    each = (step.custody_s + step.ran.processor) / results * 1e6
    return [
        Figure(
            f"load {people:,.0f} people with {results:,.0f} results",
            f"{results / seconds:,.0f} results/s, of processor {step.custody_s / results * 1e6:.0f} us in custody and "
            f"{step.ran.processor / results * 1e6:.0f} us here for each",
            f"{results / floor:,.0f} results/s, the same rows and keys inserted durably",
            f"{ratio:.0%}",
            f"at least {_LOADS:.0%}, and {_RESULTS_A_SECOND:,} results/s",
            ratio >= _LOADS and results / seconds >= _RESULTS_A_SECOND,
        ),
        Figure(
            "of it the results, when the people are in",
            f"{results / after:,.0f} results/s, {each:.0f} us of two processors with the people",
            f"the people took {said['before']:.1f} s",
            "",
            "reported",
            None,
        ),
    ]


def _carrying(step: _Step) -> list[Figure]:
    said = step.said
    much, floor, both = said["bytes"] / _MB, said["floor"], said["floor"] + said["reading"]
    names = {
        "seconds": f"carry {much:,.1f} MB",
        "alone": "of it sealing the same bytes for the other side, without reading them",
    }
    beside = f"{much / floor:,.0f} MB/s under AES-GCM, written durably"
    return [
        *(
            _at_least(name, f"{much / said[each]:,.0f} MB/s", beside, (floor / said[each], _CARRIES))
            for each, name in names.items()
        ),
        Figure(
            "carrying beside reading the files once and then sealing",
            f"{much / said['seconds']:,.0f} MB/s",
            f"{much / both:,.0f} MB/s",
            f"{both / said['seconds']:.0%}",
            "reported",
            None,
        ),
    ]


def _reconciling(step: _Step) -> Figure:
    said = step.said
    ratio = said["seconds"] / said["floor"]
    return Figure(
        f"reconcile {said['results']:,.0f} results",
        f"{said['seconds']:.1f} s, {said['results'] / said['seconds']:,.0f} results/s",
        f"{said['floor']:.1f} s, one scan of both sides: the files read, each record fetched and opened",
        f"{ratio:.1f}x",
        f"at most {_RECONCILES:g}x",
        ratio <= _RECONCILES,
    )


def _at_least(name: str, measured: str, floor: str, share: tuple[float, float]) -> Figure:
    """A figure that is a share of its floor, and the least share that is aimed at."""
    ratio, least = share
    return Figure(name, measured, floor, f"{ratio:.0%}", f"at least {least:.0%}", ratio >= least)


def _memory(name: str, small: _Step, large: _Step) -> Figure:
    return Figure(
        f"memory of {name}",
        f"{large.ran.memory / _MB:.0f} MB at most",
        f"{small.ran.memory / _MB:.0f} MB for a laboratory {_SMALLER} times smaller",
        f"{(large.ran.memory - small.ran.memory) / _MB:+.0f} MB",
        f"at most {_MOST_MEMORY / _MB:.0f} MB",
        large.ran.memory <= _MOST_MEMORY,
    )


def _custody(first: _Steps, second: _Steps) -> Figure:
    small, large = (max(step.custody_memory for step in done.values()) for done in (first, second))
    return Figure(
        "memory of custody meanwhile",
        f"{large / _MB:.0f} MB at most",
        f"{small / _MB:.0f} MB when the smaller laboratory was in",
        f"{(large - small) / _MB:+.0f} MB",
        f"at most {_MOST_MEMORY / _MB:.0f} MB",
        large <= _MOST_MEMORY,
    )
