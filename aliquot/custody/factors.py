"""What proves who somebody is, without hardware: a password that is costly to guess, and a code that is good once.

Hashing a password takes a tenth of a second and 64 MiB: it is done on a thread, between two turns. The other factor,
passkeys, is in `custody.passkeys`.
"""

import base64
import os
import unicodedata
from importlib import resources
from typing import final
from urllib.parse import quote

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from cryptography.hazmat.primitives import constant_time, hashes
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from aliquot.custody.denial import Denial
from aliquot.custody.store import Turn
from aliquot.custody.unlocked import Unlocked
from aliquot.terms import ids
from aliquot.terms.ids import Id

PASSWORD = "password"  # noqa: S105 - the kind of factor
CODE = "totp"
SHORTEST = 12
LONGEST = 1024
SHORTEST_LOGIN = 3
"""Shorter logins are in every other sentence, and tell a guesser nothing."""
FEWEST_CHARACTERS = 5
"""Different characters in a password: `aaaaaaaaaaab` has two."""
STEP_SECONDS = 30
WINDOW = (-1, 0, 1)
"""Steps around the present one whose codes are taken: a telephone's clock may be half a minute off."""

_DIGITS = 6
_SECRET_BYTES = 20
_COMMON = frozenset(
    resources.files(__package__).joinpath("common_passwords.txt").read_text("utf-8").casefold().splitlines()
)


class Cost(msgspec.Struct, frozen=True):
    """What one guess at a password costs with Argon2id. The default is RFC 9106's second recommendation (§4).

    No file configures it: only tests and the demonstration pass another one.
    """

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


@final
class Passwords:
    """Argon2id at one cost. It has no state that changes: threads may share it."""

    def __init__(self, cost: Cost | None = None) -> None:
        chosen = cost or Cost()
        self._hasher = PasswordHasher(time_cost=chosen.passes, memory_cost=chosen.memory_kib, parallelism=chosen.lanes)
        # Compared with when there is no such login, so that an unknown one takes as long as a known one.
        self._nobody = self._hasher.hash(os.urandom(_SECRET_BYTES))

    def hashed(self, login: str, password: str) -> str:
        """The password as it may be kept (and then sealed).

        Raises:
            Denial: `weak-password`.
        """
        check_quality(login, password)
        return self._hasher.hash(_spelled(password))

    def right(self, against: str, password: str) -> bool:
        """Whether this is the password that was hashed; `against` is empty if there is none, which costs the same."""
        if len(password) > LONGEST:
            return False
        try:
            self._hasher.verify(against or self._nobody, _spelled(password))
        except VerificationError:
            return False
        return bool(against)


def check_quality(login: str, password: str) -> None:
    """A password must not be among the first that anybody would try.

    Raises:
        Denial: `weak-password`; the reason names the rule.
    Source: NIST SP 800-63B §3.1.1: length and a list of common passwords, no rules on classes of characters.
    """
    folded = _spelled(password).casefold()
    if not SHORTEST <= len(folded) <= LONGEST:
        raise Denial("weak-password", f"a password has at least {SHORTEST} characters")
    name = login.casefold().strip()
    if len(name) >= SHORTEST_LOGIN and name in folded:
        raise Denial("weak-password", "a password does not contain the login")
    if len(set(folded)) < FEWEST_CHARACTERS or folded in _COMMON:
        raise Denial("weak-password", "this password is among the first that anybody would try")


def new_secret() -> bytes:
    """A fresh secret for one-time codes: 160 bits (RFC 4226 §4)."""
    return os.urandom(_SECRET_BYTES)


def uri(login: str, secret: bytes) -> str:
    """The secret as an authenticator app reads it from a QR code. It is told once."""
    shown = base64.b32encode(secret).decode()
    return f"otpauth://totp/Aliquot:{quote(login)}?secret={shown}&issuer=Aliquot&digits={_DIGITS}&period={STEP_SECONDS}"


def code(secret: bytes, step: int) -> str:
    """The code of one step of 30 seconds since 1970 (RFC 6238)."""
    # Six digits and SHA-1 are what every authenticator app does; as HMAC here, SHA-1 is not broken.
    return TOTP(secret, _DIGITS, hashes.SHA1(), STEP_SECONDS).generate(step * STEP_SECONDS).decode()  # noqa: S303


def step_of(secret: bytes, typed: str, now: int, used: int) -> int | None:
    """The step whose code was typed, if it is in the window and later than the last one used.

    `now` is the present step. All of the window is compared, so that the time taken tells nothing.
    """
    given = typed.strip().encode()
    steps = [now + away for away in WINDOW]
    fitting = [step for step in steps if constant_time.bytes_eq(code(secret, step).encode(), given)]
    return max((step for step in fitting if step > used), default=None)


class Single(msgspec.Struct, frozen=True):
    """An opened factor of which a person has one: password, secret for one-time codes, invitation."""

    plain: bytes
    counter: int
    created: int


def single(turn: Turn, unlocked: Unlocked, person: Id, kind: str) -> Single | None:
    """The person's factor of this kind, opened."""
    row = turn.db.execute(
        "SELECT sealed, counter, created FROM factor WHERE person = ? AND kind = ?", (person, kind)
    ).fetchone()
    if row is None:
        return None
    return Single(unlocked.box(ids.org_of(person)).open(label(person, kind), row[0]), row[1], row[2])


def password_of(turn: Turn, unlocked: Unlocked, person: Id) -> str:
    """The person's hashed password, empty if there is none."""
    found = single(turn, unlocked, person, PASSWORD)
    return "" if found is None else found.plain.decode()


def unused_step(turn: Turn, unlocked: Unlocked, person: Id, typed: str) -> int | None:
    """The step of a code that is right for this person now and was not used before."""
    found = single(turn, unlocked, person, CODE)
    if found is None:
        return None
    return step_of(found.plain, typed, turn.at // (STEP_SECONDS * 1_000_000), found.counter)


def spend(turn: Turn, person: Id, step: int) -> None:
    """This code and all before it are used."""
    turn.db.execute("UPDATE factor SET counter = ? WHERE person = ? AND kind = ?", (step, person, CODE))


def keep(turn: Turn, unlocked: Unlocked, person: Id, kind: str, plain: bytes) -> None:
    """The person's one factor of this kind, in place of an earlier one."""
    drop(turn, person, kind)
    sealed = unlocked.box(ids.org_of(person)).seal(label(person, kind), plain)
    turn.db.execute(
        "INSERT INTO factor (person, kind, sealed, counter, created) VALUES (?, ?, ?, 0, ?)",
        (person, kind, sealed, turn.at),
    )


def drop(turn: Turn, person: Id, kind: str) -> None:
    """Take one kind of factor from a person."""
    turn.db.execute("DELETE FROM factor WHERE person = ? AND kind = ?", (person, kind))


def clear(turn: Turn, person: Id) -> None:
    """Take every factor from a person, passkeys and invitation included."""
    turn.db.execute("DELETE FROM factor WHERE person = ?", (person,))


def label(person: bytes, kind: str) -> str:
    """What a sealed factor is bound to: moved to another person or kind, it does not open."""
    return f"factor {kind} {person.hex()}"


def _spelled(password: str) -> str:
    # One spelling for accents, whichever keyboard typed them (RFC 8265, OpaqueString).
    return unicodedata.normalize("NFC", password)
