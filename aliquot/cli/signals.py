"""How a process of the house is told to stop: SIGTERM or SIGINT, once."""

import signal
import time
from types import FrameType

_STEP_S = 0.1


class Stop:
    """Set by a signal; looked at between two pieces of work."""

    def __init__(self) -> None:
        self.told = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)

    def rest(self, seconds: float) -> None:
        """Do nothing for a while; shorter if the process is told to stop."""
        over = time.monotonic() + seconds
        while not self.told and time.monotonic() < over:
            time.sleep(_STEP_S)

    def _tell(self, number: int, frame: FrameType | None) -> None:
        self.told = True
