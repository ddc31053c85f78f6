import re
from collections import Counter
from datetime import date

from aliquot.cli.demo import people
from aliquot.terms import identifiers
from aliquot.terms.identity import Sex

DAY = date(2026, 1, 5)
CROWD = list(people.people(7, 400, DAY))


def test_the_same_seed_gives_the_same_people_and_one_more_changes_none() -> None:
    assert list(people.people(7, 401, DAY))[:400] == CROWD
    assert next(people.people(8, 1, DAY)) != CROWD[0]


def test_every_national_number_has_a_valid_key_and_a_commune_that_nobody_has() -> None:
    for person in CROWD:
        assert identifiers.nir(person.national_number) == person.national_number
        assert person.national_number[7:10] == "999"
        assert person.national_number[1:5] == f"{person.demography.born_on:%y%m}"
        assert person.national_number[0] == ("2" if person.demography.sex is Sex.FEMALE else "1")
        assert person.traits.birthplace_insee == person.national_number[5:10]
        assert {each.value for each in person.identifiers.identifiers} == {person.national_number, person.file_number}


def test_nobody_can_be_written_to_or_called() -> None:
    for person in CROWD:
        assert re.fullmatch(r"[a-z]+\.[a-z]+@example\.org", person.contact.email)
        assert re.fullmatch(r"(01 99 00|06 39 98) \d\d \d\d", person.contact.phone)
        assert re.fullmatch(r"\d\d999", person.contact.postcode)


def test_a_file_number_is_given_once() -> None:
    assert len({person.file_number for person in CROWD}) == len(CROWD)


def test_people_are_of_all_ages_and_none_is_born_tomorrow() -> None:
    ages = Counter((DAY - person.demography.born_on).days // 3653 for person in CROWD)
    assert min(person.demography.born_on for person in CROWD) > date(1927, 1, 1)
    assert max(person.demography.born_on for person in CROWD) <= DAY
    assert set(range(9)) <= set(ages)


def test_some_women_use_another_name_than_their_birth_name_and_no_man_does() -> None:
    renamed = {person.demography.sex for person in CROWD if person.demography.family != person.traits.birth_family}
    assert renamed == {Sex.FEMALE}
    assert all(person.demography.given == person.traits.birth_given[:1] for person in CROWD)
