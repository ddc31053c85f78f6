from datetime import date

from aliquot.custody import sounds
from aliquot.custody.sounds import Sounds

BORN = sounds.written(date(1969, 5, 12))


def patient(number: int) -> bytes:
    return b"LAB1" + number.to_bytes(12, "big")


def test_who_sounds_so_is_found_by_the_year_or_by_the_day() -> None:
    filed = Sounds()
    filed.add("martin", BORN, patient(1))
    for slipped in (19_690_521, 19_691_205, 19_790_512, 19_960_512):
        assert (BORN, patient(1)[4:]) in set(filed.born("martin", slipped, {BORN: "slip"}))
    assert set(filed.born("martin", 19_700_612, {BORN: "slip"})) == set()


def test_nobody_is_found_on_a_day_that_was_not_asked_for() -> None:
    filed = Sounds()
    filed.add("martin", BORN, patient(1))
    assert list(filed.born("martin", BORN, {19_691_205: "slip"})) == []


def test_a_written_date_is_read_again() -> None:
    assert sounds.written(date(1969, 5, 12)) == 19_690_512
    assert sounds.ordinal(19_690_512) == date(1969, 5, 12).toordinal()
