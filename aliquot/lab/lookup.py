"""Finding by an exact identifier, through a token that custody makes and the record knows."""

from datetime import datetime
from typing import Literal

import msgspec

from aliquot.access import acts, door, rows
from aliquot.access.acts import LookUpIdentifier
from aliquot.access.door import Actor
from aliquot.custody.protocol import Tokens, TokensMade
from aliquot.terms.ids import Id
from aliquot.terms.purposes import Purpose

Field = Literal["file", "nir", "extid", "accession"]


class Sought(msgspec.Struct, frozen=True):
    """Identifiers of one field, as they were typed or scanned."""

    field: Field
    values: tuple[str, ...]


def resolve(actor: Actor, sought: Sought, purpose: Purpose, at: datetime) -> dict[str, Id]:
    """What some identifiers stand for; one that stands for nothing here is left out.

    Raises:
        Denial: the act is not permitted, or a person asks for more than one at once.
    """
    act = LookUpIdentifier(acts.organization(actor.org))
    with door.enter(actor, act, door.intent(actor, at, purpose)) as grant:
        made = actor.line.ask(Tokens(grant.token, sought.field, sought.values), TokensMade)
    named = rows.resolve(actor.org, sought.field, made.tokens)
    return {value: named[token] for value, token in zip(sought.values, made.tokens, strict=True) if token in named}
