"""Long work pauses when somebody says stop, and outside the hours that it was given."""

import argparse
import os
import signal
from collections.abc import Iterator
from datetime import time

import pytest

from aliquot.cli.legacy import breaks
from aliquot.cli.legacy.breaks import Breaks, Hours, Paused
from aliquot.terms import clock


@pytest.fixture
def signals() -> Iterator[None]:
    """What SIGTERM and SIGINT did before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, old in before.items():
        signal.signal(number, old)


@pytest.mark.parametrize(
    ("hours", "at", "within"),
    [
        ("20:00-06:00", "20:00", True),
        ("20:00-06:00", "23:59", True),
        ("20:00-06:00", "00:00", True),
        ("20:00-06:00", "05:59", True),
        ("20:00-06:00", "06:00", False),
        ("20:00-06:00", "12:00", False),
        ("08:30-12:00", "08:30", True),
        ("08:30-12:00", "08:29", False),
        ("08:30-12:00", "12:00", False),
    ],
)
def test_hours_hold_from_their_beginning_until_before_their_end(hours: str, at: str, within: bool) -> None:
    assert breaks.hours(hours).hold(time.fromisoformat(at)) is within


@pytest.mark.parametrize("text", ["", "20:00", "20:00-", "20-25", "20:00-20:00", "20:00-06:00-07:00"])
def test_hours_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"\S"):
        breaks.hours(text)


def test_outside_of_the_hours_nothing_goes_on() -> None:
    now = clock.system().astimezone().time().replace(second=0, microsecond=0)
    far, next_ = now.replace(hour=(now.hour + 12) % 24), now.replace(hour=(now.hour + 13) % 24)
    with pytest.raises(Paused, match=f"this works from {far:%H:%M} until {next_:%H:%M}"):
        Breaks(Hours(far, next_)).look()
    Breaks(Hours(next_, far)).look()


def test_a_signal_pauses_once_it_is_heeded(signals: None) -> None:
    wait = Breaks(None)
    wait.heed()
    wait.look()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Paused):
        wait.look()
