"""The operational log: a closed list of events with typed fields. Nothing that a message says is ever one of them."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

import msgspec

Reason = Literal["outside a frame", "cut short", "too large", "left inside a frame", "stalled", "unread answers"]
"""What can be wrong with a line, whatever was said on it."""


class Event(msgspec.Struct, frozen=True, tag_field="event"):
    """Something that the people who run the installation may have to know."""


class Listening(Event, frozen=True, tag="listening"):
    """A listener answers at this address."""

    listener: str
    host: str
    port: int


class Stopped(Event, frozen=True, tag="stopped"):
    """A listener closed cleanly."""

    listener: str


class PeerUnknown(Event, frozen=True, tag="peer-unknown"):
    """Somebody who is not enrolled called; `count` is how many such calls there were since the start."""

    address: str
    count: int


class PeerCrowding(Event, frozen=True, tag="peer-crowding"):
    """An enrolled peer has as many connections as it may; its new one was closed."""

    peer: str


class MessageRefused(Event, frozen=True, tag="message-refused"):
    """A message was not taken: the place in the standard's address, and the reason in HL7 table 0357."""

    peer: str
    place: str
    hl70357: str


class MessagePostponed(Event, frozen=True, tag="message-postponed"):
    """A message could not be stored; `reason` is the store's."""

    peer: str
    reason: str


class LineFault(Event, frozen=True, tag="line-fault"):
    """What a peer sent was no message, or stopped in the middle of one; `size` bytes were dropped."""

    peer: str
    reason: Reason
    size: int


class Serving(Event, frozen=True, tag="serving"):
    """A process is ready for its work."""

    process: str


class Closed(Event, frozen=True, tag="closed"):
    """A process ended as it was told to."""

    process: str


class ProcessStarted(Event, frozen=True, tag="process-started"):
    """The supervisor started a process."""

    process: str
    pid: int


class ProcessEnded(Event, frozen=True, tag="process-ended"):
    """A process of the supervisor ended by itself; a negative status is the signal that ended it."""

    process: str
    status: int


class Unable(Event, frozen=True, tag="unable"):
    """A process of the supervisor could not start or go on: the type of the error, and what its exit status means."""

    process: str
    error: str
    status: int
    why: str


class CustodianNeeded(Event, frozen=True, tag="custodian-needed"):
    """The custodian is not running and nothing here can unlock it: what a person types in a terminal."""

    command: str


class Complained(Event, frozen=True, tag="complained"):
    """A library reported a fault without an error; `source` is the name of its logger, never what it said."""

    source: str


class NotHardened(Event, frozen=True, tag="not-hardened"):
    """A measure that protects memory could not be taken here; `aliquot doctor` says what to do."""

    measure: str


class ActSettled(Event, frozen=True, tag="act-settled"):
    """An act that nobody ended was found kept, lost, or broken: some of its rows are there and some are not."""

    act: str
    outcome: Literal["kept", "lost", "broken"]


class StagingSwept(Event, frozen=True, tag="staging-swept"):
    """Files that a migration had staged were deleted, because it is over; `left` could not be deleted."""

    mandate: str
    files: int
    left: int


class Failed(Event, frozen=True, tag="failed"):
    """Something went wrong that nobody foresaw: the type of the error and the place in the program."""

    error: str
    place: str

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """What may be said of an error: never its message, which may quote content."""
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = "" if trace is None else f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        return cls(type(error).__name__, place)


def log(event: Event, at: datetime) -> None:
    """One line of JSON on standard error."""
    sys.stderr.write(line(event, at) + "\n")
    sys.stderr.flush()


def line(event: Event, at: datetime) -> str:
    """An event as one line of JSON."""
    return msgspec.json.encode({"at": at, **msgspec.to_builtins(event)}).decode()
