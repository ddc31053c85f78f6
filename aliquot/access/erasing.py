"""What finds an erased patient goes from the record database: the tokens of the patient's numbers and tubes.

The rows stay and open no more; without their tokens nobody can test a number against them, and the same person can be
registered again. The process in which the second person signed does it at once, and the worker looks once a day, and
when it starts, for what that left: it died, or the database was away.
"""

import contextlib
import time
from collections.abc import Sequence
from datetime import datetime
from typing import final

import msgspec
from django.db import Error, connection

from aliquot.access import acts, door
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.custody.answers import Shredded
from aliquot.custody.protocol import Answered, Ask
from aliquot.terms.ids import Org
from aliquot.terms.purposes import Purpose

_DAY_S = 86_400
_AT_ONCE = 500
_FORGET = """
DELETE FROM token WHERE resource IN ({marks}) OR resource IN (SELECT resource FROM version WHERE subject IN ({marks}))
"""
_PAGE = msgspec.json.Decoder(Shredded)


@final
class Sweep:
    """The worker's daily look for patients who were erased."""

    def __init__(self, orgs: Sequence[Org]) -> None:
        self._orgs = tuple(orgs)
        self._due = 0.0

    def step(self, line: Line, at: datetime) -> int:
        """Sweep, if a day has passed since the last time; how many tokens went."""
        if time.monotonic() < self._due:
            return 0
        ticket = line.session().ticket
        gone = sum(forget(Actor(line, ticket, org), at) for org in self._orgs)
        self._due = time.monotonic() + _DAY_S
        return gone


def signed(patient: bytes) -> None:
    """Two people have erased a patient, and custody has destroyed the key: the tokens go as well."""
    # The patient is erased, whatever the database says; the worker comes back to what it did not do.
    with contextlib.suppress(Error):
        _delete([patient])


def forget(actor: Actor, at: datetime) -> int:
    """Delete the tokens of everybody of a laboratory whom custody has shredded; how many there still were."""
    patients = _shredded(actor, at)
    return sum(_delete(patients[first : first + _AT_ONCE]) for first in range(0, len(patients), _AT_ONCE))


def _shredded(actor: Actor, at: datetime) -> list[bytes]:
    meant = door.intent(actor, at, Purpose.HSYSADMIN)
    found: list[bytes] = []
    with door.enter(actor, acts.SettleActs(acts.organization(actor.org)), meant) as grant:
        while True:
            form = msgspec.json.encode({"after": found[-1].hex() if found else ""})
            page = _PAGE.decode(actor.line.ask(Ask(grant.token, "shredded", form), Answered).body).patients
            if not page:
                return found
            found += [bytes.fromhex(one) for one in page]


def _delete(patients: Sequence[bytes]) -> int:
    query = _FORGET.format(marks=", ".join(["%s"] * len(patients)))
    with connection.cursor() as cursor:
        cursor.execute(query, (*patients, *patients))
        return int(cursor.rowcount)
