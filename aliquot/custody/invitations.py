"""How a person gets their own factors: an invitation is told once, and what it leads to nobody else has seen.

1. Enrolment or a reset gives a code to whoever asked for it, who hands it over.
2. The person gives login and code with a password of their own, and gets a secret for one-time codes.
3. The person gives a first one-time code; from then on they can sign in and the invitation is gone.
"""

import base64
import hashlib
import os
from datetime import timedelta

import msgspec
from cryptography.hazmat.primitives import constant_time

from aliquot.custody import attempts, factors, people, store
from aliquot.custody.denial import Denial
from aliquot.custody.people import Person, State
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms.ids import Id, Org

LIFE = timedelta(hours=72)

_KIND = "invitation"
_CODE_BYTES = 10


class Invitation(msgspec.Struct, frozen=True):
    """What is told once, on paper or in person; it is worth nothing after `until` (microseconds) or once used."""

    login: str
    code: str
    until: int


def invite(turn: Turn, unlocked: Unlocked, person: Id, login: str) -> Invitation:
    """A fresh invitation; all factors and earlier invitations of the person are gone."""
    raw = os.urandom(_CODE_BYTES)
    factors.clear(turn, person)
    factors.keep(turn, unlocked, person, _KIND, hashlib.sha256(raw).digest())
    people.set_state(turn, person, State.INVITED)
    text = base64.b32encode(raw).decode()
    code = "-".join(text[at : at + 4] for at in range(0, len(text), 4))
    return Invitation(login, code, store.micros(turn.now + LIFE))


def accept(turn: Turn, unlocked: Unlocked, login: str, code: str, hashed: str) -> str:
    """Take the password (hashed on a thread) and tell the URI of the secret for one-time codes.

    It may be done again until it is confirmed: a page that was closed too early costs nobody an invitation.

    Raises:
        Denial: `invitation`; the same for an unknown login, a wrong code and an old one.
    """
    person = _invited(turn, unlocked, login, code)
    secret = factors.new_secret()
    factors.keep(turn, unlocked, person.id, factors.PASSWORD, hashed.encode())
    factors.keep(turn, unlocked, person.id, factors.CODE, secret)
    return factors.uri(person.login, secret)


def confirm(turn: Turn, unlocked: Unlocked, login: str, code: str, one_time: str) -> tuple[Org, Id]:
    """The first one-time code proves that the secret arrived: the person can sign in from now on.

    Raises:
        Denial: `invitation`, as above; `one-time-code`, if that is wrong or nothing was accepted yet.
    """
    person = _invited(turn, unlocked, login, code)
    step = factors.unused_step(turn, unlocked, person.id, one_time)
    if step is None:
        raise Denial("one-time-code", "this one-time code is not right")
    factors.spend(turn, person.id, step)
    factors.drop(turn, person.id, _KIND)
    attempts.forget(turn, people.token(unlocked, login))
    people.set_state(turn, person.id, State.ACTIVE)
    people.saw(turn, person.id)
    return person.org, person.id


def _invited(turn: Turn, unlocked: Unlocked, login: str, code: str) -> Person:
    person = people.by_login(turn, unlocked, people.token(unlocked, login))
    if person is None or turn.at >= person.until:
        raise _refusal()
    kept = factors.single(turn, unlocked, person.id, _KIND)
    if kept is None or turn.now > store.instant(kept.created) + LIFE:
        raise _refusal()
    if not constant_time.bytes_eq(kept.plain, hashlib.sha256(_raw(code)).digest()):
        raise _refusal()
    return person


def _raw(code: str) -> bytes:
    try:
        return base64.b32decode("".join(code.upper().replace("-", "").split()))
    except ValueError:
        return b""


def _refusal() -> Denial:
    return Denial("invitation", "this invitation is not right, or no longer; ask your administrator for another")
