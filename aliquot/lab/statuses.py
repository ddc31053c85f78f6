"""Which state may follow which, who may do it, and what a report's status is: derived, never set by hand.

Every step has an identifier (O4, P3, A5, R6) that history and tests cite; what is not listed cannot happen.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

import msgspec

from aliquot.terms.errors import Refused
from aliquot.terms.states import Analysis, Order, Report, Specimen

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
    """One listed step. From None is creation; `second` says that two different people are needed."""

    rule: str
    before: S | None
    after: S
    roles: frozenset[Role]
    second: bool = False


def _steps(
    rule: str, before: Sequence[S | None], after: S, roles: Sequence[Role], *, second: bool = False
) -> tuple[Transition[S], ...]:
    return tuple(Transition(rule, each, after, frozenset(roles), second) for each in before)


_BENCH = (Role.TECHNICIAN, Role.BIOLOGIST)
_DESK = (Role.SECRETARY, Role.PRESCRIBER, Role.INTERFACE)
_PRESENT = (Specimen.RECEIVED, Specimen.ACCEPTED)
_KEPT = (Specimen.ACCEPTED, Specimen.ACCEPTED_WITH_RESERVE)
_UNRELEASED = (
    Analysis.REQUESTED,
    Analysis.READY,
    Analysis.MEASURED,
    Analysis.TECH_VALIDATED,
    Analysis.MED_VALIDATED,
)

ORDER: tuple[Transition[Order], ...] = (
    *_steps("O1", [None], Order.DRAFT, _DESK),
    *_steps("O2", [Order.DRAFT], Order.ACTIVE, (Role.SECRETARY, Role.INTERFACE)),
    *_steps("O3", [Order.ACTIVE], Order.ON_HOLD, (Role.SECRETARY, *_BENCH)),
    *_steps("O3", [Order.ON_HOLD], Order.ACTIVE, (Role.SECRETARY, *_BENCH)),
    *_steps("O4", [Order.ACTIVE], Order.REVOKED, (Role.PRESCRIBER, Role.BIOLOGIST)),
    *_steps("O5", [Order.ACTIVE], Order.COMPLETED, (Role.SYSTEM,)),
    *_steps("O6", [each for each in Order if each is not Order.IN_ERROR], Order.IN_ERROR, (Role.BIOLOGIST,)),
)

SPECIMEN: tuple[Transition[Specimen], ...] = (
    *_steps("O2", [None], Specimen.EXPECTED, (Role.SYSTEM,)),
    *_steps("P1", [Specimen.EXPECTED], Specimen.COLLECTED, (Role.SAMPLER, Role.SECRETARY)),
    *_steps("P2", [Specimen.COLLECTED], Specimen.RECEIVED, (Role.SECRETARY, *_BENCH)),
    *_steps("P3", [Specimen.RECEIVED], Specimen.ACCEPTED, _BENCH),
    *_steps("P4", [Specimen.RECEIVED], Specimen.ACCEPTED_WITH_RESERVE, (Role.BIOLOGIST,)),
    *_steps("P5", _PRESENT, Specimen.REJECTED, _BENCH),
    *_steps("P9", [*_KEPT, Specimen.REJECTED], Specimen.DISPOSED, (*_BENCH, Role.SYSTEM)),
    *_steps("P10", [Specimen.COLLECTED, Specimen.RECEIVED, *_KEPT], Specimen.LOST, _BENCH, second=True),
)

ANALYSIS: tuple[Transition[Analysis], ...] = (
    *_steps("O2", [None], Analysis.REQUESTED, (Role.SYSTEM,)),
    *_steps("A1", [Analysis.REQUESTED], Analysis.READY, (Role.SYSTEM,)),
    *_steps("A3", [Analysis.READY], Analysis.MEASURED, (Role.DEVICE, *_BENCH)),
    *_steps("A4", [Analysis.MEASURED], Analysis.READY, (Role.ENGINE, *_BENCH)),
    *_steps("A5", [Analysis.MEASURED], Analysis.TECH_VALIDATED, (Role.ENGINE, *_BENCH)),
    *_steps("A6", [Analysis.TECH_VALIDATED], Analysis.MED_VALIDATED, (Role.BIOLOGIST,)),
    *_steps("A7", [Analysis.MEASURED], Analysis.MED_VALIDATED, (Role.BIOLOGIST,)),
    *_steps("A8", [Analysis.MED_VALIDATED], Analysis.RELEASED, (Role.SYSTEM,)),
    *_steps("A9", [Analysis.TECH_VALIDATED, Analysis.MED_VALIDATED], Analysis.MEASURED, (Role.BIOLOGIST,)),
    # The next version opens; the released one stays as it is and stays current until the next is released.
    *_steps("A10", [Analysis.RELEASED], Analysis.MEASURED, (Role.BIOLOGIST,)),
    *_steps("A12", _UNRELEASED, Analysis.CANCELLED, _BENCH),
    *_steps("A13", [Analysis.REQUESTED, Analysis.READY], Analysis.REQUESTED, _BENCH),
    *_steps("A14", [Analysis.RELEASED], Analysis.WITHDRAWN, (Role.BIOLOGIST,), second=True),
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
