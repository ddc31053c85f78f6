"""What is kept of a machine's message that could not be filed."""

from datetime import datetime

import msgspec


class Quarantined(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that waits for a person. `place` and `reason` say what was unclear and never what it said.

    `open` are the catalogue's codes of tests that were open on the tubes that it names, none of them of a protected
    class. Schema 1 of the record had none.
    """

    reason: str
    place: str
    device: str
    site: str
    letter: int
    received_at: datetime
    message: bytes
    open: tuple[str, ...] = ()


class Masked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same, as the integrator sees it: structure and codes as they are, identity and values as shapes."""

    reason: str
    place: str
    device: str
    site: str
    letter: int
    received_at: datetime
    segments: tuple[tuple[str, ...], ...]
    open: tuple[str, ...] = ()


class Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an integrator changes before a retry: fields by their address, for codes and structure only."""

    changes: tuple[tuple[str, str], ...]
    comment: str
