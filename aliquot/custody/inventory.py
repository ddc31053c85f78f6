"""Who works for a laboratory and what is enrolled: for those who answer for it, and for who approves a change."""

from aliquot.custody import actors, answers, changes, forms, people, store
from aliquot.custody.people import Person
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import canonical
from aliquot.terms.ids import Org
from aliquot.vault.keystore import INSTALLATION


def taken(turn: Turn, unlocked: Unlocked, org: Org) -> answers.Accounts:
    """The inventory of one laboratory; what serves the whole installation is among it."""
    return answers.Accounts(
        tuple(_account(turn, person) for person in people.of(turn, unlocked, org)),
        (*_devices(turn, org), *_services(turn, org), *_listeners(turn, org)),
        _mandates(turn, org),
        tuple(_told(turn, unlocked, change) for change in changes.waiting(turn, unlocked, org)),
    )


def unsigned(turn: Turn, unlocked: Unlocked, org: Org) -> tuple[answers.WaitingChange, ...]:
    """Mandates and steps of migrations that wait for their second signature."""
    found = changes.waiting(turn, unlocked, org)
    moving = (change for change in found if isinstance(change.change, forms.SignMigration | forms.StepMigration))
    return tuple(_told(turn, unlocked, change) for change in moving)


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


def _told(turn: Turn, unlocked: Unlocked, change: changes.Waiting) -> answers.WaitingChange:
    return answers.WaitingChange(
        id=change.id.hex(),
        digest=change.digest.hex(),
        form=canonical.encode(change.change).decode(),
        proposer=change.proposed_by.hex(),
        proposed_by=actors.of(turn, unlocked, change.proposed_by.hex()).name,
        proposed_at=store.instant(change.proposed),
    )
