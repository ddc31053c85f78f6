from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from aliquot.lab import verification
from aliquot.lab.catalogue import Answer, Consistency, Delta, Names
from aliquot.lab.catalogue import Test as Examination
from aliquot.lab.delta import Taken
from aliquot.lab.reference import Band, Flag, Person
from aliquot.lab.verification import Decision, Facts, NotApplicable, Pass, Policy, Result
from aliquot.terms.identity import Sex
from aliquot.terms.kinds import Harm
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value
from aliquot.terms.states import Analysis, Hold, Specimen
from tests.lab.test_reference import measured

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
NAMES = Names(en="Potassium", fr="Potassium")
POTASSIUM = Examination(
    code="K",
    loinc="2823-3",
    names=NAMES,
    section="biochemistry",
    specimen_type="SER",
    tube="yellow",
    method="ion-selective electrode",
    ucum="mmol/L",
    decimals=1,
    amr_low=Decimal("1.5"),
    amr_high=Decimal(10),
    plausible_low=Decimal("1.4"),
    plausible_high=Decimal(12),
    stability_hours=24,
    references=(Band(low=Decimal("3.5"), high=Decimal("5.1"), text="adult"),),
    criticals=(Band(low=Decimal("2.5"), high=Decimal("6.5")),),
    delta=Delta(kind="absolute", max_days=30, absolute=Decimal("1.89")),
)
SEROLOGY = msgspec.structs.replace(
    POTASSIUM,
    code="HIV",
    ucum="",
    amr_low=None,
    amr_high=None,
    references=(),
    criticals=(),
    delta=None,
    answers=(
        Answer("s", "neg", NAMES, Flag.NORMAL),
        Answer("s", "pos", NAMES, Flag.ABNORMAL),
        Answer("s", "worst", NAMES, Flag.CRITICAL),
    ),
)
PREVIOUS = Taken(measured("4.2"), "SER", AT - timedelta(hours=12), Analysis.RELEASED)
RESULT = Result(measured("4.3"), "SER", Specimen.ACCEPTED, AT, AT + timedelta(hours=1), instrument_flags=("N",))
FACTS = Facts(
    person=Person(Sex.FEMALE, date(1980, 6, 15), date(2026, 1, 5)),
    identity="clear",
    quality="ok",
    previous=PREVIOUS,
    siblings={},
    allowed_flags=("N", "H"),
)
POLICY = Policy(rules="1", technical=True)


def decide(
    result: Result = RESULT, test: Examination = POTASSIUM, facts: Facts = FACTS, policy: Policy = POLICY
) -> Decision:
    return verification.decide(result, test, facts, (), policy)


def result(value: Value | str, **other: object) -> Result:
    return msgspec.structs.replace(RESULT, value=measured(value) if isinstance(value, str) else value, **other)


def facts(**other: object) -> Facts:
    return msgspec.structs.replace(FACTS, **other)


def holds(decision: Decision) -> list[str]:
    return [each.hold for each in decision.holds]


def test_a_result_that_passes_every_check_is_technically_validated_and_no_further() -> None:
    found = decide()
    assert (found.state, found.flag, found.critical) == (Analysis.TECH_VALIDATED, Flag.NORMAL, False)
    assert (found.holds, found.by_hand) == ((), ())
    assert found.reference is not None
    assert (found.reference.low, found.reference.high, found.reference.text) == ("3.5", "5.1", "adult")


def test_every_check_is_recorded_in_the_order_of_the_rules() -> None:
    assert [each.name for each in decide().checks] == [
        "identity",
        "specimen",
        "unit",
        "measuring range",
        "plausibility",
        "instrument",
        "quality",
        "range",
        "critical",
        "delta",
        "consistency",
        "sensitive",
    ]


@pytest.mark.parametrize("identity", ["doubtful", "unknown"])
def test_an_identity_that_is_not_clear_holds(identity: str) -> None:
    assert holds(decide(facts=facts(identity=identity))) == [Hold.IDENTITY]


@pytest.mark.parametrize("state", [each for each in Specimen if each is not Specimen.ACCEPTED])
def test_only_a_specimen_accepted_without_reserve_passes(state: Specimen) -> None:
    assert holds(decide(result("4.3", specimen_state=state))) == [Hold.SPECIMEN]


def test_a_specimen_of_another_type_holds() -> None:
    found = decide(result("4.3", specimen_type="PLAS"))
    assert holds(found) == [Hold.SPECIMEN]


@pytest.mark.parametrize(
    ("measured_at", "expect"),
    [
        (AT + timedelta(hours=24), []),
        (AT + timedelta(hours=24, seconds=1), [Hold.SPECIMEN]),
        (AT - timedelta(seconds=1), [Hold.SPECIMEN]),
        (AT, []),
        (None, [Hold.SPECIMEN]),
    ],
)
def test_a_specimen_is_measured_after_collection_and_within_its_stability(
    measured_at: datetime | None, expect: list[Hold]
) -> None:
    assert holds(decide(result("4.3", measured_at=measured_at))) == expect


def test_an_unknown_time_of_measuring_passes_only_where_no_stability_is_stated() -> None:
    lasting = msgspec.structs.replace(POTASSIUM, stability_hours=None)
    assert holds(decide(result("4.3", measured_at=None), lasting)) == []


def test_a_result_without_the_time_of_collection_waits_for_a_person() -> None:
    lasting = msgspec.structs.replace(POTASSIUM, stability_hours=None)
    assert holds(decide(result("4.3", collected_at=None), lasting)) == [Hold.SPECIMEN]


def test_another_unit_holds_and_no_number_is_judged_in_it() -> None:
    found = decide(result(Quantity(Decimal(4300), "umol/L")))
    assert holds(found) == [Hold.UNIT]
    assert (found.flag, found.critical) == (Flag.NONE, False)


@pytest.mark.parametrize(
    ("value", "expect"),
    [
        ("1.4", [Hold.RANGE_AMR, Hold.CRITICAL, Hold.DELTA]),
        ("10.1", [Hold.RANGE_AMR, Hold.CRITICAL, Hold.DELTA]),
        ("1.3", [Hold.RANGE_AMR, Hold.IMPLAUSIBLE, Hold.CRITICAL, Hold.DELTA]),
        ("12.1", [Hold.RANGE_AMR, Hold.IMPLAUSIBLE, Hold.CRITICAL, Hold.DELTA]),
        ("0", [Hold.RANGE_AMR, Hold.IMPLAUSIBLE, Hold.CRITICAL, Hold.DELTA]),
        ("<1.5", [Hold.CRITICAL, Hold.DELTA]),
        (">10", [Hold.CRITICAL, Hold.DELTA]),
        ("<=1.5", [Hold.CRITICAL, Hold.DELTA]),
        (">=10", [Hold.CRITICAL, Hold.DELTA]),
        ("<4.5", [Hold.RANGE_AMR, Hold.CRITICAL]),
        (">1.5", [Hold.RANGE_AMR, Hold.CRITICAL]),
        ("6.5", [Hold.CRITICAL, Hold.DELTA]),
        ("6.4", [Hold.DELTA]),
        ("6.1", [Hold.DELTA]),
        ("6.09", []),
    ],
)
def test_numbers_are_held_by_every_limit_that_they_cross(value: str, expect: list[Hold]) -> None:
    assert holds(decide(result(value))) == expect


@pytest.mark.parametrize(
    ("limit", "expect"),
    [("amr_low", Hold.RANGE_AMR), ("amr_high", Hold.RANGE_AMR), ("plausible_low", Hold.IMPLAUSIBLE)],
)
def test_one_limit_alone_is_looked_at(limit: str, expect: Hold) -> None:
    none = dict.fromkeys(("amr_low", "amr_high", "plausible_low", "plausible_high"))
    bound = Decimal("4.4") if limit.endswith("low") else Decimal("4.2")
    alone = msgspec.structs.replace(POTASSIUM, **(none | {limit: bound}))
    assert holds(decide(test=alone)) == [expect]


def test_a_critical_result_opens_a_call_only_when_it_is_surely_critical() -> None:
    assert decide(result("6.5")).critical
    assert decide(result("<1.5")).flag is Flag.LOW_CRITICAL
    assert not decide(result("<4.5")).critical


def test_an_instrument_flag_that_is_not_on_the_devices_list_holds() -> None:
    assert holds(decide(result("4.3", instrument_flags=("N", "clot")))) == [Hold.INSTRUMENT_FLAG]
    assert holds(decide(result("4.3", instrument_flags=()))) == []


@pytest.mark.parametrize(
    ("quality", "expect"),
    [("ok", []), ("not-required", []), ("rejected", [Hold.QC_REJECTED]), ("unknown", [Hold.QC_UNKNOWN])],
)
def test_the_control_decides_whether_a_result_may_pass(quality: str, expect: list[Hold]) -> None:
    assert holds(decide(facts=facts(quality=quality))) == expect


def test_two_equal_ranges_hold_and_give_no_flag() -> None:
    twice = msgspec.structs.replace(POTASSIUM, references=POTASSIUM.references * 2)
    found = decide(test=twice)
    assert holds(found) == [Hold.CONFIG]
    assert (found.flag, found.reference) == (Flag.NONE, None)


def test_without_a_range_there_is_no_flag_and_a_person_looks() -> None:
    bare = msgspec.structs.replace(POTASSIUM, references=())
    found = decide(test=bare)
    assert (found.flag, found.holds, found.by_hand) == (Flag.NONE, (), ("AV-19 no range",))
    assert found.state is Analysis.MEASURED


def test_a_check_that_cannot_be_evaluated_holds_and_never_passes() -> None:
    found = decide(result(Quantity(Decimal("NaN"), "mmol/L")))
    assert set(holds(found)) == {Hold.CONFIG}
    assert {each.detail for each in found.holds} >= {"measuring range: could not be evaluated"}
    assert (found.state, found.flag) == (Analysis.MEASURED, Flag.NONE)


def test_the_first_result_of_a_patient_needs_a_person_unless_the_policy_says_so() -> None:
    first = facts(previous=None)
    assert decide(facts=first).by_hand == ("AV-14 no previous value",)
    assert decide(facts=first).state is Analysis.MEASURED
    allowed = Policy(rules="1", technical=True, without_previous=True)
    assert decide(facts=first, policy=allowed).state is Analysis.TECH_VALIDATED


def test_a_previous_value_that_cannot_be_compared_is_said_to_be_so() -> None:
    unreleased = msgspec.structs.replace(PREVIOUS, state=Analysis.MED_VALIDATED)
    delta = next(each for each in decide(facts=facts(previous=unreleased)).checks if each.name == "delta")
    assert delta.outcome == NotApplicable("the previous value is not released")


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (Policy(rules="1", technical=False), "AV-01 no policy in force"),
        (Policy(rules="1", technical=True, suspended=True), "AV-01 no policy in force"),
    ],
)
def test_without_a_policy_in_force_nothing_is_validated_by_rules(policy: Policy, reason: str) -> None:
    found = decide(policy=policy)
    assert (found.state, found.by_hand, found.holds) == (Analysis.MEASURED, (reason,), ())


def test_what_was_typed_by_hand_needs_a_person() -> None:
    assert decide(result("4.3", typed=True)).by_hand == ("AV-16 typed by hand",)


def test_a_comparator_needs_a_person_unless_the_policy_allows_it() -> None:
    crp = msgspec.structs.replace(POTASSIUM, criticals=(), delta=None)
    assert decide(result("<1.5"), crp).by_hand == ("AV-08 comparator",)
    allowed = Policy(rules="1", technical=True, comparators=True)
    assert decide(result("<1.5"), crp, policy=allowed).state is Analysis.TECH_VALIDATED


@pytest.mark.parametrize("value", [Absent("error"), Text("see comment")])
def test_absence_and_words_are_no_number_and_never_validated_by_rules(value: Value) -> None:
    found = decide(result(value))
    assert (found.state, found.flag, found.holds) == (Analysis.MEASURED, Flag.NONE, ())
    assert found.by_hand == ("AV-08 no value that rules can judge",)


def test_coded_answers_are_flagged_by_the_catalogue_and_abnormal_ones_go_to_a_biologist() -> None:
    negative, positive, worst = (decide(result(Coded("s", code, "")), SEROLOGY) for code in ("neg", "pos", "worst"))
    assert (negative.flag, holds(negative), negative.state) == (Flag.NORMAL, [], Analysis.TECH_VALIDATED)
    assert (positive.flag, holds(positive), positive.critical) == (Flag.ABNORMAL, [Hold.SENSITIVE], False)
    assert (worst.flag, holds(worst), worst.critical) == (Flag.CRITICAL, [Hold.CRITICAL, Hold.SENSITIVE], True)


def test_an_answer_that_is_not_on_the_list_is_not_mapped() -> None:
    for value in (Coded("s", "maybe", ""), Coded("other", "neg", "")):
        assert holds(decide(result(value), SEROLOGY)) == [Hold.MAPPING]


def test_a_restricted_test_is_always_a_biologists() -> None:
    restricted = msgspec.structs.replace(SEROLOGY, harm=Harm.RESTRICTED)
    assert holds(decide(result(Coded("s", "neg", "")), restricted)) == [Hold.SENSITIVE]


NOT_ABOVE = Consistency(rule="not-above", tests=("HDL", "CHOL"))
THREE_TIMES = Consistency(rule="three-times", tests=("HCT", "HGB"))


@pytest.mark.parametrize(
    ("rule", "first", "second", "agrees"),
    [
        (NOT_ABOVE, Quantity(Decimal("5.2"), "mmol/L"), Quantity(Decimal("5.2"), "mmol/L"), True),
        (NOT_ABOVE, Quantity(Decimal("5.3"), "mmol/L"), Quantity(Decimal("5.2"), "mmol/L"), False),
        (NOT_ABOVE, Quantity(Decimal("5.1"), "mmol/L"), Quantity(Decimal("5200"), "umol/L"), True),
        (NOT_ABOVE, Quantity(Decimal("5.3"), "mmol/L"), Quantity(Decimal("5.2"), "mmol/L", "<"), True),
        (THREE_TIMES, Quantity(Decimal("42"), "%"), Quantity(Decimal("14"), "g/dL"), True),
        (THREE_TIMES, Quantity(Decimal("46.2"), "%"), Quantity(Decimal("14"), "g/dL"), True),
        (THREE_TIMES, Quantity(Decimal("46.3"), "%"), Quantity(Decimal("14"), "g/dL"), False),
        (THREE_TIMES, Quantity(Decimal("0.377"), "L/L"), Quantity(Decimal("140"), "g/L"), False),
    ],
)
def test_two_results_of_one_tube_must_agree_whichever_comes_last(
    rule: Consistency, first: Quantity, second: Quantity, agrees: bool
) -> None:
    for code, value, other in (("first", first, second), ("second", second, first)):
        mine, sibling = rule.tests if code == "first" else rule.tests[::-1]
        test = msgspec.structs.replace(
            POTASSIUM,
            code=mine,
            ucum=value.ucum,
            amr_low=None,
            amr_high=None,
            plausible_high=None,
            criticals=(),
            delta=None,
        )
        given = facts(siblings={sibling: other})
        found = verification.decide(result(value), test, given, (rule,), POLICY)
        assert (Hold.CONSISTENCY in holds(found)) is not agrees


def test_consistency_passes_while_the_other_result_is_not_there() -> None:
    test = msgspec.structs.replace(POTASSIUM, code="HDL")
    found = verification.decide(RESULT, test, FACTS, (NOT_ABOVE,), POLICY)
    assert next(each.outcome for each in found.checks if each.name == "consistency") == Pass()


def test_no_detail_of_a_hold_repeats_a_value() -> None:
    found = decide(
        result("11.987", specimen_type="PLAS", instrument_flags=("secret",)), facts=facts(identity="doubtful")
    )
    said = " ".join(each.detail for each in found.holds) + str([each.outcome for each in found.checks])
    assert len(found.holds) >= 5
    assert "11.987" not in said
    assert "secret" not in said
