"""What finds an erased patient goes from the record database: the tokens of the patient's numbers and tubes.

The rows stay and open no more; without their tokens nobody can test a number against them, and the same person can be
registered again.
"""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import final

import msgspec
from django.db.models import Q

from aliquot.access import acts, door
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.custody.answers import Shredded
from aliquot.custody.protocol import Answered, Ask
from aliquot.record.models import Specimen, Token
from aliquot.terms.ids import Org
from aliquot.terms.purposes import Purpose

_DAY_S = 86_400
_AT_ONCE = 500
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
    tubes = Specimen.objects.filter(requisition__subject__in=patients).values("id")
    gone, _ = Token.objects.filter(Q(resource__in=patients) | Q(resource__in=tubes)).delete()
    return gone
