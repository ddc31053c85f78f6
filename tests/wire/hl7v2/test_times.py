"""A time is as exact as it was written, and a moment only where its zone is known."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.terms.errors import Unclear
from aliquot.wire.hl7v2 import messages, times
from aliquot.wire.hl7v2.times import Precision
from tests.wire.hl7v2 import samples

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("text", "precision", "local"),
    [
        ("1970", Precision.YEAR, "1970-01-01T00:00:00"),
        ("197011", Precision.MONTH, "1970-11-01T00:00:00"),
        ("19701103", Precision.DAY, "1970-11-03T00:00:00"),
        ("1970110304", Precision.HOUR, "1970-11-03T04:00:00"),
        ("197011030405", Precision.MINUTE, "1970-11-03T04:05:00"),
        ("19701103040506", Precision.SECOND, "1970-11-03T04:05:06"),
        ("19701103040506.5", Precision.FRACTION, "1970-11-03T04:05:06.500000"),
        ("19701103040506.0001", Precision.FRACTION, "1970-11-03T04:05:06.000100"),
    ],
)
def test_the_number_of_digits_is_the_precision(text: str, precision: Precision, local: str) -> None:
    for zone, offset in (("", None), ("+0530", 330), ("-0330", -210)):
        time = times.parse(text + zone, "OBX-14")
        assert (time.precision, time.local.isoformat(), time.offset) == (precision, local, offset)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "197",
        "19701",
        "19701301",
        "20230229",
        "2026010124",
        "202601011060",
        "20260101106000",
        "00000101",
        "2026.5",
        "20260101+1500",
        "20260101+0160",
        "20260101+1",
        "2026-01-01",
        "20260101 ",
        "２０２６",
    ],
)
def test_a_time_that_does_not_exist_is_unclear_and_names_its_place(text: str) -> None:
    with pytest.raises(Unclear) as refused:
        times.parse(text, "OBX-14")
    assert refused.value.place == "OBX-14"


def test_a_birth_date_is_a_day_whatever_its_hour_and_zone() -> None:
    assert times.day("198807050000-0500", "PID-7") == date(1988, 7, 5)
    with pytest.raises(Unclear, match="PID-7: not exact to the day"):
        times.day("1988", "PID-7")


def test_a_moment_takes_the_zone_it_names_before_the_senders_own() -> None:
    assert times.instant("202607011200-0400", "OBX-14", PARIS) == datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert times.instant("202607011200", "OBX-14", PARIS) == datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "reason"),
    [
        ("202607011200", None, "no time zone"),
        ("2026070112", PARIS, "not exact to the minute"),
        ("202603290230", PARIS, "the change of clocks"),
        ("202610250230", PARIS, "the change of clocks"),
        ("000101010000+1400", None, "outside the calendar"),
    ],
)
def test_a_moment_that_cannot_be_told_is_unclear(text: str, zone: ZoneInfo | None, reason: str) -> None:
    with pytest.raises(Unclear, match=reason):
        times.instant(text, "OBX-14", zone)


def test_a_moment_in_the_repeated_hour_is_clear_when_its_zone_is_named() -> None:
    assert times.instant("202610250230+0100", "OBX-14", PARIS) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.integers(-720, 840))  # noqa: DTZ001 - zone is added
def test_what_is_written_is_read_back(local: datetime, minutes: int) -> None:
    at = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert times.instant(times.write(at), "MSH-7") == at


def test_every_message_time_of_the_data_folder_is_read_but_those_known_to_be_none() -> None:
    unclear = set()
    for name, raw in samples.messages():
        sent = messages.parse(raw).header[7]
        if sent:
            try:
                times.parse(sent.text, "MSH-7")
            except Unclear:
                unclear.add(name)
    assert unclear == set()
