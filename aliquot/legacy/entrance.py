"""How a load goes through the door: hundreds of acts at once, each decided on its own, one that fails alone."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from aliquot.access import acts, door
from aliquot.access.acts import Act, RunMigration
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Grant
from aliquot.custody.denial import Denial
from aliquot.lab.setting import Setting
from aliquot.terms import ids
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose

A = TypeVar("A", bound=Act)
T = TypeVar("T")

_SOON = timedelta(minutes=30)
_OVER = frozenset({"mandate", "migration-over", "migration-state", "signed-out", "dormant", "budget-service"})
"""Denials after which nothing more is let in: the load stops and says why. Any other is about one person or dossier."""


@dataclass(frozen=True)
class Leave:
    """Who loads, under which mandate, and what the laboratory works with."""

    actor: Actor
    mandate: bytes
    where: Setting
    clock: Callable[[], datetime]

    def meant(self) -> Intent:
        """An intent of one new act under the mandate."""
        return replace(door.intent(self.actor, self.clock(), Purpose.HOPERAT), mandate=self.mandate)

    def together(self, some: Sequence[Id | None]) -> list[Intent]:
        """Intents of acts that are entered together; where no id is named it is new, beside the others."""
        first, now = self.meant(), self.clock()
        return [replace(first, id=identity or ids.beside(first.id, now)) for identity in some]

    @contextmanager
    def running(self) -> Iterator[Grant[RunMigration]]:
        """The loader's leave to name rows and compare people."""
        with door.enter(self.actor, RunMigration(acts.organization(self.actor.org)), self.meant()) as grant:
            yield grant


def here(leave: Leave) -> Leave:
    """The same leave over this thread's own line, in a session that lasts for a while yet."""
    line = leave.actor.line
    if line.session().expires_at - leave.clock() < _SOON:
        line.hang_up()
    return replace(leave, actor=replace(leave.actor, ticket=line.session().ticket))


@dataclass(frozen=True)
class Wanted(Generic[A, T]):
    """An act, what it is to do, and its id where it must be the same at every try."""

    act: A
    said: T
    id: Id | None = None


def each(leave: Leave, wanted: Sequence[Wanted[A, T]], do: Callable[[Grant[A], T], None]) -> list[Denial | None]:
    """Enter all acts together, and do each; the answer says for each why it was not done, if it was not.

    What fails together is tried one by one, so that nobody waits for somebody else's fault.

    Raises:
        Denial: nothing more is let in.
    """
    try:
        return _together(leave, wanted, do)
    except Denial as denial:
        if denial.code in _OVER:
            raise
        if len(wanted) == 1:
            return [denial]
    return [told for one in wanted for told in each(leave, [one], do)]


def _together(leave: Leave, wanted: Sequence[Wanted[A, T]], do: Callable[[Grant[A], T], None]) -> list[Denial | None]:
    told: list[Denial | None] = []
    asked = list(zip((one.act for one in wanted), leave.together([one.id for one in wanted]), strict=True))
    with door.enter_many(leave.actor, asked) as outcomes:
        for outcome, one in zip(outcomes, wanted, strict=True):
            if isinstance(outcome, Denial):
                if outcome.code in _OVER:
                    raise outcome
                told.append(outcome)
            else:
                do(outcome, one.said)
                told.append(None)
    return told
