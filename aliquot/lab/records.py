"""Opened records as what they say: each kind and schema has its decoder; a broken record never passes for content."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from aliquot.access.grant import Record
from aliquot.lab import content
from aliquot.lab.catalogue import Catalogue
from aliquot.terms import identity
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind

C = TypeVar("C", bound=msgspec.Struct)


class Kept(msgspec.Struct, Generic[C], frozen=True, gc=False):
    """One resource in one version, with what it says."""

    id: Id
    version: int
    state: str
    parents: tuple[bytes, ...]
    harm: Harm
    content: C


def of(records: Iterable[Record], kind: Kind, says: type[C]) -> list[Kept[C]]:
    """The records of one kind, decoded, in their order.

    Raises:
        Broken: one of them is not what was kept at its place, or is written in a schema that this version cannot read.
    """
    return [_kept(record, says) for record in records if record.kind is kind]


def one(records: Iterable[Record], kind: Kind, says: type[C]) -> Kept[C]:
    """The only record of a kind.

    Raises:
        Broken: there is none, or more than one.
    """
    found = of(records, kind, says)
    if len(found) != 1:
        raise Broken(f"{kind.name}: {len(found)} records where there is one")
    return found[0]


def said(record: Record) -> msgspec.Struct:
    """What any record says, by its kind and schema.

    Raises:
        Broken: it is written in a schema that this version cannot read.
    """
    says = _READ.get((record.kind, record.schema))
    if says is None:
        raise Broken(f"{record.kind.name}: schema {record.schema} cannot be read by this version")
    return msgspec.json.decode(record.body, type=says)


def _kept(record: Record, says: type[C]) -> Kept[C]:
    if record.broken:
        raise Broken(f"{record.kind.name}: this record is not what was kept here; the alarm was raised")
    if _READ.get((record.kind, record.schema)) is not says:
        raise Broken(f"{record.kind.name}: schema {record.schema} cannot be read by this version")
    said = msgspec.json.decode(record.body, type=says)
    return Kept(record.id, record.version, record.state, record.parents, record.harm, said)


_READ: dict[tuple[Kind, int], type[msgspec.Struct]] = {
    (Kind.DEMOGRAPHY, 1): identity.Demography,
    (Kind.TRAITS, 1): identity.Traits,
    (Kind.IDENTIFIERS, 1): identity.Identifiers,
    (Kind.CONTACT, 1): identity.Contact,
    (Kind.NOTE, 1): identity.Note,
    (Kind.CLINICAL_NOTE, 1): identity.Note,
    (Kind.COMMENT, 1): identity.Note,
    (Kind.REQUISITION, 1): content.Requisition,
    (Kind.ORDER, 1): content.OrderItem,
    (Kind.SPECIMEN, 1): content.Specimen,
    (Kind.OBSERVATION, 1): content.Observation,
    (Kind.IMPORT, 1): content.Import,
    (Kind.REPORT, 1): content.Report,
    (Kind.DOCUMENT, 1): content.Document,
    (Kind.DISCLOSURE, 1): content.Disclosure,
    (Kind.MESSAGE, 1): content.Message,
    (Kind.CATALOGUE, 1): Catalogue,
}
