"""The history of a patient as an officer reads it: whoever has something unexplained stands first."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from django.utils import translation

from aliquot.custody.answers import Opening
from aliquot.web import openings

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The words of these tests are English."""
    with translation.override("en"):
        yield


def opening(seq: int, person: str, explained: str, **more: str) -> Opening:
    """One entry; the later its number, the later it is."""
    return Opening(
        at=NOON + timedelta(minutes=seq),
        person=person,
        name=person.title(),
        roles=("technician",),
        act=more.get("act", "OpenIdentity"),
        step=more.get("step", "enter"),
        why="PATADMIN",
        portion=("demography",),
        explained=explained,
        reason=more.get("reason", ""),
        seq=seq,
    )


def test_who_has_something_unexplained_stands_first_however_long_ago() -> None:
    found = [opening(9, "anna", "work"), opening(5, "carl", "break-glass"), opening(1, "berta", "unexplained")]
    people = openings.grouped(found, PARIS)
    assert [person.name for person in people] == ["Berta", "Carl", "Anna"]
    assert [person.grave for person in people] == [1, 1, 0]


def test_the_same_portion_of_one_day_is_one_line_with_its_count_and_its_reasons_once() -> None:
    found = [opening(seq, "anna", "break-glass", reason="emergency: now") for seq in (3, 2, 1)]
    (person,) = openings.grouped(found, PARIS)
    (line,) = person.lines
    assert (line.times, line.first, line.last) == (3, NOON + timedelta(minutes=1), NOON + timedelta(minutes=3))
    assert line.reasons == ["Emergency: care cannot wait: now"]
    assert person.times == person.grave == 3


def test_a_day_is_the_laboratorys_day() -> None:
    late = msgspec.structs.replace(opening(1, "anna", "work"), at=datetime(2026, 1, 5, 23, 30, tzinfo=UTC))
    early = msgspec.structs.replace(opening(2, "anna", "work"), at=datetime(2026, 1, 6, 0, 30, tzinfo=UTC))
    (person,) = openings.grouped([early, late], PARIS)
    assert [line.day.day for line in person.lines] == [6]


def test_only_the_beginning_of_an_act_is_an_opening_and_alarms_are_told_apart() -> None:
    found = [
        opening(4, "anna", "own", act="alarm.break-glass", step="event"),
        opening(3, "anna", "own", act="RegisterPatient", step="prepare"),
        opening(2, "anna", "own", act="RegisterPatient"),
    ]
    (person,) = openings.grouped(found, PARIS)
    assert [str(line.act) for line in person.lines] == ["registered the patient"]
    assert [str(alarm.title) for alarm in openings.alarms(found)] == ["Somebody broke the glass"]


def test_no_openings_are_nobody() -> None:
    assert openings.grouped([], PARIS) == []
