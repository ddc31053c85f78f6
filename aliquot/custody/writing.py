"""Sealing what an act writes: one leaf over all of it, durable before a sealed byte leaves custody."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from aliquot.custody import budgets, contents
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.portions import Scope
from aliquot.custody.protocol import Prepare, Prepared, Sealed, Write, Writing
from aliquot.custody.store import Turn
from aliquot.ledger import entry
from aliquot.ledger.entry import Step
from aliquot.terms import canonical, ids, states
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import tokens
from aliquot.vault.record import Address
from aliquot.vault.tokens import Field

_OWN = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
_WITHOUT_WORK = _OWN | {Kind.QUARANTINE, Kind.CATALOGUE}
_KINDS, _HARMS = frozenset(Kind), frozenset(Harm)
_NUMBERED = frozenset({Field.ACCESSION, Field.EXTID})
_FIELDS: dict[int, frozenset[str]] = {
    Kind.IDENTIFIERS: frozenset({Field.FILE, Field.NIR, Field.EXTID}),
    Kind.REQUISITION: _NUMBERED,
    Kind.ORDER: _NUMBERED,
    Kind.SPECIMEN: _NUMBERED,
}
"""Of which records which identifiers are looked up. A login is nobody's."""
_TOKENS = 16
_LOOKED_UP_AT_ONCE = 500


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, gc=False):
    """One line of the sealed list of what an act prepared."""

    id: bytes
    version: int
    hash: bytes
    kind: int
    state: str
    work: bytes
    harm: int
    site: str


class WrittenList(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True, gc=False):
    """Everything that an act prepared, and the identity that search will know if it is kept."""

    rows: tuple[Written, ...]
    demography: Demography | None


_SETTLED = frozenset({states.Analysis.RELEASED, states.Analysis.WITHDRAWN, states.Specimen.REJECTED})
"""A released result is opened again by a correction (A10), which needs a fresh factor, and a rejected tube never (P11);
whoever speaks for a technician's pages does neither."""


@dataclass(frozen=True)
class _Head:
    subject: bytes
    version: int
    work: bytes
    kind: int
    harm: int
    state: str


@dataclass(frozen=True)
class _Before:
    """What stands of the resources that an act writes: the latest kept versions, and which are being saved."""

    heads: dict[bytes, _Head]
    pending: frozenset[bytes]


def prepare(turn: Turn, held: Holdings, request: Prepare) -> Prepared:
    """Seal the writes of each act; all of them are checked before the first is sealed."""
    grants = [held.grant(turn, writing.grant) for writing in request.writings]
    if len({grant.asker.org for grant in grants}) != 1:
        raise Denial("malformed", "a request saves the work of one laboratory")
    if len({grant.act for grant in grants}) != len(grants):
        raise Denial("already-prepared", "an act saves its work once")
    seen: set[bytes] = set()
    for grant, writing in zip(grants, request.writings, strict=True):
        _check(turn, grant, writing, seen)
    sealed = tuple(_seal(turn, held, grant, writing) for grant, writing in zip(grants, request.writings, strict=True))
    head = held.history.head(grants[0].asker.org)
    return Prepared(sealed, head.size, head.root)


def _check(turn: Turn, grant: Grant, writing: Writing, seen: set[bytes]) -> None:
    """`seen` are the resources that the request has written so far."""
    (state,) = turn.db.execute("SELECT state FROM act WHERE id = ?", (grant.act,)).fetchone() or ("",)
    if state != "entered":
        raise Denial("already-prepared", "this act has saved its work already")
    own = [write.kind for write in writing.writes if write.kind in _OWN]
    if not writing.writes or len(own) != len(set(own)):
        raise Denial("malformed", "an act writes something, and of each kind of identity one record")
    before = _before(turn, writing.writes)
    for write in writing.writes:
        if write.kind not in _KINDS or write.state not in grant.portion.writes.get(Kind(write.kind), ()):
            raise Denial("not-of-this-act", "this act does not write that")
        if write.id in seen:
            raise Denial("conflict", "a record is written once at a time")
        seen.add(write.id)
        _check_place(turn, grant, write, before)
        _check_content(grant, write)


def _check_place(turn: Turn, grant: Grant, write: Write, before: _Before) -> None:
    """The version follows the kept one, nobody else is writing it, and it stays with its patient and requisition."""
    if any(ids.org_of(Id(identifier)) != grant.subject.org for identifier in (write.id, *write.parents)):
        raise Denial("not-of-this-act", "this belongs to another organization")
    head = before.heads.get(write.id)
    if head is not None and head.subject != grant.subject.id:
        raise Denial("not-of-this-act", "this belongs to another patient")
    if write.id in before.pending:
        raise Denial("conflict", "somebody else is saving this; read it again")
    if write.version != (head.version if head else 0) + 1:
        raise Denial("conflict", "this was changed in the meantime; read it again")
    work = _work(write)
    if head is not None and (head.work, head.kind) != (work, write.kind):
        raise Denial("not-of-this-act", "a record stays with its requisition and of its kind")
    if head is not None and write.harm < head.harm:
        raise Denial("not-of-this-act", "a record does not become less sensitive")
    if head is not None and head.state in _SETTLED and not grant.portion.factor:
        raise Denial("not-of-this-act", "what was issued or rejected is not written over without a fresh factor")
    if work and grant.portion.scope is Scope.WORK and work != grant.work:
        raise Denial("not-of-this-act", "this belongs to another requisition")
    if work and work != grant.work and not _known_work(turn, grant, work):
        raise Denial("not-of-this-act", "this belongs to another requisition")


def _check_content(grant: Grant, write: Write) -> None:
    """What custody itself will read or rest on: class, identity, identifiers and the site of the work."""
    if write.harm not in _HARMS:
        raise Denial("malformed", "a record has a known class of harm")
    opens = write.kind == Kind.REQUISITION and write.version == 1
    if opens and not grant.asker.service and write.site not in grant.asker.sites:
        raise Denial("another-site", "work is opened at a site where you work")
    fields = _FIELDS.get(write.kind, frozenset())
    if len(write.tokens) > _TOKENS or not fields.issuperset(field for field, _ in write.tokens):
        raise Denial("not-of-this-act", "this record has no such identifiers")
    try:
        for field, value in write.tokens:
            tokens.normalise(Field(field), value)
        if write.kind == Kind.DEMOGRAPHY:
            _DEMOGRAPHY.decode(write.body)
    except (Unclear, msgspec.DecodeError):
        raise Denial("malformed", "an identifier or an identity cannot be read") from None


def _before(turn: Turn, writes: Sequence[Write]) -> _Before:
    heads: dict[bytes, _Head] = {}
    pending: set[bytes] = set()
    for start in range(0, len(writes), _LOOKED_UP_AT_ONCE):
        some = [write.id for write in writes[start : start + _LOOKED_UP_AT_ONCE]]
        marks = ", ".join("?" * len(some))
        query = f"SELECT id, subject, version, work, kind, harm, state FROM resource WHERE id IN ({marks})"  # noqa: S608  # marks only
        rows = turn.db.execute(query, some)
        heads |= {identifier: _Head(*rest) for identifier, *rest in rows}
        pending |= {row[0] for row in turn.db.execute(f"SELECT id FROM pending WHERE id IN ({marks})", some)}  # noqa: S608  # marks only
    return _Before(heads, frozenset(pending))


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
    made = [_seal_one(held, grant, write) for write in writing.writes]
    sealed, rows = [one for one, _ in made], tuple(row for _, row in made)
    held.history.append(turn, org, _leaf(grant, rows))
    _count_identifiers(turn, held, grant, writing, sealed)
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


def _count_identifiers(turn: Turn, held: Holdings, grant: Grant, writing: Writing, sealed: Sequence[Sealed]) -> None:
    """A token that a person gets for somebody's number tells as much as looking it up, and counts as that."""
    if grant.asker.service:
        return
    for write, made in zip(writing.writes, sealed, strict=True):
        for (field, _), token in zip(write.tokens, made.tokens, strict=True):
            if write.kind == Kind.IDENTIFIERS:
                held.ring(turn, budgets.looked_up(turn, grant.asker, field, (token,)))


def _seal_one(held: Holdings, grant: Grant, write: Write) -> tuple[Sealed, Written]:
    subject, deciding = grant.subject, canonical.deciding(write.state, write.parents)
    address = Address(subject.org, subject.id, write.kind, Id(write.id), write.version, deciding)
    sealed = contents.seal(subject.sealer, address, Harm(write.harm), write.schema, write.body)
    made = tuple(held.unlocked.token(subject.org, field, value) for field, value in write.tokens)
    digest = canonical.stored(subject.id, (write.kind, write.schema), deciding, sealed)
    work = _work(write)
    return Sealed(sealed, made), Written(
        write.id, write.version, digest, write.kind, write.state, work, write.harm, write.site
    )


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
