"""A synthetic past is one that a laboratory could have had: in time, in its tubes, and flagged by its own ranges."""

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from random import Random

import msgspec

from aliquot.cli.demo import histories, people, staff
from aliquot.lab import catalogue, setting
from aliquot.lab.pasts import Past
from aliquot.lab.reference import Flag
from aliquot.lab.setting import Setting
from aliquot.terms.identity import Demography, Sex

TODAY = date(2026, 1, 5)
LABORATORY = staff.LABORATORIES[0]
WHERE = Setting(
    catalogue.parse(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8")),
    setting.laboratory(LABORATORY.described()),
)


def pasts() -> list[tuple[people.Person, tuple[Past, ...]]]:
    rng = Random(1)
    return [
        (person, histories.of(person, WHERE, LABORATORY.site, rng, TODAY)) for person in people.people(3, 80, TODAY)
    ]


def test_visits_lie_within_two_years_and_after_birth() -> None:
    for person, visits in pasts():
        assert 1 <= len(visits) <= 2
        for past in visits:
            at = past.requisition.ordered_at
            assert at.tzinfo is not None
            assert TODAY - timedelta(days=731) < at.date() <= TODAY - timedelta(days=20)
            assert at.date() >= person.demography.born_on


def test_somebody_born_this_month_has_no_past() -> None:
    person = next(people.people(3, 1, TODAY))
    born = msgspec.structs.replace(
        person, demography=Demography("Exemple", ("A",), TODAY - timedelta(days=5), Sex.FEMALE)
    )
    assert histories.of(born, WHERE, LABORATORY.site, Random(1), TODAY) == ()


def test_each_result_has_its_tube_and_no_number_is_used_twice() -> None:
    numbers: list[str] = []
    for _, visits in pasts():
        for past in visits:
            assert {code for tube in past.tubes for code in tube.tests} == {result.test for result in past.results}
            numbers += [past.requisition.number, *(tube.accession for tube in past.tubes)]
    assert len(set(numbers)) == len(numbers)


def test_flags_come_from_the_ranges_that_are_copied_with_them() -> None:
    found = [result.observation for _, visits in pasts() for past in visits for result in past.results]
    assert {Flag.NORMAL.value, Flag.LOW.value, Flag.HIGH.value} <= {said.flag for said in found}
    assert all(said.reference is not None for said in found if said.flag in (Flag.LOW, Flag.HIGH))
    assert all(said.measured_at is not None and said.measured_at > datetime(2024, 1, 1, tzinfo=UTC) for said in found)
