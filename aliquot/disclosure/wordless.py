"""A record without anybody's own words: what leaves where two people did not name comments (CONTROLS B4).

A result in words is still said to be there, and masked. Codes, numbers and names stay.
"""

import msgspec

from aliquot.lab.content import Observation, OrderItem
from aliquot.terms.quantities import Absent, Text


def of(says: msgspec.Struct) -> msgspec.Struct:
    """What a record says, without what somebody wrote in it as they liked."""
    match says:
        case Observation():
            return msgspec.structs.replace(
                says,
                value=Absent("masked") if isinstance(says.value, Text) else says.value,
                comment="",
                reason="",
                holds=tuple(msgspec.structs.replace(hold, override_reason="") for hold in says.holds),
            )
        case OrderItem():
            return msgspec.structs.replace(says, reason="")
        case _:
            return says
