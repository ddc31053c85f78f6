"""Devices, services, listeners and mandates of one organization: what administration may change besides people."""

from datetime import datetime, timedelta

from aliquot.custody import forms, people, services, sessions, store
from aliquot.custody.denial import Denial
from aliquot.custody.store import Turn
from aliquot.terms import ids
from aliquot.terms.ids import Id, Org
from aliquot.vault.keystore import INSTALLATION

LONGEST_MANDATE = timedelta(days=30)
_ENDED_ALONE = """
SELECT 1 FROM mandate WHERE org = ? AND id = ? AND state = 'in-force' AND id NOT IN (SELECT mandate FROM migration)
"""

Equipment = (
    forms.EnrolDevice
    | forms.EndDevice
    | forms.EnrolService
    | forms.EndService
    | forms.EnrolListener
    | forms.EndListener
    | forms.SignMandate
    | forms.EndMandate
)


def check(turn: Turn, org: Org, change: Equipment) -> None:
    """Whether the change makes sense now.

    Raises:
        Denial: `name-taken`, `no-such-device`, `no-such-service`, `no-such-listener`, `no-such-mandate`, `role`,
            `term`.
    """
    match change:
        case forms.EnrolDevice():
            _check_device_name(turn, org, change.name)
        case forms.EndDevice():
            _exists(
                turn, "SELECT 1 FROM device WHERE org = ? AND name = ? AND until IS NULL", (org, change.name), "device"
            )
        case forms.EnrolService():
            services.check(turn, change.name, role=change.role, until=change.until)
        case forms.EndService():
            _exists(turn, "SELECT 1 FROM service WHERE org = ? AND name = ?", (org, change.name), "service")
        case forms.EnrolListener():
            services.check_listener(turn, change.name)
        case forms.EndListener():
            _exists(turn, "SELECT 1 FROM listener WHERE org = ? AND name = ?", (org, change.name), "listener")
        case forms.SignMandate():
            check_mandate(turn, org, change.service, change.until)
        case forms.EndMandate():
            key = (org, bytes.fromhex(change.mandate))
            # A migration is aborted, so that what was staged dies with its mandate.
            _exists(turn, _ENDED_ALONE, key, "mandate")


def apply(turn: Turn, identity: Id, change: Equipment) -> None:
    """Bring a checked change into force; `identity` is the change's and becomes the device's or mandate's."""
    org = ids.org_of(identity)
    match change:
        case forms.EnrolDevice():
            _enrol_device(turn, identity, change)
        case forms.EndDevice():
            turn.db.execute("UPDATE device SET until = ? WHERE org = ? AND name = ?", (turn.at, org, change.name))
        case forms.EnrolService():
            services.enrol(turn, org, change.name, change.public_key, role=change.role, until=change.until)
        case forms.EndService():
            end_service(turn, org, change.name)
        case forms.EnrolListener():
            services.enrol_listener(turn, org, change.name, change.public_key)
        case forms.EndListener():
            turn.db.execute("DELETE FROM listener WHERE org = ? AND name = ?", (org, change.name))
        case forms.SignMandate():
            turn.db.execute(
                "INSERT INTO mandate (id, org, purpose, service, allowed, used, until, state)"
                " VALUES (?, ?, ?, ?, ?, 0, ?, 'in-force')",
                (identity, org, change.purpose, change.service, change.allowed, store.micros(change.until)),
            )
        case forms.EndMandate():
            turn.db.execute("UPDATE mandate SET state = 'ended' WHERE id = ?", (bytes.fromhex(change.mandate),))


def check_mandate(turn: Turn, org: Org, name: str, until: datetime) -> None:
    """Whether this service may be given bulk work until then.

    Raises:
        Denial: `term`, `no-such-service`.
    """
    people.check_term(turn, until, LONGEST_MANDATE)
    service = services.find(turn, name)
    if service is None or service.org not in (org, INSTALLATION) or turn.at >= service.until:
        raise Denial("no-such-service", "no service of this name works for this organization")


def end_service(turn: Turn, org: Org, name: str) -> None:
    """End a service of this organization with its sessions; one that serves every laboratory is not its to end."""
    for (service,) in turn.db.execute("SELECT id FROM service WHERE org = ? AND name = ?", (org, name)).fetchall():
        # Its grants live in its sessions, which are believed only while its term runs.
        sessions.end_all(turn, service)
    turn.db.execute("UPDATE service SET until = ? WHERE org = ? AND name = ?", (turn.at, org, name))


def _check_device_name(turn: Turn, org: Org, name: str) -> None:
    row = turn.db.execute("SELECT org, until FROM device WHERE name = ?", (name,)).fetchone()
    if row is not None and (row[0] != org or row[1] is None):
        raise Denial("name-taken", "there is a device of this name")


def _enrol_device(turn: Turn, identity: Id, change: forms.EnrolDevice) -> None:
    # A device that comes back keeps its id, for earlier letters name it.
    turn.db.execute(
        "INSERT INTO device (id, org, name, site) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET site = excluded.site, until = NULL",
        (identity, ids.org_of(identity), change.name, change.site),
    )


def _exists(turn: Turn, query: str, key: tuple[Org, str | bytes], what: str) -> None:
    if turn.db.execute(query, key).fetchone() is None:
        raise Denial(f"no-such-{what}", f"this organization has no such {what}")
