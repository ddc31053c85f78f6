"""A requisition as a whole: what was asked for, on which tubes, and what was found. Reads through a grant."""

from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.access import rows
from aliquot.access.acts import Act
from aliquot.access.grant import Grant, Record
from aliquot.access.rows import Stored
from aliquot.lab import content, records
from aliquot.lab.records import Kept
from aliquot.terms import states
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

KINDS = (Kind.REQUISITION, Kind.ORDER, Kind.SPECIMEN, Kind.OBSERVATION)

_ASKED = frozenset({states.Order.ACTIVE, states.Order.COMPLETED})
_USABLE = frozenset({states.Specimen.ACCEPTED, states.Specimen.ACCEPTED_WITH_RESERVE})
_COMING = frozenset({states.Specimen.EXPECTED, states.Specimen.COLLECTED, states.Specimen.RECEIVED})


@dataclass(frozen=True)
class Dossier:
    """The latest versions of one requisition, as far as the act that read them may see."""

    requisition: Kept[content.Requisition]
    orders: tuple[Kept[content.OrderItem], ...]
    specimens: tuple[Kept[content.Specimen], ...]
    observations: tuple[Kept[content.Observation], ...]

    def order(self, identifier: Id) -> Kept[content.OrderItem]:
        """One order.

        Raises:
            Refused: this requisition has no such order, or this act may not see it.
        """
        for each in self.orders:
            if each.id == identifier:
                return each
        raise Refused("order: not one of this requisition's")

    def specimen(self, identifier: bytes) -> Kept[content.Specimen]:
        """One tube.

        Raises:
            Refused: this requisition has no such tube.
        """
        for each in self.specimens:
            if each.id == identifier:
                return each
        raise Refused("specimen: not one of this requisition's")

    def observation(self, identifier: Id) -> Kept[content.Observation]:
        """One result.

        Raises:
            Refused: this requisition has no such result, or this act may not see it.
        """
        for each in self.observations:
            if each.id == identifier:
                return each
        raise Refused("observation: not one of this requisition's")

    def on(self, order: Id, specimen: Id) -> Kept[content.Observation] | None:
        """The result of one order on one tube, if it has one."""
        return next((each for each in self.observations if each.parents[1:] == (order, specimen)), None)

    def current(self, order: Kept[content.OrderItem]) -> Kept[content.Observation] | None:
        """The result of one order: a cancelled one only where no tube is left that could give another."""
        found = [each for each in self.observations if each.parents[1] == order.id]
        living = [each for each in found if each.state != states.Analysis.CANCELLED]
        if living or not found:
            return living[-1] if living else None
        return None if self._again(order, found) else found[-1]

    def state(self, order: Kept[content.OrderItem]) -> states.Analysis | None:
        """How far the analysis of one order is; nothing for an order that was withdrawn before it had a result."""
        found = self.current(order)
        if found is not None:
            return states.Analysis(found.state)
        if order.state not in _ASKED:
            return None
        usable = any(each.state in _USABLE and order.content.test in each.content.tests for each in self.specimens)
        return states.Analysis.READY if usable else states.Analysis.REQUESTED

    def _again(self, order: Kept[content.OrderItem], found: list[Kept[content.Observation]]) -> bool:
        """Whether a tube without a result of this order is there or on its way (A13)."""
        tried = {each.parents[2] for each in found}
        return any(
            each.id not in tried and each.state in _USABLE | _COMING and order.content.test in each.content.tests
            for each in self.specimens
        )


def usable(specimen: Kept[content.Specimen]) -> bool:
    """Whether results may be measured on this tube."""
    return specimen.state in _USABLE


def stored(grant: Grant[Act], *more: Kind) -> list[Stored]:
    """The rows of the act's requisition."""
    return rows.of_work((Id(grant.act.work),), (*KINDS, *more))


def stored_many(grants: Sequence[Grant[Act]], *more: Kind) -> list[list[Stored]]:
    """The rows of the requisitions of several acts, in a fixed number of queries; in the order of the acts."""
    by_work: dict[bytes, list[Stored]] = {bytes(grant.act.work): [] for grant in grants}
    for one in rows.of_work([Id(work) for work in by_work], (*KINDS, *more)):
        work = one.row.id if one.row.kind == Kind.REQUISITION else one.row.parents[0]
        by_work[work].append(one)
    return [by_work[bytes(grant.act.work)] for grant in grants]


def of(opened: list[Record]) -> Dossier:
    """A requisition from its opened rows.

    Raises:
        Broken: its own row is not there, or one of them is not what was kept.
    """
    return Dossier(
        records.one(opened, Kind.REQUISITION, content.Requisition),
        tuple(records.of(opened, Kind.ORDER, content.OrderItem)),
        tuple(records.of(opened, Kind.SPECIMEN, content.Specimen)),
        tuple(records.of(opened, Kind.OBSERVATION, content.Observation)),
    )


def read(grant: Grant[Act]) -> Dossier:
    """The act's requisition as it stands."""
    return of(grant.read(stored(grant)))


def read_whole(grant: Grant[Act], *more: Stored) -> list[Record]:
    """The rows of the act's requisition and some others, to be signed for: nothing of the patient may be missing.

    Raises:
        Broken: rows of this patient are gone from the record; the alarm was raised.
    """
    opened = grant.read([*stored(grant, Kind.COMMENT, Kind.REPORT), *more], whole=True)
    if grant.missing:
        raise Broken("dossier: rows of this patient are missing; nothing is signed until they are found")
    return opened
