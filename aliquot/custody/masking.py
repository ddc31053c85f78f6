"""What an integrator is shown of a waiting message: structure and codes as they are, identity and values as shapes.

It happens here, so that the process at the desk never holds the message itself.
"""

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.letters import Masked, Quarantined
from aliquot.wire.hl7v2 import masks, messages


def masked(body: bytes) -> bytes:
    """The canonical form of `terms.letters.Masked` for a sealed `terms.letters.Quarantined`."""
    kept = _QUARANTINED.decode(body)
    return canonical.encode(
        Masked(
            reason=kept.reason,
            place=kept.place,
            device=kept.device,
            site=kept.site,
            letter=kept.letter,
            received_at=kept.received_at,
            segments=_segments(kept.message),
            open=kept.open,
        )
    )


def _segments(message: bytes) -> tuple[tuple[str, ...], ...]:
    try:
        parsed = messages.parse(message)
    except Refused:
        # What cannot be parsed has no structure to show; its shape as one line is all that is safe.
        return (("unreadable", masks.shape(message.decode("latin-1"), "")),)
    return tuple((segment.name, *segment.fields[1:]) for segment in masks.segments(parsed))


_QUARANTINED = msgspec.json.Decoder(Quarantined)
