from datetime import date
from decimal import Decimal
from typing import get_args

import pytest

from aliquot.lab import reference
from aliquot.lab.reference import Band, Person
from aliquot.terms.errors import Refused
from aliquot.terms.identity import Sex
from aliquot.terms.quantities import Comparator, Quantity
from tests.lab import vectors


class FlagCase(vectors.Case):
    value: str
    low: Decimal | None
    high: Decimal | None
    expect: str
    critical_low: Decimal | None = None
    critical_high: Decimal | None = None


class AgeCase(vectors.Case):
    born_on: date
    on: date
    expect: int


class Vectors(vectors.Case):
    flag: list[FlagCase]
    age_years: list[AgeCase]


VECTORS = vectors.read("flags.json", Vectors)


def measured(written: str) -> Quantity:
    for comparator in sorted(get_args(Comparator), key=len, reverse=True):
        if comparator and written.startswith(comparator):
            return Quantity(Decimal(written.removeprefix(comparator)), "mmol/L", comparator)
    return Quantity(Decimal(written), "mmol/L")


def adult(sex: Sex = Sex.FEMALE, *, pregnant: bool | None = None) -> Person:
    return Person(sex=sex, born_on=date(1980, 6, 15), collected_on=date(2026, 1, 5), pregnant=pregnant)


@pytest.mark.parametrize("case", VECTORS.flag, ids=lambda case: f"{case.value} in {case.low}..{case.high}")
def test_a_flag_is_given_only_when_it_is_certain(case: FlagCase) -> None:
    critical = Band(low=case.critical_low, high=case.critical_high)
    assert reference.flag(measured(case.value), Band(low=case.low, high=case.high), critical) == case.expect


def test_without_a_range_there_is_no_flag_and_never_normal() -> None:
    assert reference.flag(measured("5"), None, None) is reference.Flag.NONE


@pytest.mark.parametrize("case", VECTORS.age_years, ids=lambda case: f"{case.born_on} on {case.on}")
def test_age_is_counted_in_completed_calendar_years(case: AgeCase) -> None:
    assert reference.age_years(case.born_on, case.on) == case.expect


ANY, WOMAN = Band(text="any"), Band(sex=Sex.FEMALE, text="woman")
GROWN, GROWN_WOMAN = Band(min_years=18, text="grown"), Band(min_years=18, sex=Sex.FEMALE, text="grown woman")
PREGNANT = Band(pregnant=True, text="pregnant")


def test_pregnancy_ranks_over_age_and_sex_over_age_over_sex_over_nothing() -> None:
    ladder = [PREGNANT, GROWN_WOMAN, GROWN, WOMAN, ANY]
    for step, best in enumerate(ladder):
        found = reference.select(list(reversed(ladder[step:])), adult(pregnant=True))
        assert found == best


def test_a_condition_on_an_unknown_fact_is_not_true() -> None:
    ladder = [ANY, WOMAN, GROWN, PREGNANT]
    nameless = Person(sex=Sex.UNKNOWN, born_on=date(1980, 6, 15), collected_on=None, pregnant=None)
    assert reference.select(ladder, nameless) == ANY
    assert reference.select(ladder[1:], nameless) is None


def test_two_equal_ranges_are_ambiguous_and_not_chosen_by_order() -> None:
    with pytest.raises(reference.Ambiguous):
        reference.select([WOMAN, ANY, WOMAN], adult())
    assert reference.select([ANY, ANY, WOMAN], adult()) == WOMAN


def test_age_bands_are_half_open_in_days_and_in_years() -> None:
    newborn, infant, child = Band(max_days=28), Band(min_days=28, max_years=1), Band(min_years=1, max_years=18)
    born_on = date(2024, 2, 29)

    def at(day: date) -> Band | None:
        return reference.select([newborn, infant, child], Person(Sex.MALE, born_on, day))

    assert at(date(2024, 3, 27)) == newborn
    assert at(date(2024, 3, 28)) == infant
    assert at(date(2025, 2, 28)) == infant
    assert at(date(2025, 3, 1)) == child
    assert at(date(2042, 2, 28)) == child
    assert at(date(2042, 3, 1)) is None


def test_the_range_is_copied_with_its_digits() -> None:
    found = reference.applied(Band(low=Decimal("3.50"), text="fasting"))
    assert (found.low, found.high, found.text) == ("3.50", "", "fasting")


@pytest.mark.parametrize(
    ("one", "other", "expect"),
    [
        (Band(max_years=18), Band(min_years=18), False),
        (Band(max_years=18), Band(min_years=17), True),
        (Band(max_days=28), Band(min_days=28), False),
        (Band(max_days=365), Band(min_years=1), False),
        (Band(max_days=366), Band(min_years=1), True),
        (Band(max_years=1), Band(min_days=366), False),
        (Band(max_years=1), Band(min_days=365), True),
        (Band(max_years=4), Band(min_days=1461), False),
        (Band(max_years=4), Band(min_days=1460), True),
        (Band(), Band(), True),
        (Band(), Band(min_years=1), False),
        (Band(sex=Sex.MALE), Band(sex=Sex.FEMALE), False),
        (Band(min_years=1, pregnant=True), Band(min_years=1), False),
    ],
)
def test_overlap_means_that_one_person_could_meet_both(one: Band, other: Band, expect: bool) -> None:
    assert reference.overlap(one, other) is expect
    assert reference.overlap(other, one) is expect


@pytest.mark.parametrize(
    "band",
    [Band(min_days=1, min_years=1), Band(max_days=1, max_years=1), Band(min_years=18, max_years=18), Band(max_days=0)],
)
def test_a_band_for_nobody_or_with_two_ages_at_one_end_is_refused(band: Band) -> None:
    with pytest.raises(Refused):
        reference.check(band)


def test_a_comparator_near_a_critical_limit_is_not_surely_uncritical() -> None:
    critical = Band(low=Decimal("2.5"), high=Decimal("6.5"))
    assert reference.surely_not_critical(measured("2.6"), critical)
    assert not reference.surely_not_critical(measured("2.5"), critical)
    assert not reference.surely_not_critical(measured("6.5"), critical)
    assert not reference.surely_not_critical(measured("<3.0"), critical)
    assert reference.surely_not_critical(measured("<3.0"), Band(high=Decimal("6.5")))
    assert reference.surely_not_critical(measured(">2.5"), Band(low=Decimal("2.5")))
