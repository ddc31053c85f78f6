from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aliquot.lab import delta
from aliquot.lab.catalogue import Delta
from aliquot.lab.delta import NotComparable, Taken
from aliquot.terms.quantities import Coded, Quantity, Text, Value
from aliquot.terms.states import Analysis
from tests.lab import vectors
from tests.lab.test_reference import measured

MONDAY = datetime(2026, 1, 5, 8, tzinfo=UTC)
AMOUNT = Delta(kind="absolute", max_days=30, absolute=Decimal(1))


class Rcv(vectors.Case):
    cv_a: Decimal
    cv_i: Decimal
    expect: str


class LogRcv(vectors.Case):
    cv_a: Decimal
    cv_i: Decimal
    fall: str
    rise: str


class Change(vectors.Case):
    name: str
    rule: dict[str, str]
    before: str
    now: str
    hours: float
    expect: bool | None


class Vectors(vectors.Case):
    rcv_percent: list[Rcv]
    log_rcv_percent: list[LogRcv]
    exceeds: list[Change]


VECTORS = vectors.read("delta.json", Vectors)


def taken(value: Value, at: datetime | None = MONDAY, state: Analysis = Analysis.RELEASED, tube: str = "SER") -> Taken:
    return Taken(value=value, specimen_type=tube, collected_at=at, state=state)


def number(text: str, ucum: str = "mmol/L") -> Quantity:
    return Quantity(Decimal(text), ucum)


@pytest.mark.parametrize("case", VECTORS.rcv_percent, ids=lambda case: case.expect)
def test_the_reference_change_value_is_the_published_one(case: Rcv) -> None:
    found = delta.rcv_percent(case.cv_a, case.cv_i, Decimal("1.96"))
    assert str(found.quantize(Decimal("0.01"))) == case.expect


@pytest.mark.parametrize("case", VECTORS.log_rcv_percent, ids=lambda case: case.rise)
def test_the_logarithmic_limits_are_the_published_ones(case: LogRcv) -> None:
    fall, rise = delta.log_rcv_percent(case.cv_a, case.cv_i, Decimal("1.96"))
    assert (str(fall.quantize(Decimal("0.01"))), str(rise.quantize(Decimal("0.01")))) == (case.fall, case.rise)


@pytest.mark.parametrize("case", VECTORS.exceeds, ids=lambda case: case.name)
def test_a_change_is_held_only_when_it_is_surely_too_much(case: Change) -> None:
    limits = {name: Decimal(limit) for name, limit in case.rule.items() if name != "kind"}
    rule = Delta(kind=case.rule["kind"], max_days=30, **limits)  # type: ignore[arg-type] # the vector names the kind
    before = taken(measured(case.before))
    now = taken(measured(case.now), MONDAY + timedelta(hours=case.hours), Analysis.MEASURED)
    if case.expect is None:
        with pytest.raises(NotComparable):
            delta.exceeds(rule, now, before)
    else:
        assert delta.exceeds(rule, now, before) is case.expect


@pytest.mark.parametrize(
    "before",
    [
        taken(number("9", "mg/L")),
        taken(number("9"), tube="PLAS"),
        taken(number("9"), at=None),
        taken(Text("9")),
        *(taken(number("9"), state=state) for state in Analysis if state is not Analysis.RELEASED),
    ],
)
def test_only_a_released_value_of_the_same_unit_and_tube_is_compared(before: Taken) -> None:
    now = taken(number("5"), MONDAY + timedelta(days=1), Analysis.MEASURED)
    assert delta.exceeds(AMOUNT, now, taken(number("9")))
    with pytest.raises(NotComparable):
        delta.exceeds(AMOUNT, now, before)


def test_coded_results_are_held_by_the_table_of_changes() -> None:
    rule = Delta(kind="coded", max_days=30, changes=(("neg", "pos"),))
    later = MONDAY + timedelta(days=1)
    negative, positive = Coded("s", "neg", ""), Coded("s", "pos", "")
    assert delta.exceeds(rule, taken(positive, later), taken(negative))
    assert not delta.exceeds(rule, taken(negative, later), taken(positive))
    for other in (Coded("other", "pos", ""), Text("pos")):
        with pytest.raises(NotComparable):
            delta.exceeds(rule, taken(other, later), taken(negative))
        with pytest.raises(NotComparable):
            delta.exceeds(rule, taken(negative, later), taken(other))
    with pytest.raises(NotComparable):
        delta.exceeds(rule, taken(positive, MONDAY + timedelta(days=31)), taken(negative))


def test_the_change_is_told_as_a_part_of_what_is_allowed() -> None:
    later = MONDAY + timedelta(days=1)
    assert delta.ratio(AMOUNT, taken(number("5.5"), later), taken(number("4"))) == Decimal("1.5")
    skewed = Delta(kind="log-rcv", max_days=30, cv_a=Decimal(3), cv_i=Decimal("17.9"))
    assert delta.ratio(skewed, taken(number("50"), later), taken(number("100"))) > 1


@pytest.mark.parametrize(
    ("ratios", "expect"),
    [
        (["2", "2", "2"], True),
        (["2", "2"], False),
        (["1.5", "1.5", "1.5"], False),
        (["-2", "2", "-2"], True),
        (["100", "0", "0", "0"], False),
        (["100", "100", "0", "0"], False),
    ],
)
def test_a_swap_is_suspected_from_three_analytes_that_moved_together(ratios: list[str], expect: bool) -> None:
    assert delta.swap_suspected([Decimal(ratio) for ratio in ratios]) is expect
