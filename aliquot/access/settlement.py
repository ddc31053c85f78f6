"""Step 6 of the protocol of an act: what nobody ended is settled by the worker, so that exactly one outcome stands.

1. The worker inserts the act's own row as `lost`. The row is unique: a late commit of the act fails on it, or it on us.
2. Inserted, and none of the act's rows is there: the act is lost; its work is done again as a new act.
3. Refused because the act was kept, and every row is there as it was sealed: the act is kept.
4. Anything else is broken: custody raises the alarm, and what the act wrote stays unopened until somebody has looked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from django.db import IntegrityError, OperationalError, connection, transaction

from aliquot.access import rows
from aliquot.access.custodian import Line
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Done, End, Ending, Unsettled, UnsettledAct, UnsettledActs
from aliquot.terms.ids import Id

PATIENCE_S = 60
"""How old an unended act must be: its own process may still be about to end it."""

_INSERT_LOST = "INSERT INTO act (id, outcome, log_size, log_root) VALUES (%s, 'lost', 0, %s)"
_NO_ROOT = bytes(32)

Outcome = Literal["kept", "lost", "broken"]


@dataclass(frozen=True)
class Settled:
    """How one act ended."""

    act: bytes
    outcome: Outcome


class _Remnants(Exception):
    """Rows of an act are there without the act's own row."""


def settle(line: Line, older_than_s: int = PATIENCE_S) -> Iterator[Settled]:
    """Find out how unfinished acts ended and tell custody. An act whose row is being written waits for the next time.

    Raises:
        CustodyGone: custody does not answer.
    """
    ticket = line.session().ticket
    for act in line.ask(Unsettled(ticket, older_than_s), UnsettledActs).acts:
        outcome = _outcome(act)
        if outcome is None:
            continue
        if _end(line, Ending(act.act, outcome)):
            yield Settled(act.act, outcome)


def _outcome(act: UnsettledAct) -> Outcome | None:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL lock_timeout = '5s'")
            cursor.execute(_INSERT_LOST, (act.act, _NO_ROOT))
            if any(_present(act)):
                raise _Remnants
    except _Remnants:
        return "broken"
    except IntegrityError:
        return _decided(act)
    except OperationalError:
        return None
    return "lost"


def _decided(act: UnsettledAct) -> Outcome:
    """The act's row was there before us: from the act itself, or from a settlement that did not get to its end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome FROM act WHERE id = %s", (act.act,))
        (outcome,) = cursor.fetchone()
        present = list(_present(act))
    if outcome == "kept" and all(present):
        return "kept"
    return "lost" if outcome == "lost" and not any(present) else "broken"


def _present(act: UnsettledAct) -> Iterator[bool]:
    """For each version that the act prepared, whether exactly that row is stored."""
    for resource, version, digest in act.versions:
        found = [one for one in rows.of_resource(Id(resource)) if one.row.version == version]
        yield [rows.digest(one) for one in found] == [digest]


def _end(line: Line, ending: Ending) -> bool:
    """Tell custody; whether it was ours to tell: the act's own process may have ended it in the meantime."""
    try:
        line.ask(End(line.session().ticket, (ending,)), Done)
    except Denial as denial:
        if denial.code != "already-ended":
            raise
        return False
    return True
