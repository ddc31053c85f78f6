"""Of a log a bundle tells events, words of lists and numbers; whatever else a line says is not told."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import msgspec
import pytest

from aliquot.cli.support import logged
from aliquot.cli.support.bundle import Seen
from aliquot.terms import events
from aliquot.terms.events import Event
from aliquot.terms.ids import parse

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
CANARY = "Zqcanari"


def told(*lines: str) -> tuple[dict[Seen, int], int]:
    found, unread = logged.read(line.encode() for line in lines)
    return dict(found), unread


def test_events_are_counted_by_day_with_the_words_of_their_lists() -> None:
    lines = [
        events.line(events.Serving("work"), NOW),
        "Nov 23 09:30:00 host aliquot[1]: " + events.line(events.ProcessEnded("web", -9), NOW),
        *[events.line(events.LineFault(CANARY, "stalled", 12), NOW)] * 123,
        events.line(events.MessageRefused(CANARY, CANARY, "204"), NOW),
        events.line(events.ActSettled(CANARY, "lost"), NOW),
    ]
    assert told(*lines) == (
        {
            Seen(TODAY, "serving", process="work"): 1,
            Seen(TODAY, "process-ended", process="web", status=-9): 1,
            Seen(TODAY, "line-fault", reason="stalled"): 120,
            Seen(TODAY, "message-refused", hl70357=204): 1,
            Seen(TODAY, "act-settled", outcome="lost"): 1,
        },
        0,
    )


def test_an_error_is_told_by_its_type_and_the_line_of_this_program() -> None:
    try:
        parse(CANARY)
    except ValueError as error:
        line = events.line(events.Failed.of(error), NOW)
    ((seen, _),) = told(line)[0].items()
    assert (seen.error, str(seen.place).split(":")[0]) == ("ValueError", "ids.py")


@pytest.mark.parametrize(
    "line",
    [
        f"Traceback: {CANARY}",
        f'{{"{CANARY}": 1}}',
        f'{{"at":"2026-11-23T09:30:00Z","event":"{CANARY}"}}',
        f'{{"at":"{CANARY}","event":"serving","process":"work"}}',
        '{"at":"2026-11-23T09:30:00Z","event":"failed"}',
        '["at"]',
        "{" * 2000,
        "",
    ],
)
def test_whatever_is_no_event_of_this_program_is_only_counted(line: str) -> None:
    assert told(*[line] * 11) == ({}, 11)


def planted() -> Iterator[Event]:
    """Every event, with a word that nobody may see wherever a word can stand, and a number where one can."""
    for kind in Event.__subclasses__():
        said: dict[str, object] = {"event": kind.__struct_config__.tag}
        for field in msgspec.structs.fields(kind):
            choices = getattr(field.type, "__args__", ())
            said[field.name] = choices[0] if choices else 2511135238001 if field.type is int else CANARY
        yield msgspec.convert(said, kind)


def test_no_field_of_any_event_carries_a_word_or_a_number_out() -> None:
    lines = [events.line(event, NOW) for event in planted()]
    assert sum(CANARY in line for line in lines) > 12
    found, unread = told(*lines)
    assert (len(found), unread) == (len(lines), 0)
    raw = msgspec.json.encode([*found])
    assert CANARY.encode() not in raw
    assert b"2511135238001" not in raw
