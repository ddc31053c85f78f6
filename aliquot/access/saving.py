"""Steps 3 to 5 of the protocol of an act: prepare, one short record transaction, end."""

from collections.abc import Sequence
from typing import Literal

from django.db import Error, IntegrityError, connection, transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import adding, routing
from aliquot.access.acts import Act
from aliquot.access.custodian import Line
from aliquot.access.grant import Draft, Grant
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Done, End, Ending, Prepare, Prepared, Sealed, Writing
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

_WITHOUT_WORK = frozenset(
    {
        Kind.DEMOGRAPHY,
        Kind.TRAITS,
        Kind.IDENTIFIERS,
        Kind.CONTACT,
        Kind.NOTE,
        Kind.QUARANTINE,
        Kind.CATALOGUE,
        Kind.PAPER,
    }
)

_Outcome = Literal["kept", "abandoned", ""]


class Undecided(Broken):
    """The database did not say whether it kept the work; settlement finds out, and the same form may be sent again."""


def save(line: Line, ticket: bytes, grants: Sequence[Grant[Act]]) -> None:
    """Make what the grants gathered durable, all of it or nothing.

    Raises:
        Denial: somebody else changed the same thing, or a unique identifier is taken ("identifier-taken").
        Undecided: the database went away while it was asked to commit.
    """
    if not grants:
        return
    prepared = _prepare(line, grants)
    outcome: _Outcome = "abandoned"
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                _insert_all(cursor, grants, prepared)
            # What fails from here on is not definite: the database may have committed.
            outcome = ""
        outcome = "kept"
    except IntegrityError as error:
        outcome = "abandoned"
        raise _denial(error) from None
    except Error as error:
        raise (_denial(error) if outcome else _undecided()) from None
    finally:
        if outcome:
            _end(line, ticket, grants, outcome)


def _prepare(line: Line, grants: Sequence[Grant[Act]]) -> Prepared:
    writings = tuple(Writing(grant.token, tuple(draft.write() for draft in grant.drafts)) for grant in grants)
    return line.ask(Prepare(writings), Prepared)


def _insert_all(cursor: CursorWrapper, grants: Sequence[Grant[Act]], prepared: Prepared) -> None:
    adding.add(cursor, adding.ACT, [(grant.id, "kept", prepared.size, prepared.root) for grant in grants])
    routing.make(cursor, (wanted for grant in grants for wanted in grant.routings))
    pairs = [
        (grant, draft, sealed)
        for grant, writing in zip(grants, prepared.writings, strict=True)
        for draft, sealed in zip(grant.drafts, writing, strict=True)
    ]
    adding.add(cursor, adding.VERSION, [_version(grant, draft, sealed) for grant, draft, sealed in pairs])
    tokens: list[adding.Row] = [
        (grant.act.subject[:4], field, token, _meant(grant, draft), grant.id)
        for grant, draft, sealed in pairs
        for (field, _), token in zip(draft.tokens, sealed.tokens, strict=True)
    ]
    if tokens:
        adding.add(cursor, adding.TOKEN, tokens)


def _version(grant: Grant[Act], draft: Draft, sealed: Sealed) -> adding.Row:
    return (
        draft.id,
        draft.version,
        int(draft.kind),
        grant.act.subject,
        _work(draft),
        grant.id,
        draft.schema,
        draft.state,
        b"".join(draft.parents),
        sealed.sealed,
    )


def _work(draft: Draft) -> bytes | None:
    if draft.kind is Kind.REQUISITION:
        return draft.id
    return None if draft.kind in _WITHOUT_WORK else draft.parents[0]


def _meant(grant: Grant[Act], draft: Draft) -> Id:
    """What a token stands for: the patient, for an identifier of a person; else the resource itself."""
    return grant.act.subject if draft.kind is Kind.IDENTIFIERS else draft.id


def _end(line: Line, ticket: bytes, grants: Sequence[Grant[Act]], outcome: Literal["kept", "abandoned"]) -> None:
    endings = tuple(Ending(grant.id, outcome) for grant in grants)
    line.ask(End(ticket, endings), Done)


def _undecided() -> Undecided:
    return Undecided("the record database did not confirm; look again in a minute")


def _denial(error: Error) -> Exception:
    if isinstance(error, IntegrityError):
        text = str(error)
        if "token" in text:
            return Denial("identifier-taken", "somebody is already registered under this identifier")
        if "version" in text or "act" in text:
            return Denial("conflict", "this was changed in the meantime; read it again")
    return Broken("the record database refused to keep this")
