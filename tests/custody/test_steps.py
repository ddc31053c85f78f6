"""The table of steps is what decision 11 says, and whatever is not in it is refused."""

from itertools import product
from pathlib import Path

import pytest

from aliquot.custody import steps
from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role
from aliquot.custody.steps import OVER, RULES, State, Step

# Written down a second time, from the decision, by hand.
FOLLOWS = {
    ("declared", "profile"): "profiled",
    ("profiled", "map"): "mapped",
    ("rehearsed", "map"): "mapped",
    ("loaded", "map"): "mapped",
    ("mapped", "rehearse"): "rehearsed",
    ("rehearsed", "load"): "loading",
    ("loaded", "load"): "loading",
    ("reconciled", "load"): "loading",
    ("loading", "finish"): "loaded",
    ("loaded", "reconcile"): "reconciled",
    ("reconciled", "way-back"): "reconciled",
    ("reconciled", "cut-over"): "cut-over",
    ("cut-over", "close"): "closed",
} | {
    (state, step): state if step == "extend" else "aborted"
    for state in (*("declared", "profiled", "mapped", "rehearsed", "loading", "loaded", "reconciled", "cut-over"),)
    for step in ("abort", "extend")
}
WHO: dict[str, set[frozenset[str]]] = {
    "profile": set(),
    "map": {frozenset({"biologist"})},
    "rehearse": set(),
    "load": {frozenset({"director"}), frozenset({"privacy-officer"})},
    "finish": set(),
    "reconcile": {frozenset({"biologist", other}) for other in ("biologist", "director")},
    "way-back": set(),
    "cut-over": {frozenset({"director", "privacy-officer"})},
    "close": {frozenset({"director", "privacy-officer"})},
    "abort": {frozenset({"director"}), frozenset({"privacy-officer"})},
    "extend": {frozenset({"director", "privacy-officer"})},
}
TOGETHER = {"reconcile", "cut-over", "close", "extend"}
BRINGS = {"profile", "map", "rehearse", "finish", "reconcile", "way-back", "close"}
RESTS = {
    "rehearse": "map",
    "load": "rehearse",
    "finish": "map",
    "reconcile": "finish",
    "way-back": "reconcile",
    "cut-over": "reconcile",
    "close": "reconcile",
}


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_a_step_follows_exactly_where_the_decision_says(state: State, step: Step) -> None:
    if (state, step) in FOLLOWS:
        assert steps.follow(state, step) == FOLLOWS[state, step]
        return
    with pytest.raises(Denial) as refused:
        steps.follow(state, step)
    assert refused.value.code == "step"


@pytest.mark.parametrize("step", Step)
def test_exactly_these_people_take_a_step(step: Step) -> None:
    parts = RULES[step].parts
    alone = {(frozenset({role}),) for role in Role}
    pairs = {(frozenset({one}), frozenset({other})) for one, other in product(Role, Role)}
    for people in (*alone, *pairs, ()):
        roles = frozenset().union(*people)
        right = roles in WHO[step] and len(people) == (2 if step in TOGETHER else 1)
        expected = right if WHO[step] else people == ()
        assert steps.filled(parts, people) is expected, (step, people)


def test_one_person_with_two_roles_is_still_one_person() -> None:
    both = frozenset({Role.DIRECTOR, Role.PRIVACY_OFFICER})
    assert not steps.filled(RULES[Step.CLOSE].parts, (both,))
    assert steps.filled(RULES[Step.CLOSE].parts, (both, frozenset({Role.DIRECTOR})))
    assert not steps.filled(RULES[Step.CLOSE].parts, (frozenset({Role.DIRECTOR}), frozenset({Role.DIRECTOR})))


def test_each_step_brings_and_rests_on_what_the_decision_says() -> None:
    assert {step for step, rule in RULES.items() if rule.brings} == BRINGS
    assert {step: rule.rests for step, rule in RULES.items() if rule.rests} == RESTS
    assert set(RESTS.values()) <= BRINGS


def test_what_is_over_stays_over_and_allows_nothing() -> None:
    assert {State.CLOSED, State.ABORTED, State.LAPSED} == OVER
    assert not any(rule.sources & OVER for rule in RULES.values())
    for allowed in (steps.LOADS_IN, steps.NAMES_IN, steps.MATCHES_IN, steps.DECIDES_IN, steps.OPENS_IN):
        assert not allowed & OVER
    assert [*steps.LOADS_IN] == [State.LOADING]


def test_the_walk_shows_the_table_that_is_in_force() -> None:
    walk = (Path(__file__).parents[2] / "docs" / "walks.md").read_text().split("## 5. ")[1]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in walk.splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        [
            step,
            "any that is not over" if rule.sources == steps.LIVE else ", ".join(s for s in State if s in rule.sources),
            rule.target or "the same",
            "; and ".join(_told(part) for part in rule.parts) or "loader",
            "evidence" if rule.brings else "",
            rule.rests or "",
        ]
        for step, rule in RULES.items()
    ]


def _told(part: steps.Part) -> str:
    *most, last = [role.replace("-", " ") for role in Role if role in part]
    return f"{', '.join(most)} or {last}" if most else last
