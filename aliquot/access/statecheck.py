"""The state check: does the record database still hold exactly what history says was kept?

Custody gives, page by page, the latest kept version of every resource with the hash of its row. No content is
opened, and no key is needed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
from django.db import connection

from aliquot.access import acts, door, rows
from aliquot.access.door import Actor
from aliquot.custody.answers import Kept, KeptPage
from aliquot.custody.protocol import Answered, Ask
from aliquot.terms import canonical
from aliquot.terms.ids import Org
from aliquot.terms.purposes import Purpose

_PAGE = msgspec.json.Decoder(KeptPage)
_LAST = b"\xff" * 12


class Fault(StrEnum):
    """What can be wrong with a resource."""

    MISSING = "missing"
    ROLLED_BACK = "rolled-back"
    ALTERED = "altered"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """What it means."""
        return _WORDS[self]


_WORDS = {
    Fault.MISSING: "a version that was kept is not in the record database",
    Fault.ROLLED_BACK: "the record database holds an older version as the latest",
    Fault.ALTERED: "the row is not the one that was kept",
    Fault.UNKNOWN: "the record database holds a version that history does not know",
}


@dataclass(frozen=True)
class Finding:
    """One resource that is not as it was kept. Its id tells its organization and its week, and nothing else."""

    fault: Fault
    resource: str
    version: int


@dataclass
class _Rows:
    """What the record database holds of one resource: its latest version, and how many there are."""

    latest: int
    digest: bytes
    count: int


def check(actor: Actor, at: datetime) -> Iterator[Finding]:
    """Compare one organization's rows with history, in pages. Acts that have not ended yet may be there or not."""
    after = bytes(actor.org)
    while after:
        suspects, last = _look(actor, at, after)
        if suspects:
            # An act that ended between the two readings looks like a fault once, and never twice.
            again, _ = _look(actor, at, after)
            yield from (suspect for suspect in suspects if suspect in again)
        after = last


def highest(org: Org) -> tuple[int, bytes] | None:
    """How far history reached when the last act was kept, as the record database remembers it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT log_size, log_root FROM act WHERE id > %s AND id <= %s ORDER BY log_size DESC LIMIT 1",
            (org, org + _LAST),
        )
        row = cursor.fetchone()
    return None if row is None or row[0] == 0 else (int(row[0]), bytes(row[1]))


def _look(actor: Actor, at: datetime, after: bytes) -> tuple[list[Finding], bytes]:
    """The suspects of one page, and where the next page begins (nowhere after the last)."""
    page = _page(actor, at, after)
    last = bytes.fromhex(page.kept[-1].id) if page.kept else b""
    stored = _stored(after, last or actor.org + _LAST)
    kept = {one.id: one for one in page.kept}
    pending = frozenset(page.pending)
    found = [_compare(resource, kept.get(resource), stored.get(resource), pending) for resource in kept | stored]
    return [finding for finding in found if finding is not None], last


def _page(actor: Actor, at: datetime, after: bytes) -> KeptPage:
    # A grant lives for a minute and a check may take hours: each page has its own.
    meant = door.intent(actor, at, Purpose.HSYSADMIN)
    with door.enter(actor, acts.SettleActs(acts.organization(actor.org)), meant) as grant:
        form = msgspec.json.encode({"after": after.hex()})
        return _PAGE.decode(actor.line.ask(Ask(grant.token, "kept", form), Answered).body)


def _stored(after: bytes, until: bytes) -> dict[str, _Rows]:
    found: dict[str, _Rows] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT resource, version, subject, kind, "schema", state, parents, sealed FROM version'
            " WHERE resource > %s AND resource <= %s ORDER BY resource, version",
            (after, until),
        )
        for resource, version, subject, kind, schema, state, parents, sealed in cursor:
            known = found.setdefault(bytes(resource).hex(), _Rows(0, b"", 0))
            deciding = canonical.deciding(state, rows.split(bytes(parents)))
            known.latest = version
            known.digest = canonical.stored(bytes(subject), (kind, schema), deciding, bytes(sealed))
            known.count += 1
    return found


def _compare(resource: str, kept: Kept | None, stored: _Rows | None, pending: frozenset[str]) -> Finding | None:
    expected = kept.version if kept else 0
    if stored is None or stored.count < min(expected, stored.latest):
        return Finding(Fault.MISSING, resource, expected)
    if stored.latest < expected:
        return Finding(Fault.ROLLED_BACK, resource, expected)
    if stored.latest > expected:
        return None if resource in pending else Finding(Fault.UNKNOWN, resource, stored.latest)
    altered = kept is not None and stored.digest.hex() != kept.hash
    return Finding(Fault.ALTERED, resource, expected) if altered else None
