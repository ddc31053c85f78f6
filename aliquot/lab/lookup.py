"""Finding by an exact identifier, through a token that custody makes and the record knows."""

from datetime import datetime
from typing import Literal

import msgspec

from aliquot.access import acts, door, rows
from aliquot.access.acts import FindTube, LookUpIdentifier
from aliquot.access.door import Actor
from aliquot.custody.protocol import Tokens, TokensMade
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose

Field = Literal["file", "nir", "extid", "accession"]


class Sought(msgspec.Struct, frozen=True):
    """One identifier as it was typed or scanned."""

    field: Field
    value: str


def resolve(actor: Actor, sought: Sought, purpose: Purpose, at: datetime) -> Id | None:
    """What an identifier stands for in this laboratory: a tube, or a patient. Nothing, if it stands for nothing.

    Raises:
        Denial: the act is not permitted.
    """
    act = (FindTube if sought.field == "accession" else LookUpIdentifier)(acts.organization(actor.org))
    with door.enter(actor, act, door.intent(actor, at, purpose)) as grant:
        (token,) = actor.line.ask(Tokens(grant.token, sought.field, (sought.value,)), TokensMade).tokens
    return rows.resolve(actor.org, sought.field, (token,)).get(token)
