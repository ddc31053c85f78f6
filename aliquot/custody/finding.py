"""Looking for somebody: by an exact identifier's token, or by birth date with a few letters of the name."""

from aliquot.custody import budgets
from aliquot.custody.denial import Denial
from aliquot.custody.grants import Grant
from aliquot.custody.holdings import Holdings
from aliquot.custody.protocol import Find, Found, Tokens, TokensMade
from aliquot.custody.store import Turn
from aliquot.vault.tokens import Field

_MANY = 500
_FIELDS = frozenset(Field) - {Field.LOGIN}


def find(turn: Turn, held: Holdings, request: Find) -> Found:
    """At most five patients who may be meant; whoever is shown after this counts as provisional for a while."""
    grant = _grant(turn, held, request.grant, "FindPatient")
    _look(turn, grant)
    found = held.index(grant.asker.org).find(request.born_on, request.family, request.given)
    asked = held.unlocked.digest(grant.asker.org, "born", request.born_on.isoformat().encode())
    held.ring(turn, budgets.looked_up(turn, grant.asker, "born", (int.from_bytes(asked[:8], "big", signed=True),)))
    held.ring(turn, budgets.searched(turn, grant.asker, tuple(hit.patient for hit in found.hits)))
    return found


def tokens(turn: Turn, held: Holdings, request: Tokens) -> TokensMade:
    """The tokens of exact identifiers, metered by distinct value; the bench looks up tubes and nobody."""
    names = ("LookUpIdentifier", "FindTube") if request.field == Field.ACCESSION else ("LookUpIdentifier",)
    grant = _grant(turn, held, request.grant, *names)
    if request.field not in _FIELDS:
        raise Denial("malformed", "nobody is looked up by that")
    if len(request.values) > (_MANY if grant.asker.service else 1):
        raise Denial("too-many", "one identifier at a time")
    if not grant.asker.service:
        _look(turn, grant)
    made = tuple(held.unlocked.token(grant.asker.org, request.field, value) for value in request.values)
    held.ring(turn, budgets.looked_up(turn, grant.asker, request.field, made))
    return TokensMade(made)


def _grant(turn: Turn, held: Holdings, token: bytes, *names: str) -> Grant:
    grant = held.grant(turn, token)
    if grant.name not in names:
        raise Denial("not-of-this-act", "this act does not look anybody up")
    return grant


def _look(turn: Turn, grant: Grant) -> None:
    """Each look is an act of its own in the history: a grant is good for one."""
    if grant.looked:
        raise Denial("grant-over", "each search is an act of its own; begin again")
    grant.looked = True
    turn.undo.append(grant.look_again)
