from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from random import Random

from aliquot.cli.demo import people, results
from aliquot.lab import catalogue, verification
from aliquot.lab.delta import Taken
from aliquot.lab.reference import Flag, Person
from aliquot.lab.verification import Decision, Facts, Policy, Result
from aliquot.terms.quantities import Quantity, Value
from aliquot.terms.states import Analysis, Specimen

VERSION = catalogue.parse(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8"))
CODES = [test.code for test in VERSION.tests]
DAYS = [date(2025, 6, 2), date(2025, 12, 16), date(2026, 1, 5)]
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def visits(person: people.Person) -> list[dict[str, Value]]:
    return results.visits(VERSION, CODES, person.demography, Random(person.file_number), DAYS)


def judged(person: people.Person, code: str, rows: list[dict[str, Value]]) -> Decision:
    test = catalogue.test(VERSION, code)
    now = Result(rows[-1][code], test.specimen_type, Specimen.ACCEPTED, AT, AT + timedelta(hours=2))
    facts = Facts(
        person=Person(person.demography.sex, person.demography.born_on, DAYS[-1]),
        identity="clear",
        quality="ok",
        previous=Taken(rows[-2][code], test.specimen_type, AT - timedelta(days=20), Analysis.RELEASED),
        siblings=rows[-1],
        allowed_flags=(),
    )
    return verification.decide(now, test, facts, VERSION.consistency, Policy(rules="1", technical=True))


def test_results_are_the_same_from_the_same_seed() -> None:
    person = next(people.people(7, 1, DAYS[-1]))
    assert visits(person) == visits(person)


def test_most_results_pass_the_laboratorys_own_checks_and_some_are_abnormal() -> None:
    flags: Counter[Flag] = Counter()
    states: Counter[Analysis] = Counter()
    for person in people.people(7, 60, DAYS[-1]):
        rows = visits(person)
        for code in CODES:
            decision = judged(person, code, rows)
            flags[decision.flag] += 1
            states[decision.state] += 1
    total = 60 * len(CODES)
    assert 0.80 * total < flags[Flag.NORMAL] < 0.97 * total
    assert flags[Flag.HIGH] > 0
    assert flags[Flag.LOW] > 0
    assert states[Analysis.TECH_VALIDATED] > 0.90 * total


def test_numbers_have_the_unit_and_the_decimals_of_their_test() -> None:
    for person in people.people(8, 10, DAYS[-1]):
        for code, value in visits(person)[0].items():
            test = catalogue.test(VERSION, code)
            if isinstance(value, Quantity):
                assert (value.ucum, value.number.as_tuple().exponent) == (test.ucum, -test.decimals)
            else:
                assert test.answers


def test_some_histories_go_somewhere() -> None:
    potassium = catalogue.test(VERSION, "K")
    far = 0
    for person in people.people(9, 60, DAYS[-1]):
        first, *_, last = results.values(potassium, person.demography, Random(person.file_number), DAYS)
        assert isinstance(first, Quantity)
        assert isinstance(last, Quantity)
        far += abs(last.number - first.number) >= first.number / 10
    assert 3 <= far <= 30


def test_requests_ask_for_what_the_catalogue_has_and_never_for_nothing() -> None:
    known = {*CODES, *(panel.code for panel in VERSION.panels)}
    asked = [results.ask(Random(seed)) for seed in range(200)]
    assert all(ask.codes and set(ask.codes) <= known for ask in asked)
    assert {ask.priority for ask in asked} == {"routine", "urgent", "stat"}
    assert {code for ask in asked for code in ask.codes} >= {"IONO", "FBC", "HIV"}
