"""Sealing what an act writes: one leaf over all of it, durable before a sealed byte leaves custody."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from aliquot.custody import budgets, contents, migrations, store, subjects
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.history import Leaf
from aliquot.custody.holdings import Holdings
from aliquot.custody.portions import Scope
from aliquot.custody.protocol import Prepare, Prepared, Sealed, Write, Writing
from aliquot.custody.store import Turn
from aliquot.ledger import entry
from aliquot.ledger.entry import Step
from aliquot.terms import canonical, states, transitions
from aliquot.terms.errors import Unclear
from aliquot.terms.identity import Demography
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Harm, Kind
from aliquot.vault import tokens
from aliquot.vault.record import Address
from aliquot.vault.tokens import Field

_OWN = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
_WITHOUT_WORK = _OWN | {Kind.QUARANTINE, Kind.CATALOGUE, Kind.PAPER}
# Looked up, and not constructed: every version of every act comes by here.
_KINDS = {int(kind): kind for kind in Kind}
_HARMS = {int(harm): harm for harm in Harm}
_NUMBERED = frozenset({Field.ACCESSION, Field.EXTID})
_FIELDS: dict[int, frozenset[str]] = {
    Kind.IDENTIFIERS: frozenset({Field.FILE, Field.NIR, Field.EXTID}),
    Kind.REQUISITION: _NUMBERED,
    Kind.ORDER: _NUMBERED,
    Kind.SPECIMEN: _NUMBERED,
}
"""Of which records which identifiers are looked up. A login is nobody's."""
_TOKENS = 16
_ORG_BYTES = 4


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
    """Everything that an act prepared, and the identity that search will know if it is kept.

    The identity is sealed once more, under the patient's own key, so that it is forgotten with the patient.
    """

    rows: tuple[Written, ...]
    demography: bytes | None
    tokens: tuple[tuple[bytes, str, int], ...] = ()
    """(record, field, token) of each unique identifier of the patient: what matching will know."""


_VALIDATED = frozenset({states.Analysis.TECH_VALIDATED, states.Analysis.MED_VALIDATED, states.Analysis.RELEASED})


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
    """What stands before a request: acts that have written nothing yet; of the resources that it writes and of their
    tubes the latest kept versions, and which are being saved."""

    entered: frozenset[bytes]
    heads: dict[bytes, _Head]
    pending: frozenset[bytes]


def prepare(turn: Turn, held: Holdings, request: Prepare) -> Prepared:
    """Seal the writes of each act; all of them are checked before the first is sealed."""
    grants = held.granted(turn, (writing.grant for writing in request.writings))
    if len({grant.asker.org for grant in grants}) != 1:
        raise Denial("malformed", "a request saves the work of one laboratory")
    if len({grant.act for grant in grants}) != len(grants):
        raise Denial("already-prepared", "an act saves its work once")
    before, seen = _before(turn, grants, request), set[bytes]()
    for grant, writing in zip(grants, request.writings, strict=True):
        _check(turn, grant, writing, before, seen)
    sealed = [_seal(turn, held, grant, writing) for grant, writing in zip(grants, request.writings, strict=True)]
    _write_down(turn, held, grants, [rows for _, rows in sealed])
    head = held.history.head(grants[0].asker.org)
    return Prepared(tuple(made for made, _ in sealed), head.size, head.root)


def _check(turn: Turn, grant: Grant, writing: Writing, before: _Before, seen: set[bytes]) -> None:
    """`seen` are the resources that the request has written so far."""
    if grant.act not in before.entered:
        raise Denial("already-prepared", "this act has saved its work already")
    own = [write.kind for write in writing.writes if write.kind in _OWN]
    if not writing.writes or len(own) != len(set(own)):
        raise Denial("malformed", "an act writes something, and of each kind of identity one record")
    tubes = {write.id for write in writing.writes if write.kind == Kind.SPECIMEN}
    for write in writing.writes:
        kind = _KINDS.get(write.kind)
        if kind is None or write.state not in grant.portion.writes.get(kind, ()):
            raise Denial("not-of-this-act", "this act does not write that")
        if write.id in seen:
            raise Denial("conflict", "a record is written once at a time")
        seen.add(write.id)
        _check_place(turn, grant, (write, kind), before)
        if kind is Kind.OBSERVATION and write.state in _VALIDATED:
            _check_tube(write, tubes, before)
        _check_content(grant, write)
        if write.kind == Kind.PAPER and write.id not in migrations.papers_of(turn, grant.asker.org, grant.mandate):
            raise Denial("not-of-this-act", "this paper is not one of this migration's")


def _check_place(turn: Turn, grant: Grant, written: tuple[Write, Kind], before: _Before) -> None:
    """The version follows the kept one by listed steps, nobody else is writing it, and it stays where it belongs."""
    write, kind = written
    if {identifier[:_ORG_BYTES] for identifier in (write.id, *write.parents)} != {grant.subject.org}:
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
    stood = head.state if head else transitions.NOTHING
    if not transitions.may(grant.name, kind, stood, write.state):
        raise Denial("not-of-this-act", "this act does not lead from that state to this one")
    if work and grant.portion.scope is Scope.WORK and work != grant.work:
        raise Denial("not-of-this-act", "this belongs to another requisition")
    if work and work != grant.work and not _known_work(turn, grant, work):
        raise Denial("not-of-this-act", "this belongs to another requisition")


def _check_tube(write: Write, tubes: set[bytes], before: _Before) -> None:
    """What is validated was measured on a tube of its requisition that was not rejected (INV-18).

    `tubes` are those that the same act writes.
    """
    (tube,) = _tube(write) or (b"",)
    head = before.heads.get(tube)
    if head is None and tube in tubes:
        return
    if head is None or (head.kind, head.work) != (Kind.SPECIMEN, write.parents[0]):
        raise Denial("not-of-this-act", "a result is validated with the tube that it was measured on")
    if head.state == states.Specimen.REJECTED:
        raise Denial("not-of-this-act", "nothing that was measured on a rejected tube is validated")


def _check_content(grant: Grant, write: Write) -> None:
    """What custody itself will read or rest on: class, identity, identifiers, site of the work."""
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
    except (Unclear, *canonical.UNREADABLE):
        raise Denial("malformed", "an identifier or an identity cannot be read") from None


def _before(turn: Turn, grants: Sequence[Grant], request: Prepare) -> _Before:
    writes = [write for writing in request.writings for write in writing.writes]
    asked = sorted({one for write in writes for one in (write.id, *_tube(write))})
    heads = store.among(turn, "SELECT id, subject, version, work, kind, harm, state FROM resource WHERE id IN", asked)
    return _Before(
        frozenset(
            row[0] for row in store.among(turn, "SELECT id FROM act WHERE state = 'entered' AND id IN", _acts(grants))
        ),
        {identifier: _Head(*rest) for identifier, *rest in heads},
        frozenset(row[0] for row in store.among(turn, "SELECT id FROM pending WHERE id IN", asked)),
    )


def _acts(grants: Sequence[Grant]) -> list[bytes]:
    return [grant.act for grant in grants]


def _tube(write: Write) -> tuple[bytes, ...]:
    """What a result was measured on: after its requisition and its order, the tube."""
    return write.parents[2:3] if write.kind == Kind.OBSERVATION else ()


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


def _seal(turn: Turn, held: Holdings, grant: Grant, writing: Writing) -> tuple[tuple[Sealed, ...], WrittenList]:
    made = [_seal_one(held, grant, write) for write in writing.writes]
    sealed, rows = tuple(one for one, _ in made), tuple(row for _, row in made)
    held.history.append(turn, grant.subject.org, _leaf(grant, rows))
    _count_identifiers(turn, held, grant, writing, sealed)
    return sealed, WrittenList(rows, _demography(grant, writing), _tokens(writing, sealed))


def _write_down(turn: Turn, held: Holdings, grants: Sequence[Grant], lists: Sequence[WrittenList]) -> None:
    """Remember what each act is about to keep; one statement of each kind for all acts of a request."""
    acts = list(zip(grants, lists, strict=True))
    turn.db.executemany(
        "UPDATE act SET state = 'prepared', prepared = ?, writes = ? WHERE id = ?",
        [
            (turn.at, held.unlocked.box(grant.subject.org).seal("writes", msgspec.msgpack.encode(listed)), grant.act)
            for grant, listed in acts
        ],
    )
    turn.db.executemany(
        "INSERT INTO pending (id, version, subject, act) VALUES (?, ?, ?, ?)",
        sorted((row.id, row.version, grant.subject.id, grant.act) for grant, listed in acts for row in listed.rows),
    )
    turn.db.executemany(
        "UPDATE subject SET seals = seals + ? WHERE id = ?",
        [(len(listed.rows), grant.subject.id) for grant, listed in acts],
    )


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
    sealed = contents.seal(subject.sealer, address, _HARMS[write.harm], write.schema, write.body)
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


def _tokens(writing: Writing, sealed: Sequence[Sealed]) -> tuple[tuple[bytes, str, int], ...]:
    return tuple(
        (write.id, field, token)
        for write, made in zip(writing.writes, sealed, strict=True)
        if write.kind == Kind.IDENTIFIERS
        for (field, _), token in zip(write.tokens, made.tokens, strict=True)
    )


def _demography(grant: Grant, writing: Writing) -> bytes | None:
    for write in writing.writes:
        if write.kind == Kind.DEMOGRAPHY:
            _DEMOGRAPHY.decode(write.body)
            return subjects.seal(grant.subject, "demography", write.body)
    return None


_DEMOGRAPHY = msgspec.json.Decoder(Demography)
