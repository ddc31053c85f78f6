from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from aliquot.disclosure import phrases
from aliquot.terms.errors import Refused
from aliquot.terms.states import Report

FRENCH = phrases.of("fr")


def test_both_languages_have_the_same_phrases() -> None:
    english = phrases.of("en")
    for table in phrases.Phrases.__struct_fields__:
        assert getattr(FRENCH, table).keys() == getattr(english, table).keys(), table


def test_every_status_of_a_report_has_a_name() -> None:
    assert FRENCH.status.keys() == {status.value for status in Report}


def test_a_language_in_which_no_report_is_issued_is_refused() -> None:
    with pytest.raises(Refused, match=r"laboratory\.language"):
        phrases.of("tlh")


def test_a_code_without_a_phrase_is_printed_as_it_is() -> None:
    assert phrases.named(FRENCH.sections, "Génétique") == "Génétique"


@pytest.mark.parametrize(
    ("number", "read"),
    [("72.50", "72,50"), ("0", "0"), ("0.00", "0,00"), ("-1.5", "−1,5"), ("1E+3", "1000"), ("0.0000001", "0,0000001")],
)
def test_a_number_keeps_every_digit_that_was_reported(number: str, read: str) -> None:
    assert phrases.number(Decimal(number), "fr") == read


def test_a_comparator_is_a_sign_before_the_number() -> None:
    assert phrases.compared("<=", Decimal("0.50"), "en") == "≤ 0.50"


@pytest.mark.parametrize(
    ("ucum", "printed"),
    [
        ("10*9/L", "10⁹/L"),
        ("10*-3", "10⁻³"),
        ("umol/L", "µmol/L"),
        ("uU/mL", "µU/mL"),
        ("m[IU]/L", "mUI/L"),
        ("mL/min/{1.73_m2}", "mL/min/1,73 m²"),
        ("U/L", "U/L"),
        ("%", "%"),
        ("", ""),
    ],
)
def test_a_ucum_unit_is_printed_as_laboratories_write_it(ucum: str, printed: str) -> None:
    assert phrases.unit(ucum, FRENCH) == printed


@pytest.mark.parametrize(
    ("zone", "read"),
    [
        ("Europe/Paris", "29/03/2026 03:30 UTC+2"),
        ("America/St_Johns", "28/03/2026 23:00 UTC−2:30"),
        ("UTC", "29/03/2026 01:30 UTC+0"),
    ],
)
def test_an_instant_is_local_and_names_its_distance_to_utc(zone: str, read: str) -> None:
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert phrases.instant(at, zone, "fr").replace("\u00a0", " ") == read


def test_the_hour_that_a_clock_change_repeats_is_read_as_two_hours() -> None:
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert phrases.instant(first, "Europe/Paris", "fr") != phrases.instant(second, "Europe/Paris", "fr")


def test_age_changes_on_the_birthday() -> None:
    born = date(1958, 4, 3)
    assert [phrases.age(born, date(2026, 4, day)) for day in (2, 3)] == [67, 68]


def test_what_a_correction_says_is_read_in_the_language_of_the_report() -> None:
    assert phrases.reported("3.4 mg/L N", "fr") == "3,4\u00a0mg/L"
    assert phrases.reported("<0.50 mmol/L L", "fr") == "< 0,50\u00a0mmol/L (bas)"
    assert phrases.reported("34 10*9/L HH", "en") == "34\u00a010⁹/L (CRITICAL high)"
    assert phrases.reported("present +", "fr") == "present +"
