"""Sealing what an act writes: one leaf over all of it, durable before a sealed byte leaves custody."""

import hashlib
from dataclasses import dataclass

import msgspec

from aliquot.custody import contents
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.portions import Scope
from aliquot.custody.protocol import Prepare, Prepared, Sealed, Write, Writing
from aliquot.custody.store import Turn
from aliquot.ledger import entry
from aliquot.ledger.entry import Step
from aliquot.terms import canonical
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault.record import Address

_OWN = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
_WITHOUT_WORK = _OWN | {Kind.QUARANTINE, Kind.CATALOGUE}


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One line of the sealed list of what an act prepared."""

    id: bytes
    version: int
    hash: bytes
    kind: int
    state: str
    work: bytes
    harm: int
    site: str


class WrittenList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Everything that an act prepared, and the identity that search will know if it is kept."""

    rows: tuple[Written, ...]
    demography: Demography | None


@dataclass(frozen=True)
class _Head:
    version: int
    work: bytes


def prepare(turn: Turn, held: Holdings, request: Prepare) -> Prepared:
    """Seal the writes of each act; all of them are checked before the first is sealed."""
    grants = [held.grants.of(turn.at, writing.grant) for writing in request.writings]
    if len({grant.asker.org for grant in grants}) != 1:
        raise Denial("malformed", "a request saves the work of one laboratory")
    for grant, writing in zip(grants, request.writings, strict=True):
        _check(turn, grant, writing)
    sealed = tuple(_seal(turn, held, grant, writing) for grant, writing in zip(grants, request.writings, strict=True))
    head = held.history.head(grants[0].asker.org)
    return Prepared(sealed, head.size, head.root)


def _check(turn: Turn, grant: Grant, writing: Writing) -> None:
    (state,) = turn.db.execute("SELECT state FROM act WHERE id = ?", (grant.act,)).fetchone() or ("",)
    if grant.written or state != "entered":
        raise Denial("already-prepared", "this act has saved its work already")
    seen: set[bytes] = set()
    for write in writing.writes:
        if write.state not in grant.portion.writes.get(Kind(write.kind), ()) or write.id in seen:
            raise Denial("not-of-this-act", "this act does not write that")
        seen.add(write.id)
        _check_place(turn, grant, write)


def _check_place(turn: Turn, grant: Grant, write: Write) -> None:
    """The version follows the kept one, nobody else is writing it, and it stays with its patient and requisition."""
    head = _head(turn, grant, write)
    if turn.db.execute("SELECT 1 FROM pending WHERE id = ?", (write.id,)).fetchone():
        raise Denial("conflict", "somebody else is saving this; read it again")
    if write.version != (head.version if head else 0) + 1:
        raise Denial("conflict", "this was changed in the meantime; read it again")
    work = _work(write)
    if head is not None and head.work != work:
        raise Denial("not-of-this-act", "a record stays with its requisition")
    if work and grant.portion.scope is Scope.WORK and work != grant.work:
        raise Denial("not-of-this-act", "this belongs to another requisition")
    if write.kind == Kind.REQUISITION and not (grant.asker.service or write.site in grant.asker.sites):
        raise Denial("another-site", "work is opened at a site where one works")
    if work and work != grant.work and not _known_work(turn, grant, work):
        raise Denial("not-of-this-act", "this belongs to another requisition")


def _head(turn: Turn, grant: Grant, write: Write) -> _Head | None:
    row = turn.db.execute("SELECT subject, version, work FROM resource WHERE id = ?", (write.id,)).fetchone()
    if row is None:
        return None
    if row[0] != grant.subject.id:
        raise Denial("not-of-this-act", "this belongs to another patient")
    return _Head(row[1], row[2])


def _known_work(turn: Turn, grant: Grant, work: bytes) -> bool:
    found = turn.db.execute("SELECT 1 FROM work WHERE id = ? AND subject = ?", (work, grant.subject.id)).fetchone()
    return found is not None


def _work(write: Write) -> bytes:
    """The requisition that a record belongs to: its first parent, or itself."""
    if write.kind == Kind.REQUISITION:
        return write.id
    if write.kind in _WITHOUT_WORK:
        return b""
    if not write.parents:
        raise Denial("malformed", "this record needs its requisition as first parent")
    return write.parents[0]


def _seal(turn: Turn, held: Holdings, grant: Grant, writing: Writing) -> tuple[Sealed, ...]:
    org, subject = grant.subject.org, grant.subject
    sealed = [_seal_one(held, grant, write) for write in writing.writes]
    rows = tuple(_written(write, made) for write, made in zip(writing.writes, sealed, strict=True))
    held.history.append(turn, org, _leaf(grant, rows))
    grant.written = True
    listed = msgspec.msgpack.encode(WrittenList(rows, _demography(writing)))
    turn.db.execute(
        "UPDATE act SET state = 'prepared', prepared = ?, writes = ? WHERE id = ?",
        (turn.at, held.unlocked.box(org).seal("writes", listed), grant.act),
    )
    turn.db.executemany(
        "INSERT INTO pending (id, version, subject, act) VALUES (?, ?, ?, ?)",
        [(row.id, row.version, subject.id, grant.act) for row in rows],
    )
    turn.db.execute("UPDATE subject SET seals = seals + ? WHERE id = ?", (len(rows), subject.id))
    return tuple(sealed)


def _written(write: Write, made: Sealed) -> Written:
    digest = hashlib.sha256(made.sealed).digest()
    return Written(write.id, write.version, digest, write.kind, write.state, _work(write), write.harm, write.site)


def _seal_one(held: Holdings, grant: Grant, write: Write) -> Sealed:
    address = Address(
        grant.subject.org,
        grant.subject.id,
        write.kind,
        Id(write.id),
        write.version,
        canonical.deciding(write.state, write.parents),
    )
    sealed = contents.seal(grant.subject.sealer, address, Harm(write.harm), write.schema, write.body)
    tokens = tuple(held.unlocked.token(grant.subject.org, field, value) for field, value in write.tokens)
    return Sealed(sealed, tokens)


def _leaf(grant: Grant, rows: tuple[Written, ...]) -> Leaf:
    return Leaf(
        act=grant.name,
        step=Step.PREPARE,
        actor=grant.asker.person.hex(),
        id=grant.act.hex(),
        ses=grant.asker.session.hex()[:16],
        pat=grant.subject.card.pseudonym,
        n=len(rows),
        root=entry.writes_root((row.id, row.version, row.hash) for row in rows).hex(),
        subject=grant.subject.id,
    )


def _demography(writing: Writing) -> Demography | None:
    for write in writing.writes:
        if write.kind == Kind.DEMOGRAPHY:
            return _DEMOGRAPHY.decode(write.body)
    return None


_DEMOGRAPHY = msgspec.json.Decoder(Demography)
