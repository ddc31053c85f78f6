"""Passkeys: a signature by a device that has itself verified its owner, bound to our origin and to one challenge.

Challenges are custody's own, live in memory for five minutes and are good once; a restart forgets them. Attestation is
not asked for: a passkey says that it is the same device as before, not which make it is.
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, final
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from aliquot.custody import factors, people, store
from aliquot.custody.denial import Denial
from aliquot.custody.passkey_protocol import PasskeyKept
from aliquot.custody.people import Person
from aliquot.custody.protocol import Act, Factor, PasskeyOptions
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import canonical, ids
from aliquot.terms.ids import Id
from aliquot.vault.keystore import INSTALLATION

PASSKEY = "passkey"
LIFE = timedelta(minutes=5)
MOST_WAITING = 10_000
"""Challenges kept at a time; beyond, the oldest go, for anybody may ask to sign in."""
MOST_PER_PERSON = 10
LONGEST_RESPONSE = 64 * 1024
ALGORITHMS = (-7, -8, -257)
"""ES256, EdDSA and RS256: what platform authenticators, security keys and Windows Hello make."""

# What the decoders of a hostile answer can raise; none of these names means that we are at fault.
_MALFORMED = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    RecursionError,
    struct.error,
    UnsupportedAlgorithm,
)


class Use(StrEnum):
    """What a challenge was asked for; it is good for nothing else."""

    SIGN_IN = "sign-in"
    ENROL = "enrol"
    ACT = "act"


@dataclass(frozen=True)
class _Challenge:
    use: Use
    about: bytes
    """Whose enrolment (person), which act (`act_challenge`) or who signs in (the login's token)."""
    state: Mapping[str, Any]  # fido2's own form of a challenge
    until: datetime


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sealed part of a passkey: the name its owner gave it, and AAGUID, credential id and public key."""

    name: str
    credential: bytes


@dataclass(frozen=True)
class Fresh:
    """A passkey that has just been made and verified, and is not kept yet."""

    credential: AttestedCredentialData
    counter: int
    label: int


@dataclass(frozen=True)
class Proof:
    """A passkey that has just signed for us, and its own count of signatures."""

    row: int
    counter: int


@dataclass(frozen=True)
class _Known:
    row: int
    counter: int
    credential: AttestedCredentialData


def act_challenge(person: bytes, act: Act) -> bytes:
    """SHA-256 over what a person confirms with a fresh factor: who does what, to whom, why, and with which content."""
    said: dict[str, canonical.Json] = {
        "v": 1,
        "person": person.hex(),
        "act": act.name,
        "subject": act.subject.hex(),
        "work": act.work.hex(),
        "mandate": act.mandate.hex(),
        "purpose": act.purpose,
        "digest": act.digest.hex(),
        "reason": act.reason,
    }
    return hashlib.sha256(canonical.encode(said)).digest()


@final
class Passkeys:
    """Our side of WebAuthn, for the one origin at which browsers reach this installation."""

    def __init__(self, unlocked: Unlocked, origin: str) -> None:
        self._unlocked = unlocked
        party = PublicKeyCredentialRpEntity(name="Aliquot", id=urlsplit(origin).hostname or "")
        # Exactly our origin: the library alone would also take every host below ours.
        self._server = Fido2Server(
            party, attestation=AttestationConveyancePreference.NONE, verify_origin=lambda said: said == origin
        )
        self._server.allowed_algorithms = [one for one in self._server.allowed_algorithms if one.alg in ALGORITHMS]
        self._waiting: dict[bytes, _Challenge] = {}

    def sign_in_options(self, turn: Turn, login: str) -> PasskeyOptions:
        """What an authenticator must sign to sign in. No credential is named, so that no login shows if it exists."""
        options, state = self._server.authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
        token = people.token(self._unlocked, login)
        return self._remember(turn, _Challenge(Use.SIGN_IN, _of_token(token), state, turn.now + LIFE), dict(options))

    def enrol_options(self, turn: Turn, person: Person) -> PasskeyOptions:
        """What an authenticator needs to make a passkey for this person, if it does not hold one already.

        Raises:
            Denial: `too-many-passkeys`.
        """
        known = self._known(turn, person.id)
        if len(known) >= MOST_PER_PERSON:
            raise Denial("too-many-passkeys", f"at most {MOST_PER_PERSON} passkeys; a reset takes them all away")
        options, state = self._server.register_begin(
            PublicKeyCredentialUserEntity(id=person.id, name=person.login, display_name=person.name),
            [one.credential for one in known],
            resident_key_requirement=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return self._remember(turn, _Challenge(Use.ENROL, person.id, state, turn.now + LIFE), dict(options))

    def act_options(self, turn: Turn, person: Id, act: Act) -> PasskeyOptions:
        """What an authenticator must sign to confirm one act. The challenge binds the act and a nonce of ours.

        Raises:
            Denial: `no-passkey`.
        """
        known = self._known(turn, person)
        if not known:
            raise Denial("no-passkey", "this person has no passkey; a one-time code does")
        about = act_challenge(person, act)
        options, state = self._server.authenticate_begin(
            [one.credential for one in known],
            UserVerificationRequirement.REQUIRED,
            challenge=hashlib.sha256(about + os.urandom(32)).digest(),
        )
        return self._remember(turn, _Challenge(Use.ACT, about, state, turn.now + LIFE), dict(options))

    def recognise(self, turn: Turn, handle: bytes, response: str) -> tuple[Person, Proof] | None:
        """Whose passkey signed in, if it belongs to the login that asked; `advance` makes it count."""
        challenge = self._take(turn, handle, Use.SIGN_IN)
        if challenge is None:
            return None
        person = people.by_login(turn, self._unlocked, _to_token(challenge.about))
        if person is None:
            return None
        proof = self._asserted(turn, person.id, challenge, response)
        return None if proof is None else (person, proof)

    def confirmed(self, turn: Turn, person: Id, act: Act, factor: Factor) -> Proof | None:
        """The passkey that confirmed exactly this act of this person, if one did; `advance` makes it count."""
        challenge = self._take(turn, factor.handle, Use.ACT)
        if challenge is None or challenge.about != act_challenge(person, act):
            return None
        return self._asserted(turn, person, challenge, factor.response)

    def made(self, turn: Turn, person: Id, handle: bytes, response: str) -> Fresh:
        """The passkey that was just made for this person; `keep` enrols it.

        Raises:
            Denial: `passkey`, if anything about it is not as asked; `passkey-known`, if somebody has it already.
        """
        challenge = self._take(turn, handle, Use.ENROL)
        if challenge is None or challenge.about != person:
            raise _not_as_asked()
        try:
            registered = RegistrationResponse.from_dict(_parsed(response))
            data = self._server.register_complete(challenge.state, registered)
        except _MALFORMED:
            raise _not_as_asked() from None
        credential = data.credential_data
        if credential is None or credential.public_key.ALGORITHM not in ALGORITHMS:
            raise _not_as_asked()
        label = self._unlocked.token(INSTALLATION, "extid", credential.credential_id.hex())
        if turn.db.execute("SELECT 1 FROM factor WHERE kind = ? AND label = ?", (PASSKEY, label)).fetchone():
            raise Denial("passkey-known", "this passkey is enrolled already")
        return Fresh(credential, data.counter, label)

    def keep(self, turn: Turn, person: Id, name: str, fresh: Fresh) -> None:
        """The person may sign in with this passkey from now on."""
        plain = canonical.encode(_Kept(name, bytes(fresh.credential)))
        sealed = self._unlocked.box(ids.org_of(person)).seal(factors.label(person, PASSKEY), plain)
        turn.db.execute(
            "INSERT INTO factor (person, kind, label, sealed, counter, created) VALUES (?, ?, ?, ?, ?, ?)",
            (person, PASSKEY, fresh.label, sealed, fresh.counter, turn.at),
        )

    def listed(self, turn: Turn, person: Id) -> tuple[PasskeyKept, ...]:
        """The person's passkeys as their owner knows them."""
        rows = turn.db.execute(
            "SELECT id, sealed, created, used FROM factor WHERE person = ? AND kind = ? ORDER BY id", (person, PASSKEY)
        ).fetchall()
        return tuple(
            PasskeyKept(
                row, self._kept(person, sealed).name, store.instant(made), store.instant(used) if used else None
            )
            for row, sealed, made, used in rows
        )

    def _kept(self, person: Id, sealed: bytes) -> _Kept:
        plain = self._unlocked.box(ids.org_of(person)).open(factors.label(person, PASSKEY), sealed)
        return msgspec.json.decode(plain, type=_Kept)

    def _remember(self, turn: Turn, challenge: _Challenge, options: dict[str, Any]) -> PasskeyOptions:
        for old in [handle for handle, one in self._waiting.items() if one.until <= turn.now]:
            del self._waiting[old]
        if len(self._waiting) >= MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        handle = os.urandom(16)
        self._waiting[handle] = challenge
        return PasskeyOptions(handle, json.dumps(options))

    def _take(self, turn: Turn, handle: bytes, use: Use) -> _Challenge | None:
        # Gone at once and not after the commit: whatever becomes of the turn, nobody tries the same challenge again.
        challenge = self._waiting.pop(handle, None)
        if challenge is None or challenge.use is not use or challenge.until <= turn.now:
            return None
        return challenge

    def _asserted(self, turn: Turn, person: Id, challenge: _Challenge, response: str) -> Proof | None:
        known = self._known(turn, person)
        try:
            answer = AuthenticationResponse.from_dict(_parsed(response))
            used = self._server.authenticate_complete(challenge.state, [one.credential for one in known], answer)
        except _MALFORMED:
            return None
        if answer.response.user_handle not in (None, person):
            return None
        signed = answer.response.authenticator_data.counter
        before = next(one for one in known if one.credential is used)
        if signed <= before.counter and (signed or before.counter):
            raise Denial(
                "passkey-cloned", "this passkey counts backwards: there may be a copy of it; tell your officer"
            )
        return Proof(before.row, signed)

    def _known(self, turn: Turn, person: Id) -> list[_Known]:
        rows = turn.db.execute(
            "SELECT id, sealed, counter FROM factor WHERE person = ? AND kind = ? ORDER BY id", (person, PASSKEY)
        ).fetchall()
        return [
            _Known(row, counter, AttestedCredentialData(self._kept(person, sealed).credential))
            for row, sealed, counter in rows
        ]


def has_passkey(turn: Turn, person: bytes) -> bool:
    """Whether the person has a passkey at all."""
    return (
        turn.db.execute("SELECT 1 FROM factor WHERE person = ? AND kind = ?", (person, PASSKEY)).fetchone() is not None
    )


def advance(turn: Turn, proof: Proof) -> None:
    """The device's own count of its signatures, against which its copy would show, and when it signed."""
    turn.db.execute("UPDATE factor SET counter = ?, used = ? WHERE id = ?", (proof.counter, turn.at, proof.row))


def ending(person: Id, passkey: int, factor: Factor | None = None) -> Act:
    """To end a passkey, as a fresh factor confirms it: this person, and this passkey of theirs."""
    which = hashlib.sha256(canonical.encode({"passkey": passkey})).digest()
    return Act(person, "EndPasskey", person, "HSYSADMIN", digest=which, factor=factor)


def check_ending(turn: Turn, person: Id, passkey: int) -> None:
    """Whether a passkey may end: it is this person's, and they can confirm and sign in without it.

    Raises:
        Denial: `no-such-passkey`, `last-factor`.
    """
    held = turn.db.execute("SELECT id, kind FROM factor WHERE person = ?", (person,)).fetchall()
    if (passkey, PASSKEY) not in held:
        raise Denial("no-such-passkey", "this person has no such passkey")
    if not any(kind == factors.CODE or (kind == PASSKEY and row != passkey) for row, kind in held):
        raise Denial("last-factor", "nobody gives up the only factor that they have left")


def end(turn: Turn, passkey: int) -> None:
    """Nobody signs in or confirms with this passkey any more."""
    turn.db.execute("DELETE FROM factor WHERE id = ? AND kind = ?", (passkey, PASSKEY))


def _parsed(response: str) -> Mapping[str, Any]:
    if len(response) > LONGEST_RESPONSE:
        raise ValueError("longer than any authenticator's answer")
    parsed: Mapping[str, Any] = json.loads(response)
    return parsed


def _not_as_asked() -> Denial:
    return Denial("passkey", "this passkey was not made as asked; begin again")


def _of_token(token: int) -> bytes:
    return token.to_bytes(8, "big", signed=True)


def _to_token(about: bytes) -> int:
    return int.from_bytes(about, "big", signed=True)
