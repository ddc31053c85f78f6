"""When long work pauses: somebody says stop, or the hours in which it may be done are over.

A word that pauses ends with status 75, and typed again it goes on; so a timer can drive it night after night.
"""

import argparse
from dataclasses import dataclass
from datetime import time

from aliquot.cli.signals import Stop
from aliquot.terms import clock


class Paused(Exception):
    """What was in hand is durable, and nothing more is begun."""


@dataclass(frozen=True)
class Hours:
    """From one time of day until another, perhaps over midnight, by this machine's own time zone."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M} until {self.end:%H:%M}"

    def hold(self, at: time) -> bool:
        """Whether this is within them; the end is not."""
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end


def hours(text: str) -> Hours:
    """Hours as people type them, 20:00-06:00.

    Raises:
        ArgumentTypeError: these are none.
    """
    try:
        begin, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError:
        raise argparse.ArgumentTypeError("hours are written as 20:00-06:00") from None
    if begin == end:
        raise argparse.ArgumentTypeError("these hours end when they begin")
    return Hours(begin, end)


def option(parser: argparse.ArgumentParser) -> None:
    """The option that keeps long work to some hours."""
    parser.add_argument(
        "--between",
        type=hours,
        default=None,
        metavar="HH:MM-HH:MM",
        help="work within these hours only, by this machine's time zone (20:00-06:00); outside of them it pauses with "
        "status 75, so that a timer may type the command every hour",
    )


class Breaks:
    """Whether to go on. Signals are heeded once somebody could have been asked for a password."""

    def __init__(self, within: Hours | None) -> None:
        self._within = within
        self._stop: Stop | None = None

    def heed(self) -> None:
        """From now on SIGTERM and Ctrl-C are no end but a pause."""
        self._stop = Stop()

    def look(self) -> None:
        """Go on.

        Raises:
            Paused: not now.
        """
        if self._stop is not None and self._stop.told:
            raise Paused("paused")
        now = clock.system().astimezone().time()
        if self._within is not None and not self._within.hold(now):
            raise Paused(f"paused, for it is {now:%H:%M}, and this works from {self._within}")
