"""What stands here under a mandate although no row of the source leads to it.

Memory grows with some ten bytes for each person and requisition, and with the ids of at most `WAITING` results.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from zoneinfo import ZoneInfo

from aliquot.access import migrating, rows
from aliquot.custody.migration_protocol import BroughtRead
from aliquot.legacy import comparing
from aliquot.legacy.comparing import Discrepancy, Fault, Here
from aliquot.legacy.entrance import Leave
from aliquot.legacy.keys import Seen
from aliquot.legacy.rehearsal import Totals
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

WAITING = 100_000


class Surplus:
    """Takes note of what the rows of the source lead to, and then asks custody what else came in."""

    def __init__(self, here: Totals) -> None:
        """`here` gets every result that is found, once."""
        self._here = here
        self._people_met, self._works = Seen(), Seen()
        self._waiting: dict[Id, str] = {}

    def person(self, patient: bytes) -> None:
        """A row leads to this patient."""
        self._people_met.again(patient)

    def results(self, table: str, here: Mapping[Id, Here], met: Set[Id]) -> Iterator[Discrepancy]:
        """Of the results of some requisitions, rows lead to those that were `met`; rows of the others may come yet."""
        new = self._new(one.work for one in here.values())
        for one in here.values():
            if one.work in new:
                self._add(one)
        yield from self._wait(table, [name for name, one in here.items() if one.work in new], met)

    def unopened(self, table: str, works: Mapping[Id, Id], met: Set[Id]) -> Iterator[Discrepancy]:
        """As `results`, of what another mandate has brought: `works` are the requisitions of all results of theirs."""
        new = self._new(works.values())
        yield from self._wait(table, [name for name, work in works.items() if work in new], met)

    def _new(self, works: Iterable[Id]) -> set[Id]:
        """The requisitions that no row has led to before."""
        return {work for work in set(works) if not self._works.again(work)}

    def _wait(self, table: str, beside: Iterable[Id], met: Set[Id]) -> Iterator[Discrepancy]:
        for name in met:
            self._waiting.pop(name, None)
        self._waiting.update((name, table) for name in beside if name not in met)
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
        within: tuple[bytes, ...] = ()
        for page in _brought(leave):
            within = page.within
            yield from self._people(page)
            alone = self._alone(page)
            for start in range(0, len(alone), comparing.AT_ONCE):
                yield from self._requisitions(leave, alone[start : start + comparing.AT_ONCE], zone)
        for page in (page for mandate in within for page in _brought(leave, mandate)):
            yield from self._people(page)
            for one in rows.latest(rows.of_work(self._alone(page), (Kind.REQUISITION,))):
                yield _requisition(Id(one.row.id))

    def _people(self, page: BroughtRead) -> Iterator[Discrepancy]:
        left = [Id(patient) for patient in page.people if not self._people_met.again(patient)]
        for patient in sorted(rows.known(left)):
            yield Discrepancy("", 0, Fault.SURPLUS, comparing.PERSON, patient.hex())

    def _alone(self, page: BroughtRead) -> list[Id]:
        return [Id(work) for work in page.works if not self._works.again(work)]

    def _requisitions(self, leave: Leave, works: list[Id], zone: ZoneInfo) -> Iterator[Discrepancy]:
        for work, results in comparing.of_works(leave, works, zone).items():
            for one in results.values():
                self._add(one)
            yield _requisition(work)

    def _result(self, name: Id) -> Discrepancy:
        return Discrepancy(self._waiting.pop(name), 0, Fault.SURPLUS, "", name.hex())

    def _add(self, one: Here) -> None:
        said = one.kept.content
        self._here.add_one(said.test, said.value, one.on)


def _requisition(work: Id) -> Discrepancy:
    return Discrepancy("", 0, Fault.SURPLUS, comparing.REQUISITION, work.hex())


def _brought(leave: Leave, under: bytes = b"") -> Iterator[BroughtRead]:
    after = b""
    while True:
        with leave.running() as grant:
            page = migrating.brought(grant, after, under)
        yield page
        after = page.last
        if not after:
            return
