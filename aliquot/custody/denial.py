"""Why custody says no, or nothing at all. Codes are stable: doors, tests and the manual name them."""

from aliquot.terms.errors import Broken, Refused


class Denial(Refused):
    """Custody says no. `code` is for machines and `reason` for the person; neither holds content."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class CustodyGone(Broken):
    """The custodian does not answer: nothing can be decided, opened or written until it is back."""
