"""What a process says of itself when the machine does not give it a measure."""

import json

import pytest

from aliquot.cli import measures
from aliquot.custody.hardening import Measure


def test_a_measure_that_does_not_hold_is_logged_by_its_name_and_one_that_holds_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    measures.log((Measure("no core dumps", True, ""), Measure("memory out of swap", False, "the limit is 65536 bytes")))
    (said,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert (said["event"], said["measure"]) == ("not-hardened", "memory out of swap")
