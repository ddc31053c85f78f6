"""Who may take which of the listed steps, and what a report's status is: derived, never set by hand.

Every step has an identifier (O4, P3, A5, R6) that history and tests cite; `terms.transitions` lists them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

import msgspec

from aliquot.terms import transitions
from aliquot.terms.errors import Refused
from aliquot.terms.states import Analysis, Order, Report
from aliquot.terms.transitions import Step

S = TypeVar("S", bound=StrEnum)


class Role(StrEnum):
    """Who acts on the state of a thing. `ENGINE` is the rules as themselves; `SYSTEM` follows from another act."""

    SECRETARY = "secretary"
    SAMPLER = "sampler"
    TECHNICIAN = "technician"
    BIOLOGIST = "biologist"
    PRESCRIBER = "prescriber"
    DEVICE = "device"
    INTERFACE = "interface"
    ENGINE = "engine"
    SYSTEM = "system"


class Transition(NamedTuple, Generic[S]):
    """One listed step, and who may take it. From None is creation; `second` says that it needs two different people."""

    rule: str
    before: S | None
    after: S
    roles: frozenset[Role]
    second: bool


def _by(steps: Sequence[Step[S]], roles: Mapping[str, Sequence[Role]]) -> tuple[Transition[S], ...]:
    return tuple(
        Transition(step.rule, step.before, step.after, frozenset(roles[step.rule]), step.rule in _SECOND)
        for step in steps
    )


_BENCH = (Role.TECHNICIAN, Role.BIOLOGIST)
_DESK = (Role.SECRETARY, Role.PRESCRIBER, Role.INTERFACE)
_SECOND = frozenset({"P10", "A14"})

ORDER = _by(
    transitions.ORDER,
    {
        "O1": _DESK,
        "O2": (Role.SECRETARY, Role.INTERFACE),
        "O3": (Role.SECRETARY, *_BENCH),
        "O4": (Role.PRESCRIBER, Role.BIOLOGIST),
        "O5": (Role.SYSTEM,),
        "O6": (Role.BIOLOGIST,),
    },
)

SPECIMEN = _by(
    transitions.SPECIMEN,
    {
        "O2": (Role.SYSTEM,),
        "P1": (Role.SAMPLER, Role.SECRETARY),
        "P2": (Role.SECRETARY, *_BENCH),
        "P3": _BENCH,
        "P4": (Role.BIOLOGIST,),
        "P5": _BENCH,
        "P9": (*_BENCH, Role.SYSTEM),
        "P10": _BENCH,
    },
)

ANALYSIS = _by(
    transitions.ANALYSIS,
    {
        "O2": (Role.SYSTEM,),
        "A1": (Role.SYSTEM,),
        "A3": (Role.DEVICE, *_BENCH),
        "A4": (Role.ENGINE, *_BENCH),
        "A5": (Role.ENGINE, *_BENCH),
        "A6": (Role.BIOLOGIST,),
        "A7": (Role.BIOLOGIST,),
        "A8": (Role.SYSTEM,),
        "A9": (Role.BIOLOGIST,),
        "A10": (Role.BIOLOGIST,),
        "A12": _BENCH,
        "A13": _BENCH,
        "A14": (Role.BIOLOGIST,),
    },
)

_TERMINAL = (Analysis.MED_VALIDATED, Analysis.RELEASED, Analysis.CANCELLED, Analysis.WITHDRAWN)
_CLOSED = (Analysis.RELEASED, Analysis.CANCELLED, Analysis.WITHDRAWN)


def may(table: Sequence[Transition[S]], before: S | None, after: S, role: Role) -> Transition[S]:
    """The listed step from one state to another for this role, to be cited in history.

    It does not look at the step's guards, nor find the second person that `second` asks for.

    Raises:
        Refused: no such step is listed, or not for this role.
    """
    for each in table:
        if each.before == before and each.after == after:
            if role not in each.roles:
                raise Refused(f"{each.rule}: not for this role")
            return each
    raise Refused("states: this step is not listed")


def order(current: Order, analyses: Sequence[Analysis]) -> Order:
    """An order item after its analyses moved: completed (O5) when all are closed and at least one was released.

    When all were cancelled it stays active: only a person revokes it (O4).
    """
    closed = all(each in _CLOSED for each in analyses)
    issued = any(each in (Analysis.RELEASED, Analysis.WITHDRAWN) for each in analyses)
    return Order.COMPLETED if current is Order.ACTIVE and closed and issued else current


class Change(StrEnum):
    """How one thing on a report differs from the version before it."""

    SAME = "same"
    ADDED = "added"
    OTHER = "other"
    WRONG = "wrong"


class Item(msgspec.Struct, frozen=True):
    """One line of a report: how far it is, whether it has a value, how it differs from the version issued before."""

    state: Analysis
    has_value: bool
    change: Change = Change.SAME


class Draft(msgspec.Struct, frozen=True):
    """A report version about to be written. `rest` is how what is no line differs: patient, specimen, words."""

    items: tuple[Item, ...]
    attested: bool = False
    withdrawn: bool = False
    issued_as_final: bool = False
    rest: Change = Change.SAME


def report(draft: Draft) -> Report:
    """The status of a report version, derived and never chosen (R1 to R9).

    Raises:
        Refused: a report without lines; after a final version: not attested, nothing changed, or additions of which
            some are not final (they are issued as a report of their own).
    """
    if draft.withdrawn:
        return Report.IN_ERROR
    if not draft.items:
        raise Refused("report: no lines")
    if all(item.state is Analysis.CANCELLED for item in draft.items):
        return Report.CANCELLED
    return _next_version(draft) if draft.issued_as_final else _first_final(draft)


def _first_final(draft: Draft) -> Report:
    if not any(item.has_value for item in draft.items):
        return Report.REGISTERED
    if not draft.attested:
        return Report.PARTIAL
    return Report.FINAL if all(item.state in _TERMINAL for item in draft.items) else Report.PRELIMINARY


def _next_version(draft: Draft) -> Report:
    if not draft.attested:
        raise Refused("report: a version after the final one needs attestation")
    changes = {draft.rest, *(item.change for item in draft.items)}
    if Change.WRONG in changes:
        return Report.CORRECTED
    if Change.OTHER in changes:
        return Report.AMENDED
    if Change.ADDED not in changes:
        raise Refused("report: nothing changed")
    if any(item.change is Change.ADDED and item.state not in _TERMINAL for item in draft.items):
        raise Refused("report: additions not all terminal")
    return Report.APPENDED
