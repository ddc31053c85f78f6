import json
from datetime import UTC, datetime

import pytest

from aliquot.terms import events
from aliquot.terms.events import Failed, PeerUnknown

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_an_event_is_one_line_of_json_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    events.log(PeerUnknown("192.0.2.7", 3), NOON)
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
    assert json.loads(written.err) == {
        "at": "2026-01-05T12:00:00Z",
        "event": "peer-unknown",
        "address": "192.0.2.7",
        "count": 3,
    }


def test_an_error_is_told_by_its_type_and_its_place_and_not_by_its_message() -> None:
    try:
        int("CANARY")
    except ValueError as error:
        failed = Failed.of(error)
    assert failed.error == "ValueError"
    assert failed.place.startswith("test_events.py:")
    assert "CANARY" not in str(failed)


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert Failed.of(KeyError()) == Failed("KeyError", "")
