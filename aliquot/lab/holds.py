"""Who may set which hold aside, and when. Pure. Source: the table of holds (DOMAIN 3.3)."""

from collections.abc import Sequence

import msgspec

from aliquot.lab import content
from aliquot.lab.signing import Signer
from aliquot.lab.statuses import Role
from aliquot.terms import states
from aliquot.terms.errors import Refused


class Override(msgspec.Struct, frozen=True):
    """One hold that is set aside, and why."""

    hold: states.Hold
    reason: str


_BENCH = frozenset({Role.TECHNICIAN, Role.BIOLOGIST})
_BIOLOGIST = frozenset({Role.BIOLOGIST})
_NOBODY: frozenset[Role] = frozenset()

_MAY: dict[states.Hold, frozenset[Role]] = {
    states.Hold.IDENTITY: _NOBODY,
    states.Hold.SPECIMEN: _BIOLOGIST,
    states.Hold.QC_REJECTED: _BIOLOGIST,
    states.Hold.QC_UNKNOWN: _BIOLOGIST,
    states.Hold.INSTRUMENT_FLAG: _BIOLOGIST,
    states.Hold.RANGE_AMR: _BENCH,
    states.Hold.IMPLAUSIBLE: _BIOLOGIST,
    states.Hold.DELTA: _BIOLOGIST,
    states.Hold.CONSISTENCY: _BIOLOGIST,
    states.Hold.UNIT: _NOBODY,
    states.Hold.MAPPING: _NOBODY,
    states.Hold.CONFIG: _NOBODY,
    states.Hold.SENSITIVE: _BIOLOGIST,
    states.Hold.SAMPLED: _BIOLOGIST,
    states.Hold.MANUAL: _BIOLOGIST,
}
_AFTER_REPEAT = frozenset({states.Hold.INSTRUMENT_FLAG, states.Hold.DELTA})
"""A technician may set these aside once the result was measured again and the hold is still there."""

_NEVER_BLOCKS = frozenset({states.Hold.CRITICAL})
"""A critical value is called, and validated all the same."""


def blocking(holds: Sequence[content.Hold]) -> tuple[content.Hold, ...]:
    """The holds that still stand in the way of validation."""
    return tuple(each for each in holds if each.hold not in _NEVER_BLOCKS and not each.overridden_by)


def may(hold: states.Hold, role: Role, *, repeated: bool) -> bool:
    """Whether this role may set such a hold aside; `repeated` says that the result was measured again."""
    return role in _MAY[hold] or (repeated and hold in _AFTER_REPEAT and role in _BENCH)


def set_aside(
    holds: Sequence[content.Hold], overrides: Sequence[Override], signer: Signer, *, repeated: bool
) -> tuple[content.Hold, ...]:
    """The holds of a result with those set aside that stood in the way, by whom and why.

    Raises:
        Refused: one of them is not set aside, has no reason, or is not this role's to set aside.
    """
    reasons = {each.hold.value: each.reason.strip() for each in overrides}
    return tuple(_after(each, reasons, signer, repeated=repeated) for each in holds)


def _after(hold: content.Hold, reasons: dict[str, str], signer: Signer, *, repeated: bool) -> content.Hold:
    if not blocking([hold]):
        return hold
    reason = reasons.get(hold.hold, "")
    if not reason:
        raise Refused(f"hold {hold.hold}: it stands, or no reason was given to set it aside")
    if not may(states.Hold(hold.hold), signer.role, repeated=repeated):
        raise Refused(f"hold {hold.hold}: not for this role")
    return msgspec.structs.replace(hold, overridden_by=signer.person, override_reason=reason)
