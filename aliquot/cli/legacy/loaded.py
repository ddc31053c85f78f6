"""A load that came to its end, as it is kept and as its digest stands in history: the fate of every row, in counts."""

import hashlib

import msgspec

from aliquot.legacy.fates import Sums
from aliquot.terms import canonical


class Loaded(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Under which mandate and map everything is in, and what became of the rows."""

    mandate: str
    map: str
    sums: Sums

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical form, in hexadecimal."""
        return hashlib.sha256(canonical.encode(self)).hexdigest()
