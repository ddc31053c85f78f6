from collections.abc import Sequence

import pytest

from aliquot.lab import statuses
from aliquot.lab.statuses import Change, Draft, Item, Role, Transition
from aliquot.terms.errors import Refused
from aliquot.terms.states import Analysis, Order, Report, Specimen
from tests.lab import vectors

# The steps as the laboratory's rules list them, written down a second time: from, to, rule, roles by initial.
# s secretary, m sampler, t technician, b biologist, p prescriber, d device, i interface, e engine, y system.
ROLES = dict(zip("smtbpdiey", Role, strict=True))
ORDER = """
- draft O1 spi
draft active O2 si
active on-hold O3 stb
on-hold active O3 stb
active revoked O4 pb
active completed O5 y
draft entered-in-error O6 b
active entered-in-error O6 b
on-hold entered-in-error O6 b
completed entered-in-error O6 b
revoked entered-in-error O6 b
"""
SPECIMEN = """
- expected O2 y
expected collected P1 ms
collected received P2 stb
received accepted P3 tb
received accepted-with-reserve P4 b
received rejected P5 tb
accepted rejected P5 tb
accepted disposed P9 tby
accepted-with-reserve disposed P9 tby
rejected disposed P9 tby
collected lost P10 tb
received lost P10 tb
accepted lost P10 tb
accepted-with-reserve lost P10 tb
"""
ANALYSIS = """
- requested O2 y
requested ready A1 y
ready measured A3 dtb
measured ready A4 etb
measured tech-validated A5 etb
tech-validated med-validated A6 b
measured med-validated A7 b
med-validated released A8 y
tech-validated measured A9 b
med-validated measured A9 b
released measured A10 b
requested cancelled A12 tb
ready cancelled A12 tb
measured cancelled A12 tb
tech-validated cancelled A12 tb
med-validated cancelled A12 tb
requested requested A13 tb
ready requested A13 tb
released withdrawn A14 b
"""


def exhaustively(table: Sequence[Transition[statuses.S]], states: type[statuses.S], listing: str) -> None:
    expected = {
        (before, after, ROLES[initial]): rule
        for before, after, rule, initials in (line.split() for line in listing.split("\n") if line)
        for initial in initials
    }
    for before in (None, *states):
        for after in states:
            for role in Role:
                rule = expected.pop((before or "-", str(after), role), None)
                if rule is None:
                    with pytest.raises(Refused):
                        statuses.may(table, before, after, role)
                else:
                    assert statuses.may(table, before, after, role).rule == rule
    assert not expected


def test_an_order_moves_only_as_listed_and_only_by_those_listed() -> None:
    exhaustively(statuses.ORDER, Order, ORDER)


def test_a_specimen_moves_only_as_listed_and_is_never_accepted_after_rejection() -> None:
    exhaustively(statuses.SPECIMEN, Specimen, SPECIMEN)


def test_an_analysis_moves_only_as_listed_and_only_a_biologist_validates_medically() -> None:
    exhaustively(statuses.ANALYSIS, Analysis, ANALYSIS)


def test_no_step_is_listed_twice() -> None:
    for steps in (
        [(each.before, each.after) for each in statuses.ORDER],
        [(each.before, each.after) for each in statuses.SPECIMEN],
        [(each.before, each.after) for each in statuses.ANALYSIS],
    ):
        assert len(steps) == len(set(steps))


def test_withdrawal_and_loss_need_two_people_and_nothing_else_does() -> None:
    assert {each.rule for each in statuses.SPECIMEN if each.second} == {"P10"}
    assert {each.rule for each in statuses.ANALYSIS if each.second} == {"A14"}
    assert not any(each.second for each in statuses.ORDER)


def test_a_refusal_for_the_role_cites_the_rule() -> None:
    with pytest.raises(Refused, match=r"^A6: "):
        statuses.may(statuses.ANALYSIS, Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED, Role.ENGINE)


OPEN = [
    Analysis.REQUESTED,
    Analysis.READY,
    Analysis.MEASURED,
    Analysis.TECH_VALIDATED,
    Analysis.MED_VALIDATED,
]


@pytest.mark.parametrize("still", OPEN)
def test_an_order_stays_active_while_one_analysis_is_open(still: Analysis) -> None:
    assert statuses.order(Order.ACTIVE, [Analysis.RELEASED, still]) is Order.ACTIVE


@pytest.mark.parametrize("other", [Analysis.RELEASED, Analysis.CANCELLED, Analysis.WITHDRAWN])
def test_an_order_is_completed_when_all_are_closed_and_one_was_released(other: Analysis) -> None:
    assert statuses.order(Order.ACTIVE, [Analysis.RELEASED, other]) is Order.COMPLETED


def test_an_order_of_which_nothing_was_released_waits_for_a_person() -> None:
    assert statuses.order(Order.ACTIVE, [Analysis.CANCELLED]) is Order.ACTIVE
    assert statuses.order(Order.ACTIVE, []) is Order.ACTIVE
    assert statuses.order(Order.ACTIVE, [Analysis.WITHDRAWN]) is Order.COMPLETED


@pytest.mark.parametrize("current", [each for each in Order if each is not Order.ACTIVE])
def test_only_an_active_order_is_completed(current: Order) -> None:
    assert statuses.order(current, [Analysis.RELEASED]) is current


class DraftCase(vectors.Case):
    items: list[tuple[Analysis, bool, Change]]
    attested: bool = False
    withdrawn: bool = False
    issued_as_final: bool = False
    rest: Change = Change.SAME


class StatusCase(vectors.Case):
    name: str
    draft: DraftCase
    expect: Report | None


STATUSES = vectors.read("report_status.json", list[StatusCase])


@pytest.mark.parametrize("case", STATUSES, ids=lambda case: case.name)
def test_a_report_status_is_derived(case: StatusCase) -> None:
    given = case.draft
    draft = Draft(
        items=tuple(Item(*item) for item in given.items),
        attested=given.attested,
        withdrawn=given.withdrawn,
        issued_as_final=given.issued_as_final,
        rest=given.rest,
    )
    if case.expect is None:
        with pytest.raises(Refused):
            statuses.report(draft)
    else:
        assert statuses.report(draft) is case.expect


@pytest.mark.parametrize("state", list(Analysis))
def test_a_report_is_final_exactly_when_its_line_is_terminal(state: Analysis) -> None:
    terminal = state in (Analysis.MED_VALIDATED, Analysis.RELEASED, Analysis.WITHDRAWN)
    expect = Report.CANCELLED if state is Analysis.CANCELLED else Report.FINAL if terminal else Report.PRELIMINARY
    assert statuses.report(Draft((Item(state, has_value=True),), attested=True)) is expect
