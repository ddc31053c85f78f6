"""What the pages' process logs: that something failed, of which type and at which place; never what it said."""

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

_ROOM = Path(__file__).parents[1]


class Events(logging.Formatter):
    """One JSON object a line. Message and arguments are left out, because either may hold content."""

    def format(self, record: logging.LogRecord) -> str:
        """The event with its level and, for a failure, the exception's type and the last place of ours it passed."""
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.name,
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["type"] = record.exc_info[0].__name__
            said["place"] = place(record.exc_info[2])
        return json.dumps(said)


def place(trace: TracebackType | None) -> str:
    """The innermost line of ours that an exception passed, or the innermost of all."""
    frames = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(trace)]
    ours = [(path, line) for path, line in frames if path.is_relative_to(_ROOM)]
    if not frames:
        return "unknown"
    path, line = (ours or frames)[-1]
    name = path.relative_to(_ROOM.parent) if path.is_relative_to(_ROOM) else Path(path.name)
    return f"{name}:{line}"
