"""The operational log as a bundle may tell it: events of the closed list, counted by day, and nothing that was said."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, get_args

import msgspec

from aliquot.cli.support import faults
from aliquot.cli.support.bundle import Process, Seen, rounded
from aliquot.terms import canonical, events
from aliquot.terms.events import Event

_KINDS: Final = {str(kind.__struct_config__.tag): kind for kind in Event.__subclasses__()}
_PROCESSES: Final = frozenset(get_args(Process))
_REASONS: Final = frozenset(get_args(events.Reason))


def read(lines: Iterable[bytes]) -> tuple[tuple[tuple[Seen, int], ...], int]:
    """Events with how often they came, rounded, and how many lines are none."""
    counted: Counter[Seen] = Counter()
    unread = 0
    for line in lines:
        seen = _seen(line)
        if seen is None:
            unread += 1
        else:
            counted[seen] += 1
    # An event that came once matters as much: its day and place say nothing about anybody.
    return tuple((seen, max(1, rounded(times))) for seen, times in sorted(counted.items(), key=_order)), rounded(unread)


def _seen(line: bytes) -> Seen | None:
    """One line, also behind what a journal puts before it."""
    start = line.find(b"{")
    try:
        said = msgspec.json.decode(line[start:]) if start >= 0 else None
        if not isinstance(said, dict):
            return None
        at = msgspec.convert(said.pop("at", None), datetime).astimezone(UTC)
        kind = _KINDS.get(str(said.get("event")))
        return None if kind is None else Seen(at.date(), said["event"], **dict(_told(msgspec.convert(said, kind))))
    except (OverflowError, *canonical.UNREADABLE):
        return None


def _told(event: Event) -> Iterator[tuple[str, Any]]:  # Any: each field of `Seen` has its own type
    """The fields that may be told; whatever is no word of their lists is left out."""
    said = msgspec.to_builtins(event)
    if said.get("process") in _PROCESSES:
        yield "process", said["process"]
    if "error" in said:
        yield "error", faults.name(said["error"])
    if isinstance(event, events.Failed):
        yield "place", faults.place(event.place)
    if said.get("reason") in _REASONS:
        yield "reason", said["reason"]
    if isinstance(event, events.ActSettled):
        yield "outcome", event.outcome
    if -64 <= said.get("status", 256) <= 255:
        yield "status", said["status"]
    if isinstance(event, events.MessageRefused) and event.hl70357.isascii() and event.hl70357.isdigit():
        yield "hl70357", int(event.hl70357[:3])


def _order(counted: tuple[Seen, int]) -> str:
    return msgspec.json.encode(counted[0]).decode()
