from datetime import timedelta

import pytest

from aliquot.access import door
from aliquot.access.acts import ValidateMedically, ValidateTechnically
from aliquot.custody.denial import Denial
from aliquot.lab import validation
from aliquot.lab.holds import Override
from aliquot.record.models import Requisition, Version
from aliquot.terms import states
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Kind
from tests.lab import office
from tests.lab.office import NEGATIVE, POSITIVE, Case, Office, number
from tests.world import World


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


@pytest.fixture
def small(small_lab: World) -> Office:
    return office.open_(small_lab)


def measured(at_work: Office, *tests: str) -> Case:
    case = at_work.ask(at_work.register(), *tests)
    at_work.record(case, {test: number("140" if test == "NA" else "4.0") for test in tests})
    at_work.verify(case, office.BY_HAND)
    return case


def test_a_batch_is_an_explicit_list_and_every_member_is_signed(at_work: Office) -> None:
    case = measured(at_work, "NA", "K")
    chosen = (at_work.choice(case, "NA"), at_work.choice(case, "K"))
    assert at_work.technically(case, *chosen) == tuple(choice.observation for choice in chosen)
    for result in at_work.found(case).observations:
        (signature,) = result.content.signatures
        assert (result.state, signature.meaning, signature.role) == ("tech-validated", "technical", "technician")
        assert signature.person == at_work.signer("technician").person
    assert Requisition.objects.get().awaits == "medical"
    with pytest.raises(Refused, match="choose"):
        at_work.technically(case)


def test_a_technician_does_not_validate_medically(at_work: Office) -> None:
    case = measured(at_work, "NA")
    at_work.technically(case, at_work.choice(case, "NA"))
    with pytest.raises(Denial) as refused:
        at_work.medically(case, at_work.choice(case, "NA"), who="technician")
    assert refused.value.code == "forbidden"
    (result,) = at_work.found(case).observations
    assert result.state == "tech-validated"


def test_the_second_of_two_who_validate_the_same_version_is_told_and_nothing_is_lost(at_work: Office) -> None:
    case = measured(at_work, "NA")
    choice = at_work.choice(case, "NA")
    at_work.medically(case, choice)
    before = Version.objects.count()
    with pytest.raises(Denial) as refused:
        at_work.medically(case, choice, who="second")
    assert refused.value.code == "conflict"
    assert Version.objects.count() == before
    (result,) = at_work.found(case).observations
    assert result.content.signatures[-1].name == "Biologist Nord"


def test_two_who_sign_the_same_version_at_once_leave_one_signature(at_work: Office) -> None:
    case = measured(at_work, "NA")
    choice = at_work.choice(case, "NA")
    slow, at = at_work.who("biologist"), at_work.lab.clock()
    signer = at_work.signer("biologist")
    entered = door.enter(slow, ValidateMedically(case.patient, case.work), at_work.meant(slow))
    grant = entered.__enter__()
    validation.medically(grant, [choice], "Mine.", signer, at=at)
    at_work.medically(case, choice, comment="Faster.", who="second")
    before = Version.objects.count()
    with pytest.raises(Denial) as refused:
        entered.__exit__(None, None, None)
    assert refused.value.code == "conflict"
    assert Version.objects.count() == before
    (result,) = at_work.found(case).observations
    assert (result.version, [each.name for each in result.content.signatures]) == (3, ["Second Nord", "Second Nord"])


def test_what_the_rules_have_not_looked_at_is_not_validated(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("140")})
    with pytest.raises(Refused, match="rules"):
        small.technically(case, small.choice(case, "NA"))
    with pytest.raises(Refused, match="rules"):
        small.medically(case, small.choice(case, "NA"))


def test_a_hold_is_set_aside_by_who_may_with_a_reason_that_stays(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("140")})
    small.verify(case, quality={})
    why = Override(states.Hold.QC_UNKNOWN, "control ran at 9")
    with pytest.raises(Refused, match="it stands"):
        small.technically(case, small.choice(case, "NA"))
    with pytest.raises(Refused, match="not for this role"):
        small.technically(case, small.choice(case, "NA", why))
    signed = small.medically(case, small.choice(case, "NA", why))
    assert signed.single_handed == signed.observations
    (result,) = small.found(case).observations
    (hold,) = result.content.holds
    assert (hold.override_reason, hold.overridden_by) == ("control ran at 9", small.signer("biologist").person)
    assert [each.meaning for each in result.content.signatures] == ["technical", "medical"]
    assert len({each.act for each in result.content.signatures}) == 1


def test_after_a_repeat_the_technician_may_set_an_instrument_flag_aside(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    why = Override(states.Hold.INSTRUMENT_FLAG, "seen twice")
    small.record(case, {"NA": number("140")}, "ODD")
    small.verify(case)
    with pytest.raises(Refused, match="not for this role"):
        small.technically(case, small.choice(case, "NA", why))
    small.repeat(case, small.choice(case, "NA"))
    (result,) = small.found(case).observations
    assert (result.state, result.content.reason) == ("ready", "dilution")
    assert Requisition.objects.get().awaits == "results"
    small.lab.clock.pass_(timedelta(seconds=5))
    small.record(case, {"NA": number("141")}, "ODD")
    small.verify(case)
    small.technically(case, small.choice(case, "NA", why))
    (result,) = small.found(case).observations
    assert (result.state, result.content.value) == ("tech-validated", number("141"))


def test_a_value_that_two_must_read_is_not_validated_by_who_typed_it(small: Office) -> None:
    case = small.ask(small.register(), "K")
    small.type_(case, "K", number("4.2"), who="biologist")
    small.verify(case)
    for validate in (small.technically, small.medically):
        with pytest.raises(Refused, match="S1"):
            validate(case, small.choice(case, "K"), who="biologist")
    small.technically(case, small.choice(case, "K"))
    small.medically(case, small.choice(case, "K"))


def test_a_typed_value_that_one_may_read_is_validated_by_who_typed_it(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.type_(case, "NA", number("140"))
    small.verify(case)
    small.technically(case, small.choice(case, "NA"))


def test_what_is_sensitive_is_signed_alone(small: Office) -> None:
    case = small.ask(small.register(), "NA", "RPR", "HIV")
    small.record(case, {"NA": number("140"), "RPR": POSITIVE, "HIV": NEGATIVE})
    small.verify(case)
    seen = Override(states.Hold.SENSITIVE, "confirmed")
    for test in ("RPR", "HIV"):
        with pytest.raises(Refused, match="alone"):
            small.medically(case, small.choice(case, "NA"), small.choice(case, test, seen))
        small.medically(case, small.choice(case, test, seen))
    small.medically(case, small.choice(case, "NA"))
    assert {each.state for each in small.found(case).observations} == {"med-validated"}


def test_what_is_restricted_is_nothing_that_the_bench_validates(small: Office) -> None:
    case = small.ask(small.register(), "HIV")
    small.record(case, {"HIV": NEGATIVE})
    small.verify(case)
    with pytest.raises(Refused, match="not one of this requisition"):
        small.technically(case, small.choice(case, "HIV", Override(states.Hold.SENSITIVE, "seen")))


def test_what_is_sent_back_loses_its_signatures_and_waits_at_the_bench(small: Office) -> None:
    case = measured(small, "NA")
    small.technically(case, small.choice(case, "NA"))
    small.medically(case, small.choice(case, "NA"))
    small.send_back(case, small.choice(case, "NA"))
    (result,) = small.found(case).observations
    assert (result.state, result.content.signatures, result.content.reason) == ("measured", (), "look again")
    assert Requisition.objects.get().awaits == "technical"
    with pytest.raises(Refused, match="reason"):
        small.repeat(case, small.choice(case, "NA"), reason="")


def test_a_released_result_is_neither_sent_back_nor_signed_again(small: Office) -> None:
    case = small.ask(small.register(), "NA", "K")
    small.finish(case, {"NA": number("140")})
    with pytest.raises(Refused, match="not listed"):
        small.medically(case, small.choice(case, "NA"))
    with pytest.raises(Refused, match="A10"):
        small.send_back(case, small.choice(case, "NA"))


def test_a_later_comment_replaces_the_one_before_and_an_empty_one_does_not(small: Office) -> None:
    case = measured(small, "NA", "K")
    small.medically(case, small.choice(case, "NA"), comment="First.")
    small.medically(case, small.choice(case, "K"), comment="Second.")
    assert Version.objects.filter(kind=Kind.COMMENT).count() == 2
    assert len(set(Version.objects.filter(kind=Kind.COMMENT).values_list("resource", flat=True))) == 1
    assert small.release(case).comment == "Second."


def test_the_same_form_sent_twice_signs_once_and_is_answered_twice(small: Office) -> None:
    case = measured(small, "NA")
    choice, actor = small.choice(case, "NA"), small.who("technician")
    meant, signer = small.meant(actor), small.signer("technician")
    for _ in range(2):
        with door.enter(actor, ValidateTechnically(case.patient, case.work), meant) as grant:
            told = validation.technically(grant, [choice], signer, at=small.lab.clock())
        assert told == (choice.observation,)
    (result,) = small.found(case).observations
    assert (result.version, len(result.content.signatures)) == (3, 1)
