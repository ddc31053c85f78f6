"""Sealed rows as they stand in the record database: fetched, and added. Nothing here can read one."""

from collections.abc import Iterable, Sequence

import msgspec
from django.db import connection

from aliquot.custody.frames import Row
from aliquot.terms import canonical
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind

_ID_BYTES = 16
_COLUMNS = 'resource, version, kind, "schema", state, parents, sealed'
_MANY = 400


class Stored(msgspec.Struct, frozen=True, gc=False):
    """One version as it is stored; `subject` is whose it is."""

    subject: Id
    row: Row


def of_subject(subject: Id, kinds: Iterable[Kind] = ()) -> list[Stored]:
    """Every version of a subject's resources, oldest first."""
    chosen = tuple(kinds)
    where = f" AND kind IN ({_marks(chosen)})" if chosen else ""
    return _fetch(f"subject = %s{where}", (subject, *chosen))


def of_subjects(subjects: Sequence[Id], kinds: Iterable[Kind]) -> list[Stored]:
    """Every version of some kinds of several subjects, oldest first, in a fixed number of queries."""
    chosen = tuple(kinds)
    found: list[Stored] = []
    for start in range(0, len(subjects), _MANY):
        some = subjects[start : start + _MANY]
        found += _fetch(f"subject IN ({_marks(some)}) AND kind IN ({_marks(chosen)})", (*some, *chosen))
    return found


def of_work(work: Sequence[Id], kinds: Iterable[Kind] = ()) -> list[Stored]:
    """Every version of the resources of some requisitions, oldest first, in a fixed number of queries."""
    chosen = tuple(kinds)
    kinds_where = f" AND kind IN ({_marks(chosen)})" if chosen else ""
    found: list[Stored] = []
    for start in range(0, len(work), _MANY):
        some = work[start : start + _MANY]
        found += _fetch(f"requisition IN ({_marks(some)}){kinds_where}", (*some, *chosen))
    return found


def of_resource(resource: Id) -> list[Stored]:
    """Every version of one resource, oldest first."""
    return _fetch("resource = %s", (resource,))


def newest(resource: Id, before: int = 2**31 - 1, most: int = 2) -> list[Stored]:
    """The last versions of a resource before one, oldest first: two, for the newest may still be on its way."""
    where = "resource = %s AND version IN (SELECT version FROM version WHERE resource = %s AND version < %s"
    return _fetch(f"{where} ORDER BY version DESC LIMIT %s)", (resource, resource, before, most))


def of_resources(resources: Sequence[Id]) -> list[Stored]:
    """Every version of some resources, oldest first, in a fixed number of queries."""
    found: list[Stored] = []
    for start in range(0, len(resources), _MANY):
        some = resources[start : start + _MANY]
        found += _fetch(f"resource IN ({_marks(some)})", some)
    return found


def present(resources: Sequence[Id]) -> frozenset[Id]:
    """Which of these resources have a version here, in a fixed number of queries."""
    found: set[Id] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(resources), _MANY):
            some = resources[start : start + _MANY]
            cursor.execute(f"SELECT resource FROM version WHERE resource IN ({_marks(some)})", some)  # noqa: S608  # marks only
            found.update(Id(bytes(resource)) for (resource,) in cursor.fetchall())
    return frozenset(found)


def known(patients: Sequence[Id]) -> frozenset[Id]:
    """Which of these patients have their demography here, in a fixed number of queries."""
    found: set[Id] = set()
    with connection.cursor() as cursor:
        for start in range(0, len(patients), _MANY):
            some = patients[start : start + _MANY]
            query = f"SELECT subject FROM version WHERE subject IN ({_marks(some)}) AND kind = %s"  # noqa: S608  # marks only
            cursor.execute(query, (*some, Kind.DEMOGRAPHY))
            found.update(Id(bytes(patient)) for (patient,) in cursor.fetchall())
    return frozenset(found)


def latest(stored: Iterable[Stored]) -> list[Stored]:
    """Of each resource the highest version, in the order in which the resources first came."""
    newest: dict[bytes, Stored] = {}
    for one in stored:
        known = newest.get(one.row.id)
        if known is None or known.row.version < one.row.version:
            newest[one.row.id] = one
    return list(newest.values())


def digest(one: Stored) -> bytes:
    """The hash under which custody remembers this version, whole as it stands here."""
    row = one.row
    deciding = canonical.deciding(row.state, row.parents)
    return canonical.stored(one.subject, (row.kind, row.schema), deciding, row.sealed)


def count(subject: Id) -> int:
    """How many versions of a subject the database holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM version WHERE subject = %s", (subject,))
        (number,) = cursor.fetchone()
    return int(number)


def resolve(org: bytes, field: str, tokens: Sequence[int]) -> dict[int, Id]:
    """What unique identifiers stand for, by their tokens."""
    found: dict[int, Id] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(tokens), _MANY):
            some = tokens[start : start + _MANY]
            cursor.execute(
                f"SELECT token, resource FROM token WHERE org = %s AND field = %s AND token IN ({_marks(some)})",  # noqa: S608  # marks only
                (org, field, *some),
            )
            found |= {token: Id(bytes(resource)) for token, resource in cursor.fetchall()}
    return found


def _fetch(where: str, values: Sequence[bytes | int]) -> list[Stored]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT subject, {_COLUMNS} FROM version WHERE {where} ORDER BY id", values)  # noqa: S608  # no values in it
        return [
            Stored(
                Id(bytes(subject)),
                Row(kind, bytes(resource), version, schema, state, split(bytes(parents)), bytes(sealed)),
            )
            for subject, resource, version, kind, schema, state, parents, sealed in cursor.fetchall()
        ]


def split(parents: bytes) -> tuple[bytes, ...]:
    """The parent ids of a row, which are stored one after the other."""
    return tuple(parents[at : at + _ID_BYTES] for at in range(0, len(parents), _ID_BYTES))


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))
