"""Triggers, functions and rules in a dump: what stands in them is done one day, and brings no rows."""

import re

_KIND = re.compile(r"CREATE\s+(?:(?!VIEW\b|TABLE\b|AS\b)\S+\s+)*?(?:TRIGGER|PROCEDURE|FUNCTION|EVENT)\b", re.IGNORECASE)
_SIGNS = re.compile(
    r"[()]|(?<![\w$.])(?:END\s+(?:IF|LOOP|WHILE|REPEAT|FOR)\b|END(?:\s+CASE)?\b|BEGIN\b|CASE\b)", re.IGNORECASE
)


class Body:
    """How deep in a body we are, behind each semicolon."""

    def __init__(self) -> None:
        self._brackets = 0
        self._blocks = 0
        self._has_blocks: bool | None = None

    def goes_on(self, part: str) -> bool:
        """Whether the semicolon behind this part of the statement, which has nothing quoted in it, does not end it."""
        if self._has_blocks is None:
            self._has_blocks = bool(_KIND.match(part))
        for sign in _SIGNS.findall(part):
            if sign in "()":
                self._brackets += 1 if sign == "(" else -1
            # In brackets stand parameters, which may be called `begin`, and each CASE there has its END.
            elif self._has_blocks and not self._brackets:
                self._blocks += _step(sign.upper())
        return self._brackets > 0 or self._blocks > 0


def _step(sign: str) -> int:
    words = sign.split()
    if words[0] == "END":
        return -1 if words[1:] in ([], ["CASE"]) else 0
    return 1
