"""What the pages' process logs: that something failed, of which type and at which place; never what it said."""

import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from aliquot.terms import events
from aliquot.terms.events import Complained, Failed

_ROOM = Path(__file__).parents[1]


class Events(logging.Formatter):
    """One event a line. Message and arguments are left out, because either may hold content."""

    def format(self, record: logging.LogRecord) -> str:
        """A failure by its type and the last place of ours that it passed; a complaint by who complains."""
        at = datetime.fromtimestamp(record.created, UTC)
        if record.exc_info and record.exc_info[0] is not None:
            return events.line(Failed(record.exc_info[0].__name__, place(record.exc_info[2])), at)
        return events.line(Complained(record.name), at)


def place(trace: TracebackType | None) -> str:
    """The innermost line of ours that an exception passed, or the innermost of all."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(trace)]
    ours = [(path, line) for path, line in frames if path.is_relative_to(_ROOM)]
    if not frames:
        return "unknown"
    path, line = (ours or frames)[-1]
    name = path.relative_to(_ROOM.parent) if path.is_relative_to(_ROOM) else Path(path.name)
    return f"{name}:{line}"
