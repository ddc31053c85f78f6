"""Who works for a laboratory and what is enrolled: for those who answer for it, and for who approves a change."""

from aliquot.custody import actors, answers, changes, exports, forms, people, store
from aliquot.custody.people import Person
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import canonical
from aliquot.terms.ids import Org
from aliquot.vault.keystore import INSTALLATION

_LEAVINGS = """
SELECT mandate.id, mandate.state, mandate.until <= :at, change.proposed_by, change.decided_by, change.decided,
export.begun, count(exported.subject), count(exported.opened)
FROM export JOIN mandate ON mandate.id = export.mandate JOIN change ON change.id = export.mandate
LEFT JOIN exported ON exported.mandate = export.mandate
WHERE export.org = :org AND (:mandate = x'' OR export.mandate = :mandate)
GROUP BY mandate.id ORDER BY change.decided DESC, mandate.id
"""


def taken(turn: Turn, unlocked: Unlocked, org: Org) -> answers.Accounts:
    """The inventory of one laboratory; what serves the whole installation is among it."""
    return answers.Accounts(
        tuple(_account(turn, person) for person in people.of(turn, unlocked, org)),
        (*_devices(turn, org), *_services(turn, org), *_listeners(turn, org)),
        _mandates(turn, org),
        tuple(_told(turn, unlocked, change) for change in changes.waiting(turn, unlocked, org)),
    )


def unsigned(turn: Turn, unlocked: Unlocked, org: Org, *, leaving: bool) -> tuple[answers.WaitingChange, ...]:
    """Mandates and steps of migrations that wait for their second signature; `leaving` tells export mandates too."""
    kinds = (forms.SignMigration, forms.StepMigration, *((forms.SignExport,) if leaving else ()))
    found = changes.waiting(turn, unlocked, org)
    return tuple(_told(turn, unlocked, change) for change in found if isinstance(change.change, kinds))


def leavings(turn: Turn, unlocked: Unlocked, org: Org, mandate: bytes) -> tuple[answers.Leaving, ...]:
    """The export mandate of this id, or all that two people ever signed, the latest first."""
    rows = turn.db.execute(_LEAVINGS, {"org": org, "mandate": mandate, "at": turn.at}).fetchall()
    return tuple(_leaving(turn, unlocked, org, row) for row in rows)


def _account(turn: Turn, person: Person) -> answers.Account:
    return answers.Account(
        person=person.id.hex(),
        login=person.login,
        name=person.name,
        state=person.state,
        until=store.instant(person.until),
        roles=tuple(f"{role.role}@{role.site}" for role in people.held(turn, person.id)),
    )


def _devices(turn: Turn, org: Org) -> tuple[answers.Equipment, ...]:
    rows = turn.db.execute("SELECT name, site FROM device WHERE org = ? AND until IS NULL ORDER BY name", (org,))
    return tuple(answers.Equipment("device", name, site) for name, site in rows)


def _services(turn: Turn, org: Org) -> tuple[answers.Equipment, ...]:
    rows = turn.db.execute(
        "SELECT name, purpose FROM service WHERE org IN (?, ?) AND until > ? ORDER BY name",
        (org, INSTALLATION, turn.at),
    )
    return tuple(answers.Equipment("service", name, role) for name, role in rows)


def _listeners(turn: Turn, org: Org) -> tuple[answers.Equipment, ...]:
    rows = turn.db.execute("SELECT name FROM listener WHERE org IN (?, ?) ORDER BY name", (org, INSTALLATION))
    return tuple(answers.Equipment("listener", name, "") for (name,) in rows)


def _mandates(turn: Turn, org: Org) -> tuple[answers.Mandate, ...]:
    rows = turn.db.execute(
        "SELECT id, purpose, service, allowed, used, until FROM mandate"
        " WHERE org = ? AND state = 'in-force' AND until > ? ORDER BY until",
        (org, turn.at),
    )
    return tuple(
        answers.Mandate(identity.hex(), purpose, service, allowed, used, store.instant(until))
        for identity, purpose, service, allowed, used, until in rows
    )


def _leaving(
    turn: Turn, unlocked: Unlocked, org: Org, row: tuple[bytes, str, int, bytes, bytes, int, int | None, int, int]
) -> answers.Leaving:
    identity, state, over, first, second, signed, begun, listed, opened = row
    return answers.Leaving(
        id=identity.hex(),
        form=canonical.encode(exports.form_of(turn, unlocked, org, identity)).decode(),
        people=tuple(actors.of(turn, unlocked, person.hex()).name for person in (first, second)),
        signed_at=store.instant(signed),
        listed=listed,
        opened=opened,
        begun_at=None if begun is None else store.instant(begun),
        state="ended" if state == "ended" else "over" if over else "in-force",
    )


def _told(turn: Turn, unlocked: Unlocked, change: changes.Waiting) -> answers.WaitingChange:
    return answers.WaitingChange(
        id=change.id.hex(),
        digest=change.digest.hex(),
        form=canonical.encode(change.change).decode(),
        proposer=change.proposed_by.hex(),
        proposed_by=actors.of(turn, unlocked, change.proposed_by.hex()).name,
        proposed_at=store.instant(change.proposed),
    )
