from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from aliquot.access import door
from aliquot.access.acts import RegisterPatient, VerifyResults
from aliquot.access.grant import Draft
from aliquot.lab import routing, rules
from aliquot.lab.reference import Band
from aliquot.lab.verification import Policy
from aliquot.record.models import Specimen
from aliquot.terms import ids
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Coded, Text, Value
from tests.lab import office
from tests.lab.desk import JEANNE
from tests.lab.office import POSITIVE, Case, Office, number
from tests.world import World


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


@pytest.fixture
def small(small_lab: World) -> Office:
    return office.open_(small_lab)


def measured(at_work: Office, test: str, value: Value, *flags: str) -> Case:
    case = at_work.ask(at_work.register(), test)
    at_work.record(case, {test: value}, *flags)
    return case


def holds(at_work: Office, case: Case) -> list[str]:
    (result,) = at_work.found(case).observations
    assert all(each.detail for each in result.content.holds)
    return [each.hold for each in result.content.holds]


def test_what_passes_is_validated_by_the_rules_as_themselves(at_work: Office) -> None:
    case = measured(at_work, "NA", number("138"), "N")
    (judged,) = at_work.verify(case)
    (result,) = at_work.found(case).observations
    assert (judged.observation, judged.decision.critical) == (result.id, False)
    assert (result.state, result.version, result.content.flag) == ("tech-validated", 2, "N")
    assert result.content.reference is not None
    assert (result.content.reference.low, result.content.reference.text) == ("136", "adult")
    (signature,) = result.content.signatures
    assert (signature.person, signature.role, signature.name) == ("rule-engine", "rule-engine", "rules-1")
    assert (signature.meaning, len(signature.act)) == ("technical", 32)
    assert Specimen.objects.get().awaits == "nothing"


def test_without_the_hour_of_collection_the_age_is_of_the_day_of_measuring_and_a_person_looks(at_work: Office) -> None:
    grown = Band(low=Decimal("2.5"), high=Decimal("6.5"), min_years=18)
    tests = tuple(msgspec.structs.replace(each, criticals=(grown,)) for each in office.CATALOGUE.tests)
    where = msgspec.structs.replace(office.WHERE, catalogue=msgspec.structs.replace(office.CATALOGUE, tests=tests))
    case = at_work.ask(at_work.register(), "K", hour=False)
    at_work.record(case, {"K": number("2.1")})
    with door.enter(at_work.worker, VerifyResults(case.patient, case.work), at_work.meant(at_work.worker)) as grant:
        (judged,) = rules.verify(grant, where, office.POLICY, office.CONTROLLED, at=at_work.lab.clock())
    assert judged.decision.critical
    assert "SPECIMEN" in [each.hold for each in judged.decision.holds]


def test_without_a_policy_the_rules_flag_and_leave_it_to_the_bench(small: Office) -> None:
    case = measured(small, "NA", number("150"))
    small.verify(case, office.BY_HAND)
    (result,) = small.found(case).observations
    assert (result.state, result.content.flag, result.content.rules) == ("measured", "H", "rules-1")
    assert result.content.signatures == ()
    assert Specimen.objects.get().awaits == "validation"


def test_a_change_against_the_last_released_result_is_held(at_work: Office) -> None:
    patient = at_work.register()
    earlier = at_work.ask(patient, "NA")
    at_work.finish(earlier, {"NA": number("138")})
    at_work.lab.clock.pass_(timedelta(minutes=5))
    case = at_work.ask(patient, "NA", "K")
    at_work.record(case, {"NA": number("144")})
    at_work.verify(case)
    assert holds(at_work, case) == ["DELTA"]


def test_a_small_change_is_not_held_and_a_previous_value_is_needed_where_policy_says_so(small: Office) -> None:
    patient = small.register()
    strict = Policy(rules="rules-1", technical=True)
    first = small.ask(patient, "NA")
    small.record(first, {"NA": number("138")})
    (judged,) = small.verify(first, strict)
    assert judged.decision.by_hand == ("AV-14 no previous value",)
    small.technically(first, small.choice(first, "NA"))
    small.medically(first, small.choice(first, "NA"))
    small.release(first)
    small.lab.clock.pass_(timedelta(minutes=5))
    case = small.ask(patient, "NA")
    small.record(case, {"NA": number("140")})
    (judged,) = small.verify(case, strict)
    assert (judged.decision.by_hand, judged.decision.holds) == ((), ())


def test_an_earlier_result_that_was_never_released_is_no_previous_one(small: Office) -> None:
    patient = small.register()
    unreleased = small.ask(patient, "NA")
    small.record(unreleased, {"NA": number("120")})
    small.verify(unreleased)
    small.lab.clock.pass_(timedelta(minutes=5))
    case = small.ask(patient, "NA")
    small.record(case, {"NA": number("138")})
    small.verify(case)
    assert holds(small, case) == []


def test_a_result_under_review_is_compared_as_it_was_released(small: Office) -> None:
    patient = small.register()
    earlier = small.ask(patient, "NA")
    small.finish(earlier, {"NA": number("138")})
    small.correct(earlier, small.choice(earlier, "NA"), number("144"))
    small.lab.clock.pass_(timedelta(minutes=5))
    case = small.ask(patient, "NA")
    small.record(case, {"NA": number("144")})
    small.verify(case)
    assert holds(small, case) == ["DELTA"]


def test_a_critical_value_says_so(small: Office) -> None:
    case = measured(small, "K", number("6.9"))
    (judged,) = small.verify(case)
    (result,) = small.found(case).observations
    assert judged.decision.critical
    assert (result.content.flag, holds(small, case)) == ("HH", ["CRITICAL"])


def test_quality_control_that_nobody_stated_holds(small: Office) -> None:
    case = measured(small, "NA", number("138"))
    small.verify(case, quality={})
    assert holds(small, case) == ["QC_UNKNOWN"]


@pytest.mark.parametrize(
    ("test", "value", "flags", "expected"),
    [
        ("NA", number("138"), ("ERR",), ["INSTRUMENT_FLAG"]),
        ("RPR", POSITIVE, (), ["SENSITIVE"]),
        ("RPR", Coded("s", "other", ""), (), ["MAPPING"]),
        ("RPR", Text("agglutinates"), (), []),
    ],
)
def test_what_is_odd_is_held_and_words_are_left_to_people(
    small: Office, test: str, value: Value, flags: tuple[str, ...], expected: list[str]
) -> None:
    case = measured(small, test, value, *flags)
    small.verify(case)
    (result,) = small.found(case).observations
    assert (holds(small, case), result.state) == (expected, "measured")


def test_a_typed_value_is_left_to_people(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.type_(case, "NA", number("138"))
    (judged,) = small.verify(case)
    assert judged.decision.by_hand == ("AV-16 typed by hand",)


def test_what_was_looked_at_is_not_looked_at_again(small: Office) -> None:
    case = measured(small, "NA", number("150"))
    assert len(small.verify(case, office.BY_HAND)) == 1
    Specimen.objects.update(awaits="rules")
    assert small.verify(case) == ()
    (result,) = small.found(case).observations
    assert result.version == 2
    # Nothing was to be done, and nobody is sent there again.
    assert Specimen.objects.get().awaits == "validation"


def test_without_traits_an_identity_is_not_clear(small: Office) -> None:
    actor, at = small.reception.actor, small.lab.clock()
    patient = ids.new(actor.org, at)
    with door.enter(actor, RegisterPatient(patient), small.meant(actor)) as grant:
        grant.route(routing.known(patient))
        grant.write(Draft(Kind.DEMOGRAPHY, ids.new(actor.org, at), 1, "known", (), JEANNE))
    case = small.ask(patient, "NA")
    small.record(case, {"NA": number("138")})
    small.verify(case)
    assert holds(small, case) == ["IDENTITY"]
