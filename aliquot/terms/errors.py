"""The two ways in which something can go wrong."""


class Refused(Exception):
    """This input or act cannot be accepted; tell the person what to do instead.

    The message names a place and never the content, because messages end up in logs.
    """


class Broken(Exception):
    """An invariant failed: stop, and raise the alarm."""


class Unclear(Refused):
    """A machine's words do not say one thing. `place` is where, as the standard addresses it (`OBX-5`)."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
