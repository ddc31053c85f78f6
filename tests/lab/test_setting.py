from datetime import UTC, date, datetime

import msgspec
import pytest

from aliquot.lab import setting
from aliquot.terms.errors import Refused
from tests.lab.office import LABORATORY, WHERE


def test_a_test_is_called_as_the_laboratory_speaks() -> None:
    potassium = setting.test(WHERE, "K")
    english = msgspec.structs.replace(WHERE, laboratory=msgspec.structs.replace(LABORATORY, language="en"))
    assert (setting.name(WHERE, potassium), setting.name(english, potassium)) == ("Kaliémie", "Potassium")
    with pytest.raises(Refused):
        setting.test(WHERE, "none")


def test_a_day_is_the_one_at_the_laboratory_s_place() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert setting.day(WHERE, late) == date(2026, 11, 24)
    assert setting.day(WHERE, None) is None
