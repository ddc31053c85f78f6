"""The first hour of an installation: keys, logs, the first people of each laboratory. Done once, at the terminal."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from aliquot.custody import changes, holdings, services, subjects
from aliquot.custody.changes import Founder
from aliquot.custody.custodian import POLICIES
from aliquot.custody.history import History
from aliquot.custody.invitations import Invitation
from aliquot.custody.keyjournal import KeyJournal
from aliquot.custody.policy import Policies
from aliquot.custody.roles import Role
from aliquot.custody.store import Store, Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.clock import Clock
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id, Org
from aliquot.terms.installation import Installation
from aliquot.vault.epochs import Epochs
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from aliquot.vault.letterbox import SlotKey


@dataclass(frozen=True)
class Service:
    """A process with a key of its own: its name and its public key."""

    name: str
    public_key: bytes


@dataclass(frozen=True)
class Founding:
    """What is founded: the organizations with their first people, the worker and the listener."""

    founders: dict[Org, Sequence[Founder]]
    worker: Service
    listener: Service


@dataclass(frozen=True)
class Founded:
    """What the terminal tells: invitations for the first people, the listener's id and the letterbox's public key."""

    invitations: dict[Org, tuple[Invitation, ...]]
    listener: Id
    slot: SlotKey


def found(installation: Installation, keyring: Keyring, clock: Clock, founding: Founding) -> Founded:
    """Make keys, logs and first people.

    Raises:
        Refused: this database was founded before.
    """
    store = Store(installation.custody.database)
    try:
        if store.db.execute("SELECT 1 FROM meta WHERE key = 'installation'").fetchone():
            raise Refused("this installation was founded before")
        for org in founding.founders:
            keyring.add(org)
        with store.turn(clock()) as turn:
            unlocked = Unlocked(keyring, Epochs(keyring, installation.custody.epochs))
            return _found(turn, unlocked, KeyJournal(installation.custody.key_journal), founding)
    finally:
        store.close()


def _found(turn: Turn, unlocked: Unlocked, journal: KeyJournal, founding: Founding) -> Founded:
    turn.db.execute("INSERT INTO meta (key, value) VALUES ('installation', ?)", (uuid.uuid4().hex.encode(),))
    orgs = (INSTALLATION, *founding.founders)
    for org in orgs:
        unlocked.found(turn.db, org)
    unlocked.load(turn.db)
    history = History(unlocked, Policies.load(POLICIES).hash)
    for org in orgs:
        history.found(turn.db, org)
        subjects.create(turn, unlocked, journal, holdings.organization(org), state=subjects.KNOWN)
    journal.settle()
    term = turn.now + services.LONGEST_TERM
    worker, listener = founding.worker, founding.listener
    services.enrol(turn, INSTALLATION, worker.name, worker.public_key, role=Role.WORKER, until=term)
    heard = services.enrol_listener(turn, INSTALLATION, listener.name, listener.public_key)
    invitations = {org: changes.found(turn, unlocked, org, first) for org, first in founding.founders.items()}
    return Founded(invitations, heard, unlocked.letter_key.slot())
