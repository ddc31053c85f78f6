"""Who asks: the facts about a session that decisions rest on. A caller's word is never among them."""

from dataclasses import dataclass

from aliquot.terms.ids import Org


@dataclass(frozen=True)
class Asker:
    """A live session as custody knows it.

    `session` is the hash of the ticket; `service` is the enrolled name of a service and empty for a person; `sites`
    are those at which the person holds a role. `factor` and `seen` are instants in microseconds: the last fresh factor
    and the last request.
    """

    session: bytes
    person: bytes
    name: str
    org: Org
    roles: frozenset[str]
    sites: frozenset[str]
    service: str
    factor: int
    seen: int
