"""What the talking analyser says is what the listener's side reads, files and now and then holds."""

from datetime import UTC, date, datetime, timedelta
from importlib import resources
from random import Random

import pytest

from aliquot.cli.demo import answering, staff
from aliquot.cli.demo.answering import Sender, Tube
from aliquot.intake import filing, results
from aliquot.intake.fates import Cause
from aliquot.intake.filing import Bench, Filing, OpenAnalysis, Quarantine
from aliquot.intake.results import Profile
from aliquot.lab import catalogue, orders, reference
from aliquot.terms.identity import Sex
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Quantity
from aliquot.terms.states import Analysis
from aliquot.wire.hl7v2 import messages

VERSION = catalogue.parse(resources.files("aliquot.cli.demo").joinpath("catalogue.toml").read_text("utf-8"))
AT = datetime(2026, 1, 5, 9, 30, 12, tzinfo=UTC)
CODES = tuple(test.code for test in VERSION.tests)
TUBE = Tube("12345678901K", Sex.FEMALE, "34 y", CODES)


def said(seed: int, *, odd: bool = False) -> bytes:
    return answering.message(TUBE, Sender(staff.ANALYSER, VERSION, f"C{seed}", AT), Random(seed), odd=odd)


def filed(message: bytes) -> Filing | Quarantine:
    """What the laboratory makes of a message for a tube on which everything was asked for."""
    analyses = tuple(OpenAnalysis(Id(code.encode()), code, Analysis.READY) for code in CODES)
    reading = results.read(messages.parse(message), Profile(zone=UTC))
    bench = Bench(VERSION, staff.ANALYSER, timedelta(days=7))
    return filing.file(reading, bench, {TUBE.accession: filing.Tube(analyses, None)}, AT)


def test_every_test_of_the_catalogue_is_answered_and_filed() -> None:
    outcome = filed(said(1))
    assert isinstance(outcome, Filing)
    (tube,) = outcome.tubes
    assert tube.accession == TUBE.accession
    assert {draft.analysis.test for draft in tube.drafts} == set(CODES)
    assert {draft.measured_at for draft in tube.drafts} == {AT}


def test_only_what_was_asked_for_is_answered() -> None:
    asked = Tube(TUBE.accession, Sex.MALE, "12 d", ("K", "NA"))
    message = answering.message(asked, Sender(staff.ANALYSER, VERSION, "C", AT), Random(1), odd=False)
    outcome = filed(message)
    assert isinstance(outcome, Filing)
    assert {draft.analysis.test for draft in outcome.tubes[0].drafts} == {"K", "NA"}


def test_an_odd_message_waits_for_the_integrator() -> None:
    outcome = filed(said(1, odd=True))
    assert isinstance(outcome, Quarantine)
    assert {reason.cause for reason in outcome.reasons} == {Cause.UNKNOWN_TEST}


def test_it_says_nothing_of_whose_tube_it_is() -> None:
    (report,) = results.read(messages.parse(said(1)), Profile(zone=UTC)).reports
    assert report.named == results.Named()


def test_some_values_are_critical_and_some_carry_a_flag_of_the_machine() -> None:
    critical = flagged = 0
    for seed in range(60):
        outcome = filed(said(seed))
        assert isinstance(outcome, Filing)
        for draft in outcome.tubes[0].drafts:
            flagged += bool(draft.instrument_flags)
            critical += is_critical(draft)
    total = 60 * len(CODES)
    assert 5 <= critical < total * 0.1
    assert 5 <= flagged < total * 0.1


def is_critical(draft: filing.Draft) -> bool:
    """Whether a value crosses its test's critical limits for the woman of the tube."""
    test = catalogue.test(VERSION, draft.analysis.test)
    limits = reference.select(test.criticals, reference.Person(Sex.FEMALE, date(1991, 7, 1), AT.date()))
    if limits is None or not isinstance(draft.value, Quantity):
        return False
    return reference.flag(draft.value, None, limits) in (reference.Flag.LOW_CRITICAL, reference.Flag.HIGH_CRITICAL)


@pytest.mark.parametrize("age", ["0 d", "12 d", "364 d", "1 y", "34 y", "97 y"])
def test_a_birth_date_fits_the_age_on_the_tube(age: str) -> None:
    assert orders.age(answering.born_on(age, AT.date()), AT.date()) == age
