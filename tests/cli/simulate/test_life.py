"""The laboratory's life: as large as asked for, in the published shares, of people who cannot exist."""

from collections import Counter, defaultdict
from datetime import date

import pytest

from aliquot.cli.simulate import days, life, rates
from aliquot.cli.simulate.life import Life
from aliquot.cli.simulate.rates import Mess
from aliquot.cli.simulate.records import Chart
from aliquot.terms import identifiers
from aliquot.terms.errors import Refused

LIFE = Life(patients=4000, seed=11, results_per_patient=5)


@pytest.fixture(scope="module")
def charts() -> list[Chart]:
    """Every row of a laboratory of 4,000."""
    return list(life.charts(LIFE))


def test_there_are_as_many_rows_and_about_as_many_results_as_asked_for(charts: list[Chart]) -> None:
    results = sum(len(dossier.results) for chart in charts for dossier in chart.dossiers)
    assert sum(chart.kept for chart in charts) == LIFE.patients
    assert LIFE.patients * LIFE.results_per_patient * 0.9 < results < LIFE.patients * LIFE.results_per_patient * 1.1


@pytest.mark.parametrize("patients", [1, 2, 3, 65, 66])
def test_a_small_laboratory_has_exactly_its_rows(patients: int) -> None:
    assert sum(chart.kept for chart in life.charts(Life(patients, seed=5, results_per_patient=1))) == patients


@pytest.mark.parametrize(("patients", "results"), [(-1, 1), (1, -1)])
def test_less_than_none_is_refused(patients: int, results: float) -> None:
    with pytest.raises(Refused):
        Life(patients, results_per_patient=results)


def test_filled_columns_have_the_shares_that_were_counted_on_the_published_file(charts: list[Chart]) -> None:
    rows = [chart.columns for chart in charts if chart.kept and Mess.DUPLICATE not in chart.mess]
    for share, filled in (
        (rates.WITH_LANDLINE, [bool(row.tel) for row in rows]),
        (rates.WITH_MOBILE, [bool(row.portable) for row in rows]),
        (rates.WITH_EMAIL, [bool(row.mail) for row in rows]),
        (rates.WITH_PASSWORD, [bool(row.mdp) for row in rows]),
        (rates.WITH_SURNAME, [bool(row.nom) for row in rows]),
        (rates.WOMEN, [row.titre == "MME" for row in rows]),
        (rates.MEN, [row.titre == "M." for row in rows]),
    ):
        assert sum(filled) / len(rows) == pytest.approx(share, abs=0.03)


def test_numbers_and_addresses_are_nobodys(charts: list[Chart]) -> None:
    for person in {chart.person for chart in charts}:
        number = person.nir or person.insured_nir
        assert identifiers.nir(number)[7:10] == "999"
    for chart in charts:
        assert chart.columns.cp.endswith("999")
        assert chart.columns.mail.endswith("@example.org") or not chart.columns.mail
        assert chart.columns.tel.replace(" ", "").replace(".", "").startswith("026191") or not chart.columns.tel


def test_a_national_number_is_one_persons(charts: list[Chart]) -> None:
    people = {chart.person.number: chart.person for chart in charts}
    numbers = Counter(person.nir for person in people.values() if person.nir)
    assert max(numbers.values()) == 1


def test_rows_of_one_person_say_so_and_rows_of_others_do_not(charts: list[Chart]) -> None:
    rows = defaultdict(list)
    for chart in charts:
        rows[chart.person.number].append(chart)
    seconds = [chart for same in rows.values() for chart in same[1:]]
    assert all({Mess.DUPLICATE, Mess.MERGED} & set(chart.mess) for chart in seconds)
    assert len(seconds) == sum(bool({Mess.DUPLICATE, Mess.MERGED} & set(chart.mess)) for chart in charts)
    assert len(seconds) / len(charts) == pytest.approx(rates.DUPLICATE + rates.MERGED, abs=0.02)
    assert any(second.columns.numpat != rows[second.person.number][0].columns.numpat for second in seconds)


def test_a_row_is_deleted_or_merged_only_where_its_mess_says_so(charts: list[Chart]) -> None:
    for chart in charts:
        expected = "D" if Mess.DELETED in chart.mess else "F" if Mess.MERGED in chart.mess else "A"
        assert chart.columns.statut == expected


def test_a_second_row_comes_long_after_the_first(charts: list[Chart]) -> None:
    places: dict[int, int] = {}
    distances = []
    for place, chart in enumerate(charts):
        if chart.person.number in places:
            distances.append(place - places[chart.person.number])
        places.setdefault(chart.person.number, place)
    assert sorted(distances)[len(distances) // 2] > 100


def test_twins_share_name_birth_and_address_and_are_two_people(charts: list[Chart]) -> None:
    people = {chart.person.number: chart.person for chart in charts}
    twins = [person for person in people.values() if person.twin]
    assert twins
    for twin in twins:
        first = people[twin.number - 1]
        assert (twin.born, twin.street, twin.birth_family) == (first.born, first.street, first.birth_family)
        assert twin.given != first.given
        assert (twin.nir != first.nir) or twin.insured_nir == first.insured_nir != ""


def test_nobody_is_seen_before_birth_after_death_or_on_a_sunday(charts: list[Chart]) -> None:
    for chart in charts:
        for dossier in chart.dossiers:
            on = date.fromisoformat(dossier.collected_at[:10]).toordinal()
            assert chart.person.born <= on <= days.LAST + 1
            assert not chart.person.died or on <= chart.person.died + 1
            assert on % 7


def test_the_same_person_has_like_values_from_one_visit_to_the_next(charts: list[Chart]) -> None:
    """Half of what is measured twice differs by less than a tenth; of strangers it would be a quarter or so."""
    close = far = 0
    for chart in charts:
        seen: dict[tuple[str, str], float] = {}
        for dossier in chart.dossiers:
            for result in dossier.results:
                if result.codexam != "CREA" or not result.valeur.replace(".", "").isdigit():
                    continue
                value, before = float(result.valeur), seen.get((result.codexam, result.unite))
                seen[result.codexam, result.unite] = value
                if before is not None and abs(value / before - 1) < 0.1:
                    close += 1
                elif before is not None:
                    far += 1
    assert close > far * 2
