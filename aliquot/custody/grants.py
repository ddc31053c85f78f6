"""Grants: what an act that was allowed may do, for as long as it lasts. They live in memory and die with custody."""

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import final

from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.portions import Portion
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.terms.ids import Id

LIFETIME = 60 * 1_000_000
"""In microseconds (HOUSE 3, protocol of an act, 1)."""


@dataclass
class Grant:
    """One act of one asker about one subject. `work` is the requisition in whose portion it works, or empty."""

    token: bytes
    act: Id
    name: str
    asker: Asker
    subject: Subject
    portion: Portion
    work: bytes
    letter: int
    mandate: bytes
    digest: bytes
    expires: int
    works: frozenset[bytes] = frozenset()
    """Under an export mandate: the requisitions that it names."""
    looked: bool = False
    """Whether it has looked somebody up already: each look is an act of its own."""

    def look_again(self) -> None:
        """The look was not durable, so it was none."""
        self.looked = False

    @property
    def entered(self) -> int:
        """When the act was entered."""
        return self.expires - LIFETIME


@final
class Grants:
    """The living grants, by their token."""

    def __init__(self) -> None:
        self._living: dict[bytes, Grant] = {}

    def give(self, turn: Turn, grant: Grant) -> None:
        """Let a grant live for a minute, once the turn that gives it is durable."""
        grant.token = secrets.token_bytes(16)
        grant.expires = turn.at + LIFETIME

        def durable() -> None:
            self._living[grant.token] = grant

        turn.later.append(durable)

    def of(self, at: int, token: bytes) -> Grant:
        """The grant of a token.

        Raises:
            Denial: it never was, or is over.
        """
        grant = self._living.get(token)
        if grant is None or grant.expires < at:
            self._living.pop(token, None)
            raise Denial("grant-over", "this took too long or was ended; begin again")
        return grant

    def __len__(self) -> int:
        return len(self._living)

    def end(self, token: bytes) -> None:
        """Let a grant die."""
        self._living.pop(token, None)

    def end_about(self, turn: Turn, subject: Id) -> None:
        """Let every grant about a subject die at once, also one that this turn gives; they live if the turn fails."""
        self._end_those(turn, lambda grant: grant.subject.id == subject)

    def end_under(self, turn: Turn, mandate: bytes, covered: Collection[str]) -> None:
        """Let every grant under a mandate die at once, as `end_about`, but those of acts that it still covers."""
        self._end_those(turn, lambda grant: grant.mandate == mandate and grant.name not in covered)

    def _end_those(self, turn: Turn, over: Callable[[Grant], bool]) -> None:
        ended = self._take(over)
        turn.undo.append(lambda: self._living.update(ended))

        def durable() -> None:
            self._take(over)

        turn.later.append(durable)

    def _take(self, over: Callable[[Grant], bool]) -> dict[bytes, Grant]:
        taken = {token: grant for token, grant in self._living.items() if over(grant)}
        for token in taken:
            del self._living[token]
        return taken

    def sweep(self, at: int) -> None:
        """Let those die whose minute is over."""
        for token in [token for token, grant in self._living.items() if grant.expires < at]:
            del self._living[token]
