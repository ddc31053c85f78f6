"""A session: what a person or service has proved, for as long as it may be believed.

The ticket is custody's own 32 random bytes and is stored as its SHA-256, so that the database opens no session. Nothing
that a caller brings becomes a ticket. Sessions survive a restart of custody; what may be done in them is asked anew for
each request.
"""

import hashlib
import os
from dataclasses import dataclass
from datetime import timedelta

from aliquot.custody import attempts, factors, passkeys, people, services, store
from aliquot.custody.asker import Asker
from aliquot.custody.denial import Denial
from aliquot.custody.passkey_protocol import EndPasskey
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.people import Person
from aliquot.custody.protocol import Act, Factor, PasskeyEnrol
from aliquot.custody.services import Service
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.ids import Id

LONGEST = timedelta(hours=12)
"""The longest shift; after it everybody shows both factors again (NIST SP 800-63B §2.2.3: at most 24 hours)."""
IDLE = timedelta(minutes=30)
"""As long as a run at the analyser keeps somebody from the screen. A service never idles out: it has no screen."""
SEEN_STEP = timedelta(minutes=1)
"""`seen` is written at most this often, so that reading does not cost a write each time."""
LONGEST_NAME = 80
"""Characters in the name that somebody gives to a passkey."""

_TICKET_BYTES = 32


@dataclass(frozen=True)
class Try:
    """A sign-in that was begun and counted. `hashed` is what the password is to be compared with, or empty."""

    login: int
    hashed: str


@dataclass(frozen=True)
class Opened:
    """A new session. The ticket is told once. `others` are the person's sessions that live beside it (CONTROLS B1)."""

    ticket: bytes
    asker: Asker
    expires: int
    passkey: bool
    others: int


def begin(turn: Turn, unlocked: Unlocked, login: str) -> Try:
    """Count a try to sign in. Between this turn and `sign_in` a thread runs `Passwords.right(hashed, password)`.

    Raises:
        Denial: `too-many-tries`.
    """
    token = people.token(unlocked, login)
    attempts.count(turn, token)
    person = people.by_login(turn, unlocked, token)
    return Try(token, "" if person is None else factors.password_of(turn, unlocked, person.id))


def sign_in(turn: Turn, unlocked: Unlocked, tried: Try, code: str, *, right: bool) -> Opened:
    """Open a session for a person whose password was right and whose one-time code is.

    1. Password, code, state and term are judged together; nothing tells which was wrong.
    2. Only who has proved themselves learns that the account is dormant.
    3. The code is used up, the tries are forgotten.

    Raises:
        Denial: `sign-in`, `dormant`.
    """
    person = people.by_login(turn, unlocked, tried.login)
    if person is None or not right or not people.usable(turn, person):
        raise _refusal()
    step = factors.unused_step(turn, unlocked, person.id, code)
    # The password may have been replaced while the thread was hashing.
    if step is None or factors.password_of(turn, unlocked, person.id) != tried.hashed:
        raise _refusal()
    _not_dormant(turn, person)
    factors.spend(turn, person.id, step)
    attempts.forget(turn, tried.login)
    return _open_for(turn, person, "password+totp")


def passkey_sign_in(turn: Turn, keys: Passkeys, handle: bytes, response: str) -> Opened:
    """Open a session for the person whose passkey answered; the device has verified its owner, so it is two factors.

    Raises:
        Denial: `sign-in`, `dormant`, `passkey-cloned`.
    """
    recognised = keys.recognise(turn, handle, response)
    if recognised is None or not people.usable(turn, recognised[0]):
        raise _refusal()
    person, proof = recognised
    _not_dormant(turn, person)
    passkeys.advance(turn, proof)
    return _open_for(turn, person, passkeys.PASSKEY)


def prove_service(turn: Turn, name: str, signed: bytes, signature: bytes) -> Opened:
    """Open a session for a service that signed `services.message` over this connection's challenge.

    Raises:
        Denial: `service`.
    """
    service = services.proved(turn, name, signed, signature)
    ticket, session = _insert(turn, service, service.name, "key")
    opened = _of_service(session, service)
    return Opened(ticket, opened, store.micros(turn.now + LONGEST), passkey=False, others=0)


def asker(turn: Turn, unlocked: Unlocked, ticket: bytes) -> Asker:
    """Who holds this ticket now, with the roles of this instant.

    Raises:
        Denial: `signed-out`, if the session never was, has ended, is too old or idle, or its holder's term is over.
    """
    return _standing(turn, unlocked, ticket)[0]


def who(turn: Turn, unlocked: Unlocked, ticket: bytes) -> Opened:
    """The live session of a ticket, without the ticket. To be asked for is not to act: the session goes on resting.

    Raises:
        Denial: `signed-out`, as above.
    """
    found, expires = _standing(turn, unlocked, ticket, acts=False)
    passkey = not found.service and passkeys.has_passkey(turn, found.person)
    return Opened(b"", found, expires, passkey, others=0)


def lives(turn: Turn, session: bytes) -> bool:
    """Whether a session, by the hash of its ticket, was not ended: what was granted in it ends with it."""
    found = turn.db.execute("SELECT 1 FROM session WHERE ticket = ? AND ended IS NULL", (session,)).fetchone()
    return found is not None


def sign_out(turn: Turn, ticket: bytes) -> None:
    """End a session. One that has ended stays ended."""
    hashed = hashlib.sha256(ticket).digest()
    turn.db.execute("UPDATE session SET ended = ? WHERE ticket = ? AND ended IS NULL", (turn.at, hashed))


def end_all(turn: Turn, holder: bytes) -> None:
    """End every session of a person or service, on whatever device."""
    turn.db.execute("UPDATE session SET ended = ? WHERE person = ? AND ended IS NULL", (turn.at, holder))


def leave(turn: Turn, person: Id) -> None:
    """Somebody has left: sessions, factors (an invitation too) and roles end at once."""
    end_all(turn, person)
    factors.clear(turn, person)
    for role in people.held(turn, person):
        people.end_role(turn, person, role.role, role.site)
    people.set_state(turn, person, people.State.ENDED)


def fresh_factor(turn: Turn, unlocked: Unlocked, keys: Passkeys, holder: Asker, act: Act) -> str:
    """How the person of this session confirmed this act: `passkey`, the weaker `totp`, or empty for not at all.

    A passkey must have signed the challenge that binds this very act. A code is right for any act, but only once; a
    wrong one is counted like a wrong sign-in, so the caller denies and commits.

    Raises:
        Denial: `too-many-tries`, `passkey-cloned`.
    """
    if act.factor is None or holder.service:
        return ""
    person = Id(holder.person)
    if act.factor.response:
        proof = keys.confirmed(turn, person, act, act.factor)
        if proof is None:
            return ""
        passkeys.advance(turn, proof)
        evidence = passkeys.PASSKEY
    else:
        if not _spend_code(turn, unlocked, person, act.factor.code):
            return ""
        evidence = factors.CODE
    turn.db.execute("UPDATE session SET factor = ? WHERE ticket = ?", (turn.at, holder.session))
    return evidence


def enrol_passkey(turn: Turn, unlocked: Unlocked, keys: Passkeys, holder: Asker, asked: PasskeyEnrol) -> bool:
    """Enrol a passkey for the person of this session; false if the one-time code is not right, which is counted.

    Raises:
        Denial: `too-many-tries`, `passkey`, `passkey-known`, `passkey-name`, `not-a-person`.
    """
    if holder.service:
        raise Denial("not-a-person", "a service has no passkey")
    if not 0 < len(asked.name) <= LONGEST_NAME:
        raise Denial("passkey-name", f"a passkey has a name of at most {LONGEST_NAME} characters")
    person = Id(holder.person)
    fresh = keys.made(turn, person, asked.handle, asked.response)
    if not _spend_code(turn, unlocked, person, asked.code):
        return False
    keys.keep(turn, person, asked.name, fresh)
    return True


def end_passkey(turn: Turn, unlocked: Unlocked, keys: Passkeys, holder: Asker, asked: EndPasskey) -> bool:
    """End a passkey of the person of this session; false if the fresh factor is not right, which is counted.

    A passkey that is ended may be in other hands: what was opened with one ends too, apart from this session.

    Raises:
        Denial: `no-such-passkey`, `last-factor`, `too-many-tries`, `passkey-cloned`, `not-a-person`.
    """
    if holder.service:
        raise Denial("not-a-person", "a service has no passkey")
    person = Id(holder.person)
    passkeys.check_ending(turn, person, asked.passkey)
    factor = Factor(asked.code, asked.handle, asked.response)
    if not fresh_factor(turn, unlocked, keys, holder, passkeys.ending(person, asked.passkey, factor)):
        return False
    passkeys.end(turn, asked.passkey)
    turn.db.execute(
        "UPDATE session SET ended = ? WHERE person = ? AND evidence = ? AND ticket != ? AND ended IS NULL",
        (turn.at, person, passkeys.PASSKEY, holder.session),
    )
    return True


@dataclass(frozen=True)
class _Session:
    hashed: bytes
    holder: bytes
    factor: int
    seen: int


def _standing(turn: Turn, unlocked: Unlocked, ticket: bytes, *, acts: bool = True) -> tuple[Asker, int]:
    hashed = hashlib.sha256(ticket).digest()
    row = turn.db.execute(
        "SELECT person, service, opened, seen, factor FROM session WHERE ticket = ? AND ended IS NULL", (hashed,)
    ).fetchone()
    if row is None:
        raise _signed_out()
    holder, service, opened, seen, factor = row
    expires = store.instant(opened) + LONGEST
    if turn.now >= expires or (not service and turn.now >= store.instant(seen) + IDLE):
        raise _signed_out()
    session = _Session(hashed, holder, factor, seen)
    found = _service_asker(turn, session, service) if service else _person_asker(turn, unlocked, session)
    if acts and turn.now >= store.instant(seen) + SEEN_STEP:
        turn.db.execute("UPDATE session SET seen = ? WHERE ticket = ?", (turn.at, hashed))
    return found, store.micros(expires)


def _open_for(turn: Turn, person: Person, evidence: str) -> Opened:
    people.saw(turn, person.id)
    others = _live(turn, person.id)
    ticket, session = _insert(turn, person, "", evidence)
    expires = store.micros(turn.now + LONGEST)
    return Opened(ticket, _asker_of(turn, person, session), expires, passkeys.has_passkey(turn, person.id), others)


def _insert(turn: Turn, holder: Person | Service, service: str, evidence: str) -> tuple[bytes, _Session]:
    ticket = os.urandom(_TICKET_BYTES)
    # To sign in is itself a fresh factor; what a service signs is a key and never one.
    session = _Session(hashlib.sha256(ticket).digest(), holder.id, 0 if service else turn.at, turn.at)
    turn.db.execute(
        "INSERT INTO session (ticket, person, org, service, opened, seen, factor, evidence)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (session.hashed, holder.id, holder.org, service, turn.at, turn.at, session.factor, evidence),
    )
    return ticket, session


def _live(turn: Turn, person: bytes) -> int:
    since = (store.micros(turn.now - LONGEST), store.micros(turn.now - IDLE))
    row = turn.db.execute(
        "SELECT count(*) FROM session WHERE person = ? AND ended IS NULL AND opened > ? AND seen > ?", (person, *since)
    ).fetchone()
    return int(row[0])


def _person_asker(turn: Turn, unlocked: Unlocked, session: _Session) -> Asker:
    person = people.by_id(turn, unlocked, session.holder)
    if person is None or not people.usable(turn, person):
        raise _signed_out()
    return _asker_of(turn, person, session)


def _asker_of(turn: Turn, person: Person, session: _Session) -> Asker:
    held = people.held(turn, person.id)
    return Asker(
        session=session.hashed,
        person=person.id,
        name=person.name,
        org=person.org,
        roles=people.roles(held),
        sites=people.sites(held),
        service="",
        factor=session.factor,
        seen=session.seen,
    )


def _service_asker(turn: Turn, session: _Session, name: str) -> Asker:
    service = services.find(turn, name)
    if service is None or turn.at >= service.until:
        raise _signed_out()
    return _of_service(session, service)


def _of_service(session: _Session, service: Service) -> Asker:
    return Asker(
        session=session.hashed,
        person=service.id,
        name=service.name,
        org=service.org,
        roles=frozenset({service.role}),
        sites=frozenset(),
        service=service.name,
        factor=0,
        seen=session.seen,
    )


def _spend_code(turn: Turn, unlocked: Unlocked, person: Id, code: str) -> bool:
    known = people.by_id(turn, unlocked, person)
    if known is None:
        raise _signed_out()
    login = people.token(unlocked, known.login)
    attempts.count(turn, login)
    step = factors.unused_step(turn, unlocked, person, code)
    if step is None:
        return False
    factors.spend(turn, person, step)
    attempts.forget(turn, login)
    return True


def _not_dormant(turn: Turn, person: Person) -> None:
    if people.dormant(turn, person):
        raise Denial("dormant", f"unused for {people.DORMANT.days} days; ask your administrator for a new invitation")


def _refusal() -> Denial:
    return Denial("sign-in", "login, password, code or passkey is not right")


def _signed_out() -> Denial:
    return Denial("signed-out", "sign in again")
