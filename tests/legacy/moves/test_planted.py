"""Ten errors planted among a million results: reconciliation finds ten, names their rows, and no other (CONTROLS F4).

Among some thousands, `tests/cli/attack` does the same.
"""

from dataclasses import replace

import pytest

from aliquot.cli.attack import trial
from aliquot.cli.attack.controls import CONTROLS
from aliquot.cli.attack.ground import Grounds
from aliquot.cli.attack.plan import QUICK

_MANY = 1_000_000


@pytest.mark.slow
@pytest.mark.timeout(36_000)
def test_ten_errors_among_a_million_results_are_ten_found() -> None:
    (control,) = [one for one in CONTROLS if one.attack == "miscopied-results"]
    scale = replace(QUICK, results=_MANY)
    with Grounds("sqlite", scale, lambda _: None) as grounds:
        (outcome,) = trial.hold([control], grounds, scale)
    print(outcome.measured)
    assert outcome.outcome == "holds", outcome.measured
