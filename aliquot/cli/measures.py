"""How the processes close themselves in; and as a program of its own: what of it holds on this machine.

`aliquot doctor` runs it as a process that is thrown away.
"""

import json
import sys
from collections.abc import Iterable

from aliquot.custody import hardening
from aliquot.custody.hardening import Measure
from aliquot.terms import clock, events
from aliquot.terms.events import NotHardened


def seclude() -> None:
    """For a process that shows content and holds no key; what cannot be had is logged, and the process goes on."""
    log(hardening.seclude())


def log(taken: Iterable[Measure]) -> None:
    """Say which measures do not hold."""
    for measure in taken:
        if not measure.held:
            events.log(NotHardened(measure.name), clock.system())


def _tried() -> list[tuple[str, bool, str, str]]:
    """Each measure, whether it holds, what is missing, and whose it is."""
    everyones = {measure.name for measure in hardening.seclude()}
    return [
        (measure.name, measure.held, measure.detail, "all processes" if measure.name in everyones else "custodian")
        for measure in hardening.harden()
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_tried()))
