"""Whether those whom a mandate registered stand here as the old system has them.

Custody tells which kinds of record differ and opens nothing. Only what was written when somebody was registered under
this mandate is compared. Whatever was changed since differs, whatever it says, so that nobody finds out by trying.
Source: DOMAIN.md I7.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aliquot.custody import brought, reading, running, steps
from aliquot.custody.frames import Row
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import Compared, CompareRegistered, Registered
from aliquot.custody.reading import Head
from aliquot.custody.running import Run
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

KINDS = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
"""What is written of a person who is registered."""
_FIRST = 1


def compare(turn: Turn, held: Holdings, request: CompareRegistered) -> Compared:
    """Compare each person with what the source says of them.

    Raises:
        Denial: as `running.under`.
    """
    run = running.under(turn, held, request.grant, steps.NAMES_IN)
    heads = reading.heads(turn, {row.id for one in request.people for row in one.rows})
    here = _Here(turn, held, run, heads)
    return Compared(tuple(tuple(sorted(here.differs(one))) for one in request.people))


@dataclass(frozen=True)
class _Here:
    """What stands here; `heads` are the kept versions of the rows that were brought."""

    turn: Turn
    held: Holdings
    run: Run
    heads: dict[bytes, Head]

    def differs(self, one: Registered) -> set[int]:
        """The kinds of which somebody has another record here than the source says, or none, or one that it has not."""
        subject = self.held.subject(self.turn, Id(one.patient))
        if subject is None or not brought.registered(self.turn, subject.id, self.run.migration.mandate):
            return {kind for kind, _ in one.said}
        return {kind for kind, _ in {*one.said} ^ {*self._said(subject, one)}}

    def _said(self, subject: Subject, one: Registered) -> Iterator[tuple[int, bytes | None]]:
        for row in one.rows:
            head = self.heads.get(row.id)
            if head is None or head.subject != subject.id or row.kind not in KINDS:
                continue
            # Of what was changed since nobody may find out by trying what it says.
            yield row.kind, self._opened(subject, row, head) if row.version == head.version == _FIRST else None

    def _opened(self, subject: Subject, row: Row, head: Head) -> bytes | None:
        opened = reading.unsealed(subject, row) if reading.is_latest(subject, row, head) else None
        if opened is None:
            self.held.alarm(self.turn, subject.org, "record-altered", n=1, subject=subject.id)
            return None
        return opened.body
