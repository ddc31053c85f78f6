"""The one door. Whatever reads or writes clinical content enters here first, and custody decides.

The protocol of an act, numbered as in docs/walks.md:
1. enter: custody decides and makes the entry durable; the grant lives until the `with` ends.
2. reads are opened through the grant; writes gather in it; no transaction is open.
3. prepare: custody seals all writes and makes one leaf over them durable.
4. one short record transaction inserts the rows and the act's own row.
5. end: custody is told, and only then is the person told "done".
6. what is neither kept nor abandoned is settled by the worker (`access.settlement`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import connection

from aliquot.access import saving
from aliquot.access.acts import Act
from aliquot.access.custodian import Line
from aliquot.access.grant import Grant
from aliquot.custody import protocol
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Denied, Enter, Entered, Factor, Granted, Release
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id, Org

A = TypeVar("A", bound=Act)


@dataclass(frozen=True)
class Actor:
    """Who acts: a ticket that custody gave, over this process's line. It proves nothing by itself."""

    line: Line
    ticket: bytes
    org: Org


@dataclass(frozen=True)
class Intent:
    """How an act is meant: its id (a form carries it from rendering), what it wants, and why.

    `digest` is SHA-256 over the canonical form of what is wanted; with the same id it must stay the same.
    """

    purpose: str
    id: Id
    digest: bytes = b""
    reason: str = ""
    letter: int = 0
    mandate: bytes = b""
    factor: Factor | None = None


def intent(actor: Actor, at: datetime, purpose: str = "TREAT") -> Intent:
    """An intent with a fresh act id, for acts that no form began."""
    return Intent(purpose, ids.new(actor.org, at))


@contextmanager
def enter(actor: Actor, act: A, meant: Intent) -> Iterator[Grant[A]]:
    """Do one act. Its writes are durable, and its outcome known to history, when the block has ended.

    Raises:
        Denial: custody says no; `code` says why.
        Broken: called inside a transaction, or an invariant failed.
    """
    with enter_many(actor, [(act, meant)]) as outcomes:
        (outcome,) = outcomes
        if isinstance(outcome, Denial):
            raise outcome
        yield outcome


@contextmanager
def enter_many(actor: Actor, acts: Sequence[tuple[A, Intent]]) -> Iterator[list[Grant[A] | Denial]]:
    """Do a few hundred acts of one service in four exchanges; each is decided, written down and kept on its own."""
    if connection.in_atomic_block:
        raise Broken("an act is entered outside any transaction")
    outcomes = _ask(actor, acts)
    grants = [outcome for outcome in outcomes if isinstance(outcome, Grant)]
    try:
        yield outcomes
        saving.save(actor.line, actor.ticket, [grant for grant in grants if grant.drafts])
    finally:
        over = tuple(grant.token for grant in grants if grant.token)
        if over:
            actor.line.tell(Release(over))


def survey(actor: Actor, acts: Sequence[tuple[A, Intent]]) -> list[Grant[A]]:
    """The same narrow portion of several subjects, to read only; those that custody refuses are left out."""
    return [outcome for outcome in _ask(actor, acts) if isinstance(outcome, Grant)]


def note(actor: Actor, act: Act, meant: Intent) -> None:
    """Permit and record an act without content."""
    with enter(actor, act, meant):
        pass


def _ask(actor: Actor, acts: Sequence[tuple[A, Intent]]) -> list[Grant[A] | Denial]:
    if not acts:
        return []
    asked = Enter(actor.ticket, tuple(told(act, meant) for act, meant in acts))
    entered = actor.line.ask(asked, Entered)
    reached = (entered.size, entered.root)
    return [_outcome(actor, act, came, reached) for (act, _), came in zip(acts, entered.outcomes, strict=True)]


def told(act: Act, meant: Intent) -> protocol.Act:
    """An act as custody is told of it: to enter, or to confirm exactly this with a factor."""
    return protocol.Act(
        id=meant.id,
        name=type(act).__name__,
        subject=act.subject,
        purpose=meant.purpose,
        digest=meant.digest,
        work=act.work,
        letter=meant.letter,
        mandate=meant.mandate,
        reason=meant.reason,
        factor=meant.factor,
    )


def _outcome(actor: Actor, act: A, came: Granted | Denied, reached: tuple[int, bytes]) -> Grant[A] | Denial:
    if isinstance(came, Denied):
        return Denial(came.code, came.reason)
    return Grant(act, Id(came.act), came.grant, came.kept, came.done, reached, actor.line)
