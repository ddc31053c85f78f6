import pytest

from aliquot.lab import content, holds
from aliquot.lab.holds import Override
from aliquot.lab.signing import Signer
from aliquot.lab.statuses import Role
from aliquot.terms.errors import Refused
from aliquot.terms.states import Hold

TECHNICIAN = Signer("01", "Technician", Role.TECHNICIAN)
BIOLOGIST = Signer("02", "Biologist", Role.BIOLOGIST)
NOBODY = {Hold.IDENTITY, Hold.UNIT, Hold.MAPPING, Hold.CONFIG}


def may(hold: Hold, signer: Signer, *, repeated: bool = False) -> bool:
    """Whether this person sets this hold aside."""
    try:
        (after,) = holds.set_aside([content.Hold(hold, "rule")], [Override(hold, "because")], signer, repeated=repeated)
    except Refused:
        return False
    return (after.overridden_by, after.override_reason) == (signer.person, "because")


def test_each_hold_is_set_aside_by_whom_the_table_names() -> None:
    blocking = set(Hold) - {Hold.CRITICAL}
    assert {hold for hold in blocking if may(hold, TECHNICIAN)} == {Hold.RANGE_AMR}
    repeated = {hold for hold in blocking if may(hold, TECHNICIAN, repeated=True)}
    assert repeated == {Hold.RANGE_AMR, Hold.DELTA, Hold.INSTRUMENT_FLAG}
    assert {hold for hold in blocking if may(hold, BIOLOGIST)} == blocking - NOBODY
    assert {hold for hold in blocking if may(hold, BIOLOGIST, repeated=True)} == blocking - NOBODY


def test_the_reason_is_needed_and_is_this_hold_s() -> None:
    held = [content.Hold(Hold.DELTA, "AV-14 absolute")]
    for overrides in ([], [Override(Hold.DELTA, " ")], [Override(Hold.SPECIMEN, "because")]):
        with pytest.raises(Refused):
            holds.set_aside(held, overrides, BIOLOGIST, repeated=False)


def test_a_critical_value_and_what_was_set_aside_before_block_nothing() -> None:
    held = (
        content.Hold(Hold.CRITICAL, "AV-13"),
        content.Hold(Hold.QC_UNKNOWN, "AV-06", overridden_by="02", override_reason="seen"),
    )
    assert holds.blocking(held) == ()
    assert holds.set_aside(held, [], TECHNICIAN, repeated=False) == held
