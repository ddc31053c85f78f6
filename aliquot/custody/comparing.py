"""Whether records that came in under a mandate say what the old system says.

Custody answers yes or no and opens nothing. Only what was written as it came in, under a mandate over this source, is
compared. Whatever was changed since differs, whatever it says, so that nobody finds out by trying.
Source: DOMAIN.md I7; docs/decisions/0019-a-source-keeps-its-names.md.
"""

from dataclasses import dataclass, field

from aliquot.custody import brought, migrations, reading, running, steps, store
from aliquot.custody.holdings import Holdings
from aliquot.custody.migration_protocol import Beside, Compared, CompareRows
from aliquot.custody.reading import Head
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

OF_PEOPLE = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
"""What is written of a person who is registered."""
_FIRST = 1
_CAME = "SELECT subject FROM mandated WHERE mandate = ? AND subject IN"


def compare(turn: Turn, held: Holdings, request: CompareRows) -> Compared:
    """Compare each record with what the source says in its place.

    Raises:
        Denial: as `running.under`.
    """
    run = running.under(turn, held, request.grant, steps.NAMES_IN)
    mandates = (run.migration.mandate, *migrations.others(turn, run.migration))
    heads = reading.heads(turn, {one.row.id for one in request.rows})
    works = sorted({head.work for head in heads.values()})
    came = {work for mandate in mandates for (work,) in store.among(turn, _CAME, works, mandate)}
    here = _Here(turn, held, mandates, heads, came)
    return Compared(tuple(map(here.agrees, request.rows)))


@dataclass(frozen=True)
class _Here:
    """What stands here: `heads` are the kept versions, `came` the requisitions that came by one of the `mandates`."""

    turn: Turn
    held: Holdings
    mandates: tuple[bytes, ...]
    heads: dict[bytes, Head]
    came: set[bytes]
    _subjects: dict[Id, Subject | None] = field(default_factory=dict)
    _people: dict[bytes, bool] = field(default_factory=dict)

    def agrees(self, one: Beside) -> bool:
        """Whether a record says exactly this."""
        head, subject = self.heads.get(one.row.id), self._subject(Id(one.patient))
        if head is None or subject is None or head.subject != subject.id or not self._came_in(head):
            return False
        if not one.row.version == head.version == _FIRST:
            return False
        opened = reading.unsealed(subject, one.row) if reading.is_latest(subject, one.row, head) else None
        if opened is None:
            self.held.alarm(self.turn, subject.org, "record-altered", n=1, subject=subject.id)
        return opened is not None and opened.body == one.said

    def _subject(self, patient: Id) -> Subject | None:
        if patient not in self._subjects:
            self._subjects[patient] = self.held.subject(self.turn, patient)
        return self._subjects[patient]

    def _came_in(self, head: Head) -> bool:
        if head.kind not in OF_PEOPLE:
            return head.work in self.came
        if head.subject not in self._people:
            self._people[head.subject] = brought.by_which(self.turn, head.subject) in self.mandates
        return self._people[head.subject]
