import pytest

from aliquot.access import door
from aliquot.access.acts import RecordResults
from aliquot.custody.denial import Denial
from aliquot.lab import dossier, records, results
from aliquot.lab.content import Message as Kept
from aliquot.lab.results import Measured, Message, NotOpen
from aliquot.record.models import Requisition, Specimen, Version
from aliquot.terms import ids
from aliquot.terms.errors import Refused
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Absent
from tests.lab import office
from tests.lab.office import Case, Office, number
from tests.world import World


@pytest.fixture
def at_work(lab: World) -> Office:
    return office.open_(lab)


@pytest.fixture
def small(small_lab: World) -> Office:
    return office.open_(small_lab)


def refused_code(at_work: Office, case: Case, test: str = "NA") -> str:
    with pytest.raises(NotOpen) as refused:
        at_work.record(case, {test: number("141")})
    return refused.value.code


def test_one_message_is_filed_in_one_act_and_kept_as_it_came(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    filed = at_work.record(case, {"NA": number("138"), "K": number("4.0")}, "N")
    found = at_work.found(case)
    assert {each.id for each in found.observations} == set(filed)
    for each in found.observations:
        assert (each.state, each.version, each.content.rules, each.content.flag) == ("measured", 1, "", "")
        assert (each.content.device, each.content.instrument_flags) == ("ANALYSER-1", ("N",))
        assert each.parents == (case.work, case.order(each.content.test), case.tube)
    acts = {bytes(act) for act in Version.objects.filter(kind__in=(30, 50)).values_list("act_id", flat=True)}
    assert len(acts) == 1
    assert Specimen.objects.get().awaits == "rules"
    (message,) = Version.objects.filter(kind=Kind.MESSAGE)
    assert message.parents == case.work + case.tube
    assert b"MSH" not in message.sealed


def test_the_message_under_the_patient_says_what_the_machine_said(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    at = small.lab.clock()
    run = Measured(case.order("NA"), number("138"), "r", "ANALYSER-1", at)
    with door.enter(small.worker, RecordResults(case.patient, case.work), small.meant(small.worker)) as grant:
        found = results.known(grant)
        results.record(grant, found, Message(case.tube, (run,), "ANALYSER-1", b"\x00MSH\xff"), office.WHERE, at=at)
        (kept,) = [draft.content for draft in grant.drafts if draft.kind is Kind.MESSAGE]
    assert kept == Kept("ANALYSER-1", b"\x00MSH\xff")


def test_a_second_run_over_a_value_that_waits_is_its_next_version(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.record(case, {"NA": number("138")})
    small.verify(case)
    small.verify(case, office.BY_HAND)
    # The first passed the rules; only what waits can be measured over.
    assert refused_code(small, case) == "ALREADY_VALIDATED"
    other = small.ask(small.register(), "NA")
    small.record(other, {"NA": number("138")})
    small.record(other, {"NA": number("139")})
    (result,) = small.found(other).observations
    assert (result.version, result.content.value, result.content.rules) == (2, number("139"), "")


def test_a_released_analysis_is_never_changed_by_a_message(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    at_work.record(case, {"NA": number("138")})
    at_work.verify(case)
    at_work.medically(case, at_work.choice(case, "NA"))
    at_work.release(case)
    before = Version.objects.count()
    assert refused_code(at_work, case) == "ALREADY_RELEASED"
    with pytest.raises(NotOpen):
        at_work.record(case, {"K": number("4.0"), "NA": number("141")})
    assert Version.objects.count() == before


def test_a_test_that_was_not_asked_for_or_was_cancelled_is_not_filed(small: Office) -> None:
    case = small.ask(small.register(), "NA", "K")
    small.cancel(case, "NA")
    assert refused_code(small, case) == "NOT_ORDERED"
    stranger = ids.new(small.worker.org, small.lab.clock())
    case.placed.orders["NA"] = stranger
    with pytest.raises(Refused, match="not one of this requisition"):
        small.record(case, {"NA": number("141")})


def test_one_analysis_has_one_run_in_a_message(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    at = small.lab.clock()
    run = Measured(case.order("NA"), number("138"), "r", "ANALYSER-1", at)
    said = Message(case.tube, (run, run), "ANALYSER-1", b"")
    with door.enter(small.worker, RecordResults(case.patient, case.work), small.meant(small.worker)) as grant:
        found = results.known(grant)
        with pytest.raises(Refused, match="two"):
            results.record(grant, found, said, office.WHERE, at=at)
    assert small.found(case).observations == ()


def test_zero_and_absent_are_two_things(small: Office) -> None:
    case = small.ask(small.register(), "NA", "K")
    small.record(case, {"NA": number("0"), "K": Absent("error")})
    said = {each.content.test: each.content.value for each in small.found(case).observations}
    assert said == {"NA": number("0"), "K": Absent("error")}


def test_a_typed_value_names_who_typed_it_and_waits_for_the_rules(small: Office) -> None:
    case = small.ask(small.register(), "K")
    small.type_(case, "K", number("4.2"))
    (result,) = small.found(case).observations
    assert result.content.typed_by == small.signer("technician").person
    assert result.content.double_read
    assert (result.content.device, result.content.rules) == ("", "")
    assert Specimen.objects.get().awaits == "rules"


def test_typing_over_a_version_that_was_not_seen_is_a_conflict(small: Office) -> None:
    case = small.ask(small.register(), "K")
    small.record(case, {"K": number("4.0")})
    with pytest.raises(Denial) as refused:
        small.type_(case, "K", number("4.2"))
    assert refused.value.code == "conflict"
    (result,) = small.found(case).observations
    assert result.content.value == number("4.0")
    small.type_(case, "K", number("4.2"), version=1)


def test_the_bench_neither_sees_nor_types_what_is_restricted(small: Office) -> None:
    case = small.ask(small.register(), "NA", "HIV")
    with pytest.raises(Refused, match="not one of this requisition"):
        small.type_(case, "HIV", office.NEGATIVE)


def test_what_is_not_done_is_said_with_its_reason(at_work: Office) -> None:
    case = at_work.ask(at_work.register(), "NA", "K")
    with pytest.raises(Refused, match="reason"):
        at_work.cancel(case, "NA", reason=" ")
    at_work.record(case, {"K": number("4.0")})
    at_work.cancel(case, "NA")
    at_work.cancel(case, "K", version=1, reason="RH")
    said = {
        each.content.test: (each.state, each.content.reason, each.version) for each in at_work.found(case).observations
    }
    assert said == {"NA": ("cancelled", "QS", 1), "K": ("cancelled", "RH", 2)}
    assert Requisition.objects.get().awaits == "release"
    report = at_work.release(case)
    assert report.status == "cancelled"
    assert Requisition.objects.get().awaits == "nothing"


def test_a_released_result_is_not_cancelled(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    small.finish(case, {"NA": number("138")})
    with pytest.raises(Refused, match="not listed"):
        small.cancel(case, "NA", version=small.choice(case, "NA").version)


def test_what_the_client_abandons_before_the_end_is_not_there(small: Office) -> None:
    case = small.ask(small.register(), "NA")
    at = small.lab.clock()

    run = Measured(case.order("NA"), number("138"), "r", "ANALYSER-1", at)
    said = Message(case.tube, (run,), "ANALYSER-1", b"")
    left = door.enter(small.worker, RecordResults(case.patient, case.work), small.meant(small.worker))
    grant = left.__enter__()
    results.record(grant, results.known(grant), said, office.WHERE, at=at)
    assert not left.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert small.found(case).observations == ()
    assert small.record(case, {"NA": number("138")})


def test_a_dossier_is_read_with_its_own_rows_only(small: Office) -> None:
    patient = small.register()
    case, other = small.ask(patient, "NA"), small.ask(patient, "K")
    small.record(other, {"K": number("4.0")})
    found = small.found(case)
    assert [each.content.test for each in found.orders] == ["NA"]
    assert found.observations == ()
    with pytest.raises(Refused):
        found.specimen(other.tube)
    assert dossier.usable(found.specimen(case.tube))
    assert records.Kept is type(found.requisition)
