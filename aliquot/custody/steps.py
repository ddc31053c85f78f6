"""The steps of a migration, as one table: what follows what, who takes it, and what comes with it.

Whatever is not in this table is refused. Source: docs/decisions/0011-how-a-laboratory-moves.md; DOMAIN.md 3.10.
"""

from dataclasses import dataclass
from enum import StrEnum

from aliquot.custody.denial import Denial
from aliquot.custody.roles import Role


class State(StrEnum):
    """How far a migration has come. Closed, aborted and lapsed are for good: the staging key is destroyed."""

    DECLARED = "declared"
    PROFILED = "profiled"
    MAPPED = "mapped"
    REHEARSED = "rehearsed"
    LOADING = "loading"
    LOADED = "loaded"
    RECONCILED = "reconciled"
    CUT_OVER = "cut-over"
    CLOSED = "closed"
    ABORTED = "aborted"
    LAPSED = "lapsed"


class Step(StrEnum):
    """What is done to a migration. That time runs out is no step: nobody takes it."""

    PROFILE = "profile"
    MAP = "map"
    REHEARSE = "rehearse"
    LOAD = "load"
    FINISH = "finish"
    RECONCILE = "reconcile"
    WAY_BACK = "way-back"
    CUT_OVER = "cut-over"
    CLOSE = "close"
    ABORT = "abort"
    EXTEND = "extend"


Part = frozenset[Role]


@dataclass(frozen=True)
class Rule:
    """One line of the table.

    `target` is the state that follows; without one the state stays. `parts` are the people who take it together, each
    with a fresh factor and one of these roles, and no two of them one person; for the loader's own steps there is
    nobody. `brings` says whether the digest of new evidence comes with it. `rests` is the step whose evidence, as it is
    in force, must be named.
    """

    sources: frozenset[State]
    target: State | None
    parts: tuple[Part, ...]
    brings: bool = False
    rests: Step | None = None


_D, _P, _B = Role.DIRECTOR, Role.PRIVACY_OFFICER, Role.BIOLOGIST
_OFFICER: Part = frozenset({_D, _P})
_BOTH: tuple[Part, ...] = (frozenset({_D}), frozenset({_P}))
TWO_SIGN = _BOTH
"""Who signs the mandate of a migration: a director and a privacy officer, who are two people."""
OVER = frozenset({State.CLOSED, State.ABORTED, State.LAPSED})
LIVE = frozenset(State) - OVER

RULES: dict[Step, Rule] = {
    Step.PROFILE: Rule(frozenset({State.DECLARED}), State.PROFILED, (), brings=True),
    # A new map leads back.
    Step.MAP: Rule(
        frozenset({State.PROFILED, State.REHEARSED, State.LOADED}), State.MAPPED, (frozenset({_B}),), brings=True
    ),
    Step.REHEARSE: Rule(frozenset({State.MAPPED}), State.REHEARSED, (), brings=True, rests=Step.MAP),
    # So does the last difference: the old system goes on working until the day of the cut-over.
    Step.LOAD: Rule(
        frozenset({State.REHEARSED, State.LOADED, State.RECONCILED}), State.LOADING, (_OFFICER,), rests=Step.REHEARSE
    ),
    Step.FINISH: Rule(frozenset({State.LOADING}), State.LOADED, (), brings=True, rests=Step.MAP),
    # Two people compare dossiers side by side (`custody.samples`); a privacy officer reads no results.
    Step.RECONCILE: Rule(
        frozenset({State.LOADED}),
        State.RECONCILED,
        (frozenset({_B}), frozenset({_B, _D})),
        brings=True,
        rests=Step.FINISH,
    ),
    # The cut-over names the rehearsal of the way back too, in what it declares (`custody.cutting`).
    Step.WAY_BACK: Rule(frozenset({State.RECONCILED}), None, (), brings=True, rests=Step.RECONCILE),
    Step.CUT_OVER: Rule(frozenset({State.RECONCILED}), State.CUT_OVER, _BOTH, rests=Step.RECONCILE),
    Step.CLOSE: Rule(frozenset({State.CUT_OVER}), State.CLOSED, _BOTH, brings=True, rests=Step.RECONCILE),
    Step.ABORT: Rule(LIVE, State.ABORTED, (_OFFICER,)),
    Step.EXTEND: Rule(LIVE, None, _BOTH),
}

LOADS_IN = frozenset({State.LOADING})
"""When patients are registered and pasts are brought in."""
NAMES_IN = frozenset({State.LOADING, State.LOADED})
"""When rows of the source are named: to load them, and to find again what was loaded."""
MATCHES_IN = frozenset({State.MAPPED, State.REHEARSED, State.LOADING, State.LOADED})
"""When incoming people are compared with those who are known: a rehearsal counts who would be a duplicate."""
DECIDES_IN = frozenset({State.MAPPED, State.REHEARSED, State.LOADING, State.LOADED})
"""When people decide who is whom."""
OPENS_IN = frozenset({State.DECLARED, State.PROFILED, State.MAPPED, State.REHEARSED, State.LOADING, State.LOADED})
"""When a bundle is opened: to profile, rehearse, load and reconcile what it brings."""


def follow(state: State, step: Step) -> State:
    """The state after a step.

    Raises:
        Denial: `step`, it does not follow from here.
    """
    rule = RULES[step]
    if state not in rule.sources:
        raise Denial("step", f"from {state} the step {step} does not follow")
    return rule.target or state


def filled(parts: tuple[Part, ...], people: tuple[frozenset[str], ...]) -> bool:
    """Whether people with these roles, each in one part, fill all parts; in whatever order."""
    if len(parts) != len(people):
        return False
    if not parts:
        return True
    first, *others = people
    return any(first & part and filled((*parts[:at], *parts[at + 1 :]), tuple(others)) for at, part in enumerate(parts))
