"""A custodian's people: real database, real keys, cheap hashing, and a clock that tests turn."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aliquot.custody import changes, factors, invitations, people, sessions
from aliquot.custody.asker import Asker
from aliquot.custody.changes import Founder
from aliquot.custody.factors import Cost, Passwords
from aliquot.custody.invitations import Invitation
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.people import Held, Named
from aliquot.custody.protocol import PasskeyEnrol
from aliquot.custody.roles import Role
from aliquot.custody.sessions import Opened
from aliquot.custody.store import Store, Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.ids import Id, Org
from aliquot.vault import keyring
from aliquot.vault.epochs import Epochs
from aliquot.vault.keyring import Keyring
from aliquot.vault.keystore import INSTALLATION
from tests.custody.authenticator import Authenticator

LAB = Org(b"labo")
OTHER_LAB = Org(b"autr")
ORIGIN = "https://aliquot.test"
PASSWORD = "dix sept girafes lentes"
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CHEAP = Cost(passes=1, memory_kib=8, lanes=1)


@dataclass
class Colleague:
    """Somebody with factors: what they know and what they carry."""

    id: Id
    login: str
    secret: bytes
    device: Authenticator


@dataclass
class House:
    """One custodian's part in who people are."""

    store: Store
    unlocked: Unlocked
    keys: Passkeys
    passwords: Passwords = field(default_factory=lambda: Passwords(CHEAP))
    now: datetime = START

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """A turn at the present instant."""
        with self.store.turn(self.now) as turn:
            yield turn

    def wait(self, much: timedelta) -> None:
        """Let time pass."""
        self.now += much

    def code(self, colleague: Colleague, steps: int = 0) -> str:
        """The code that the colleague's telephone shows, or showed some steps away."""
        return factors.code(colleague.secret, int(self.now.timestamp()) // 30 + steps)

    def enrol(self, login: str, *roles: Role, org: Org = LAB) -> Invitation:
        """A person with roles, invited and no more."""
        with self.turn() as turn:
            named = Named(login, f"{login.title()} Exemple")
            person = people.enrol(turn, self.unlocked, org, named, until=self.now + timedelta(days=365))
            for role in roles:
                people.grant(turn, person, Held(role, "centre", None))
            return invitations.invite(turn, self.unlocked, person, login)

    def join(self, invitation: Invitation) -> Colleague:
        """The person accepts and confirms; the code that this takes is used up."""
        hashed = self.passwords.hashed(invitation.login, PASSWORD)
        with self.turn() as turn:
            uri = invitations.accept(turn, self.unlocked, invitation.login, invitation.code, hashed)
        secret = base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0])
        first = factors.code(secret, int(self.now.timestamp()) // 30)
        with self.turn() as turn:
            _, person = invitations.confirm(turn, self.unlocked, invitation.login, invitation.code, first)
        self.wait(timedelta(seconds=30))
        return Colleague(person, invitation.login, secret, Authenticator(ORIGIN))

    def colleague(self, login: str, *roles: Role, org: Org = LAB) -> Colleague:
        """A person with roles and factors."""
        return self.join(self.enrol(login, *roles, org=org))

    def sign_in(self, colleague: Colleague, code: str | None = None, password: str = PASSWORD) -> Opened:
        """Sign in as the server does it: count, hash outside the turn, judge."""
        with self.turn() as turn:
            tried = sessions.begin(turn, self.unlocked, colleague.login)
        right = self.passwords.right(tried.hashed, password)
        shown = self.code(colleague) if code is None else code
        with self.turn() as turn:
            return sessions.sign_in(turn, self.unlocked, tried, shown, right=right)

    def session(self, colleague: Colleague) -> Opened:
        """A session, after which the telephone shows a new code."""
        opened = self.sign_in(colleague)
        self.wait(timedelta(seconds=30))
        return opened

    def asker(self, colleague: Colleague) -> Asker:
        """The colleague at work."""
        return self.session(colleague).asker

    def give_passkey(self, colleague: Colleague, name: str = "clef") -> None:
        """The colleague enrols the device."""
        asker = self.asker(colleague)
        with self.turn() as turn:
            person = people.by_id(turn, self.unlocked, colleague.id)
            assert person is not None
            asked = self.keys.enrol_options(turn, person)
        made = colleague.device.make(asked.options)
        sent = PasskeyEnrol(b"", asked.handle, made, name, self.code(colleague))
        with self.turn() as turn:
            assert sessions.enrol_passkey(turn, self.unlocked, self.keys, asker, sent)
        self.wait(timedelta(seconds=30))

    def founders(self, org: Org = LAB, suffix: str = "") -> tuple[Colleague, ...]:
        """Administrator, director and privacy officer of an organization."""
        three = (
            Founder(f"adele{suffix}", "Adèle Exemple", (Role.ADMINISTRATOR,), "centre"),
            Founder(f"diane{suffix}", "Diane Exemple", (Role.DIRECTOR, Role.BIOLOGIST), "centre"),
            Founder(f"pia{suffix}", "Pia Exemple", (Role.PRIVACY_OFFICER,), "centre"),
        )
        with self.turn() as turn:
            invited = changes.found(turn, self.unlocked, org, three)
        return tuple(self.join(invitation) for invitation in invited)


def house(folder: Path) -> House:
    """A new installation with two laboratories and nobody in them."""
    folder.mkdir(exist_ok=True)
    ring = Keyring.create(folder / "ring", "cinq poules sur un mur", keyring.Cost(1, 8, 1))
    store = Store(folder / "custody.sqlite")
    unlocked = Unlocked(ring, Epochs(ring, (folder / "epochs", folder / "twin")))
    with store.turn(START) as turn:
        for org in (INSTALLATION, LAB, OTHER_LAB):
            if org != INSTALLATION:
                ring.add(org)
            unlocked.found(turn.db, org)
    unlocked.load(store.db)
    return House(store, unlocked, Passkeys(unlocked, ORIGIN))
