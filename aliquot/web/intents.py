"""How a page means an act: a form carries the act's id from its rendering, so that sending it twice is one act."""

import hashlib

from django.http import HttpRequest

from aliquot.access.door import Intent
from aliquot.terms import clock, ids
from aliquot.terms.errors import Refused
from aliquot.terms.purposes import Purpose
from aliquot.web import factors
from aliquot.web.visitor import Visitor

FIELD = "act"


def fresh(visitor: Visitor) -> str:
    """A new act's id, for the hidden field of a form."""
    return ids.new(visitor.org, clock.system()).hex()


def posted(request: HttpRequest, visitor: Visitor, purpose: Purpose, wanted: bytes, *, reason: str = "") -> Intent:
    """The intent of a form that was sent. `wanted` is the canonical form of what it wants; it stays with the id.

    Raises:
        Refused: the form does not carry an id of this laboratory.
    """
    try:
        identity = ids.parse(request.POST.get(FIELD, ""))
    except ValueError:
        raise Refused("act: open the form again") from None
    if ids.org_of(identity) != visitor.org:
        raise Refused("act: open the form again")
    return Intent(
        purpose=purpose,
        id=identity,
        digest=hashlib.sha256(wanted).digest(),
        reason=reason,
        factor=factors.posted(request),
    )
