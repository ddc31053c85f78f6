"""Opening rows under a grant: only the kinds and the work that the act may see, and only what was kept there.

The seal shows a row that was moved or altered; the facts here show one that was put back in an older version, and one
that is no longer there.
"""

from collections.abc import Iterable
from functools import partial

import msgspec

from aliquot.custody import contents, masking, store
from aliquot.custody.frames import Row
from aliquot.custody.grants import Grant
from aliquot.custody.holdings import Holdings
from aliquot.custody.portions import Scope
from aliquot.custody.protocol import Content, Open, Opened, Reading, ReadOut
from aliquot.custody.store import Turn
from aliquot.custody.subjects import Subject
from aliquot.terms import canonical, papers
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.vault import record
from aliquot.vault.errors import Unopenable
from aliquot.vault.record import Address

_IDENTITY = frozenset({Kind.DEMOGRAPHY, Kind.TRAITS, Kind.IDENTIFIERS, Kind.CONTACT, Kind.NOTE})
_LARGEST_SCHEMA = 2**16 - 1
_WITHHELD = Content("withheld", 0, b"")
_PENDING = Content("pending", 0, b"")
_BROKEN = Content("broken", 0, b"")


class Head(msgspec.Struct, frozen=True, gc=False):
    """The latest kept version of one resource."""

    subject: bytes
    version: int
    hash: bytes
    work: bytes
    kind: int


def read(turn: Turn, held: Holdings, request: Open) -> Opened:
    """Open each reading under its own grant. Nothing is written unless something is wrong."""
    grants = held.granted(turn, (reading.grant for reading in request.readings))
    latest = heads(turn, {row.id for reading in request.readings for row in reading.rows})
    return Opened(tuple(map(partial(_read, turn, held, latest), grants, request.readings)))


def heads(turn: Turn, resources: Iterable[bytes]) -> dict[bytes, Head]:
    """The latest kept version of each of these resources that has one."""
    # One question for a whole batch, in the order of the table: a third of what a question for each patient costs.
    query = "SELECT id, subject, version, hash, work, kind FROM resource WHERE id IN"
    return {row[0]: Head(*row[1:]) for row in store.among(turn, query, sorted(resources))}


def is_latest(subject: Subject, row: Row, head: Head) -> bool:
    """Whether a row is the latest kept version of its resource, whole and where it belongs."""
    return (row.kind, row.version) == (head.kind, head.version) and _hashed(subject, row) == head.hash


def unsealed(subject: Subject, row: Row) -> record.Opened | None:
    """What a row says, or nothing where it was not sealed for this place."""
    address = Address(subject.org, subject.id, row.kind, Id(row.id), row.version, _deciding(row))
    try:
        return contents.unseal(subject.sealer, address, row.schema, row.sealed)
    except Unopenable:
        return None


def _read(turn: Turn, held: Holdings, all_: dict[bytes, Head], grant: Grant, reading: Reading) -> ReadOut:
    found = [(row.id, all_.get(row.id)) for row in reading.rows]
    heads = {identifier: head for identifier, head in found if head is not None and head.subject == grant.subject.id}
    contents = tuple(_content(turn, held, grant, row, heads, history=reading.history) for row in reading.rows)
    broken = sum(content.state == "broken" for content in contents)
    if broken:
        held.alarm(
            turn, grant.asker.org, "record-altered", person=grant.asker.person, n=broken, subject=grant.subject.id
        )
    return ReadOut(contents, _missing(turn, held, grant, reading))


def _content(turn: Turn, held: Holdings, grant: Grant, row: Row, heads: dict[bytes, Head], *, history: bool) -> Content:
    head = heads.get(row.id)
    if head is not None and head.kind != row.kind:
        return _BROKEN
    if row.kind not in grant.portion.reads or (head is not None and not _within(grant, row, head)):
        return _WITHHELD
    if head is None or row.version > head.version:
        return _unkept(turn, row)
    if history and not grant.portion.history and row.version < head.version:
        return _WITHHELD
    history = history or held.superseded.get((row.id, row.version), 0) > grant.entered
    opened = unsealed(grant.subject, row) if _as_kept(turn, row, grant.subject, head, history=history) else None
    if opened is None:
        return _BROKEN
    if opened.harm > grant.portion.harm:
        return _WITHHELD
    if grant.portion.masked:
        return _masked(opened)
    return Content("open", opened.harm, opened.body)


def _hashed(subject: Subject, row: Row) -> bytes:
    """The hash under which custody would remember this version; nothing, where its schema could not have been kept."""
    if not 0 <= row.schema <= _LARGEST_SCHEMA:
        return b""
    return canonical.stored(subject.id, (row.kind, row.schema), _deciding(row), row.sealed)


def _deciding(row: Row) -> bytes:
    return canonical.deciding(row.state, row.parents)


def _masked(opened: record.Opened) -> Content:
    """The shapes of a message. What has none to show is not shown."""
    try:
        return Content("masked", opened.harm, masking.masked(opened.body))
    except canonical.UNREADABLE:
        return _WITHHELD


def _within(grant: Grant, row: Row, head: Head) -> bool:
    if row.kind == Kind.PAPER and grant.mandate:
        # Who works under a mandate sees no other migration.
        return row.id in papers.identities(grant.mandate)
    return grant.portion.scope is Scope.DOSSIER or row.kind in _IDENTITY or head.work in {grant.work, *grant.works}


def _unkept(turn: Turn, row: Row) -> Content:
    """A version that custody does not know to be kept: still on its way, or put there by somebody else."""
    found = turn.db.execute("SELECT version FROM pending WHERE id = ?", (row.id,)).fetchone()
    return _PENDING if found is not None and found[0] == row.version else _BROKEN


def _as_kept(turn: Turn, row: Row, subject: Subject, head: Head, *, history: bool) -> bool:
    if row.version == head.version:
        return is_latest(subject, row, head)
    kept = turn.db.execute("SELECT hash FROM superseded WHERE id = ? AND version = ?", (row.id, row.version)).fetchone()
    return history and kept is not None and kept[0] == _hashed(subject, row)


def _missing(turn: Turn, held: Holdings, grant: Grant, reading: Reading) -> int:
    """How many kept versions of the subject the record database lacks; its own count is compared, pending allowed.

    It was counted after the act was entered, and acts of others may have ended since: it lies between what was kept
    then and what is kept or on its way now.
    """
    if reading.stored < 0:
        return 0
    (kept,) = turn.db.execute("SELECT kept FROM subject WHERE id = ?", (grant.subject.id,)).fetchone()
    (pending,) = turn.db.execute("SELECT count(*) FROM pending WHERE subject = ?", (grant.subject.id,)).fetchone()
    if grant.subject.kept <= reading.stored <= kept + pending:
        return 0
    missing = max(grant.subject.kept - reading.stored, 1)
    held.alarm(turn, grant.asker.org, "rows-missing", n=missing, subject=grant.subject.id)
    return missing
