"""Work in a process of its own, so that what it takes of memory and processor is its own and nobody else's."""

import os
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import msgspec

from aliquot.terms.errors import Broken

Said = dict[str, float]
"""What a piece of work says of itself, by name."""

_KIB = 1024


@dataclass(frozen=True)
class Ran:
    """What it said, the seconds of processor that it took, and the most memory that it had, in bytes."""

    said: Said
    processor: float
    memory: int


def ran(work: Callable[[], Said]) -> Ran:
    """Do it in a child of this process, which has no connection open that the child could write to.

    Raises:
        Broken: it failed; the child has said how.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _end(work, writing)
    os.close(writing)
    with closing(os.fdopen(reading, "rb")) as pipe:
        said = pipe.read()
    _, status, used = os.wait4(child, 0)
    if status:
        raise Broken("bench: a step failed")
    return Ran(msgspec.json.decode(said, type=Said), used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB)


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _end(work: Callable[[], Said], writing: int) -> None:
    """Do it, say so, and end this process, whatever happened: nothing of its parent's is closed or flushed here."""
    failed = 1
    try:
        with closing(os.fdopen(writing, "wb")) as pipe:
            pipe.write(msgspec.json.encode(work()))
        failed = 0
    finally:
        if failed:
            traceback.print_exc(file=sys.stderr)
        os._exit(failed)
