"""What stands here under a mandate although no row of the source leads to it.

Memory grows with some ten bytes for each person and requisition, and with the ids of at most `WAITING` results.
"""

from collections.abc import Iterator, Mapping, Set
from zoneinfo import ZoneInfo

from aliquot.access import migrating, rows
from aliquot.legacy import comparing
from aliquot.legacy.comparing import Discrepancy, Fault, Here
from aliquot.legacy.entrance import Leave
from aliquot.legacy.keys import Seen
from aliquot.legacy.rehearsal import Totals
from aliquot.terms.ids import Id

WAITING = 100_000


class Surplus:
    """Takes note of what the rows of the source lead to, and then asks custody what else came in."""

    def __init__(self, here: Totals) -> None:
        """`here` gets every result that is found, once."""
        self._here = here
        self._people, self._works = Seen(), Seen()
        self._waiting: dict[Id, str] = {}

    def person(self, patient: bytes) -> None:
        """A row leads to this patient."""
        self._people.again(patient)

    def results(self, table: str, here: Mapping[Id, Here], met: Set[Id]) -> Iterator[Discrepancy]:
        """Of the results of some requisitions, rows lead to those that were `met`; rows of the others may come yet."""
        looked = {work for work in {one.work for one in here.values()} if self._works.again(work)}
        for name, one in here.items():
            if one.work not in looked:
                self._add(one)
            if name in met:
                self._waiting.pop(name, None)
            elif one.work not in looked:
                self._waiting[name] = table
        while len(self._waiting) > WAITING:
            yield self._result(next(iter(self._waiting)))

    def rest(self, leave: Leave, zone: ZoneInfo) -> Iterator[Discrepancy]:
        """Everything that no row has led to, after the last row.

        Raises:
            Denial: custody does not let it look.
            Broken: a record is not what was kept there.
        """
        while self._waiting:
            yield self._result(next(iter(self._waiting)))
        for people, works in _brought(leave):
            left = [Id(patient) for patient in people if not self._people.again(patient)]
            for patient in sorted(rows.known(left)):
                yield Discrepancy("", 0, Fault.SURPLUS, comparing.PERSON, patient.hex())
            alone = [Id(work) for work in works if not self._works.again(work)]
            for start in range(0, len(alone), comparing.AT_ONCE):
                yield from self._requisitions(leave, alone[start : start + comparing.AT_ONCE], zone)

    def _requisitions(self, leave: Leave, works: list[Id], zone: ZoneInfo) -> Iterator[Discrepancy]:
        for work, results in comparing.of_works(leave, works, zone).items():
            for one in results.values():
                self._add(one)
            yield Discrepancy("", 0, Fault.SURPLUS, comparing.REQUISITION, work.hex())

    def _result(self, name: Id) -> Discrepancy:
        return Discrepancy(self._waiting.pop(name), 0, Fault.SURPLUS, "", name.hex())

    def _add(self, one: Here) -> None:
        said = one.kept.content
        self._here.add_one(said.test, said.value, one.on)


def _brought(leave: Leave) -> Iterator[tuple[tuple[bytes, ...], tuple[bytes, ...]]]:
    after = b""
    while True:
        with leave.running() as grant:
            page = migrating.brought(grant, after)
        yield page.people, page.works
        after = page.last
        if not after:
            return
