"""The catalogue in force: published by the director, read by everyone. It says nothing about any patient."""

from datetime import datetime

from django.db import connection

from aliquot.access import acts, door, rows
from aliquot.access.acts import Act, PublishCatalogue, ReadCatalogue
from aliquot.access.door import Actor
from aliquot.access.grant import Draft, Grant
from aliquot.lab import records, repetition, routing
from aliquot.lab.catalogue import Catalogue
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose

# Opening a catalogue of 400 tests takes longer than the work at the bench that needs it, and it holds nothing about
# any patient. It is named by the act that published it, because a version's number does not tell one database from
# another.
_OPENED: dict[bytes, Catalogue] = {}


def resource(org: Org) -> Id:
    """The one resource that a laboratory's catalogue is: found without an index."""
    return Id(org + bytes(2) + b"catalogue!")


def publish(grant: Grant[PublishCatalogue], catalogue: Catalogue) -> int:
    """Put the next version of the catalogue in force, whole; the answer is its number.

    Raises:
        Refused: its number is not the one that follows the version in force.
    """
    org = Org(grant.act.subject[:4])
    if repetition.is_done(grant):
        return catalogue.version
    version, _ = _newest(org)
    if catalogue.version != version + 1:
        raise Refused(f"catalogue.version: the next version is {version + 1}")
    grant.route(routing.known(grant.act.subject))
    grant.write(Draft(Kind.CATALOGUE, resource(org), catalogue.version, "known", (), catalogue))
    return catalogue.version


def current(actor: Actor, at: datetime) -> Catalogue:
    """The catalogue in force, opened once for each process and version.

    Raises:
        Refused: none was published yet.
    """
    version, published = _newest(actor.org)
    if published not in _OPENED:
        act = ReadCatalogue(acts.organization(actor.org))
        with door.enter(actor, act, door.intent(actor, at, Purpose.HOPERAT)) as grant:
            opened = _read(grant, resource(actor.org))
        if opened.version != version:
            # The newest is still being saved: what stands before it is in force, and is not kept under its name.
            return opened
        _OPENED[published] = opened
    return _OPENED[published]


def _read(grant: Grant[Act], identity: Id) -> Catalogue:
    found = records.of(grant.read(rows.of_resource(identity)), Kind.CATALOGUE, Catalogue)
    if not found:
        raise Refused("catalogue: none is in force; the director publishes one")
    return found[0].content


def _newest(org: Org) -> tuple[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version, act FROM version WHERE resource = %s ORDER BY version DESC LIMIT 1", (resource(org),)
        )
        version, act = cursor.fetchone() or (0, b"")
    return version, bytes(act)
