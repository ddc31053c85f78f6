"""What the passphrase opens: each laboratory's secret, weekly keys and tokens, and the letterbox; in memory."""

import hmac
import os
import sqlite3
from collections.abc import Mapping
from typing import final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.terms.errors import Broken, Refused
from aliquot.terms.ids import Org
from aliquot.vault import epochs, keys, keystore, tokens
from aliquot.vault.epochs import Epochs
from aliquot.vault.keys import LabKek, LabLabel, LabSecret
from aliquot.vault.letterkey import LetterKey

_SECRET = b"aliquot/lab-secret/v1"
_EXPORT = b"aliquot/export-signing/v1"
_SECOND_EXPORT = b"aliquot/export-cosigning/v1"
_LETTERBOX = b"aliquot/letterbox/v1"
_NONCE_BYTES = 12


@final
class Box:
    """Seals what custody keeps for itself: names of people, factors, notices, lists of writes."""

    __slots__ = ("_aead",)

    def __init__(self, key: keys.DerivedKey) -> None:
        self._aead = AESGCM(key.reveal())

    def seal(self, label: str, plain: bytes) -> bytes:
        """Format 1: `0x01 | nonce12 | ciphertext | tag16`, bound to `label`."""
        nonce = os.urandom(_NONCE_BYTES)
        return b"\x01" + nonce + self._aead.encrypt(nonce, plain, label.encode())

    def open(self, label: str, sealed: bytes) -> bytes:
        """What was sealed under this label.

        Raises:
            Broken: custody's database does not hold what was put there.
        """
        if sealed[:1] != b"\x01":
            raise Broken(f"custody database: {label} is not in format 1")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], label.encode())
        except (InvalidTag, ValueError):
            raise Broken(f"custody database: {label} does not open") from None


@final
class _Laboratory:
    """The open keys of one organization."""

    __slots__ = ("box", "digest", "tokens")

    def __init__(self, org: Org, secret: LabSecret) -> None:
        self.box = Box(keys.derive(secret, org, LabLabel.CONFIG))
        self.tokens = tokens.TokenKeys(secret, org)
        self.digest = keys.derive(secret, org, LabLabel.DIGEST)


@final
class Unlocked:
    """Everything that the key store has opened. Nothing of it is ever written or told."""

    def __init__(self, store: keystore.KeyStore, weekly: Epochs) -> None:
        self._store = store
        self.epochs = weekly
        self._laboratories: dict[Org, _Laboratory] = {}
        self._letter_key: LetterKey | None = None

    def load(self, db: sqlite3.Connection) -> None:
        """Open every organization whose keys the database holds."""
        for org, wrapped, letterbox in db.execute("SELECT org, secret, letterbox FROM organization").fetchall():
            secret = LabSecret(self._store.unwrap(org, wrapped, _SECRET))
            self._laboratories[org] = _Laboratory(org, secret)
            if letterbox is not None:
                self._letter_key = LetterKey(self._store.unwrap(org, letterbox, _LETTERBOX))
            if not self.epochs.keks(org):
                self._adopt(db, org)
        (number,) = db.execute("SELECT max(number) FROM epoch").fetchone()
        if number is not None and number > self.newest:
            raise Broken("the epoch file is older than custody's database: restore its younger copy")

    def found(self, db: sqlite3.Connection, org: Org) -> None:
        """Make the keys of a new organization; the installation itself also gets the letterbox."""
        secret, letterbox = LabSecret.generate(), None
        if org == keystore.INSTALLATION:
            letterbox = self._store.wrap(org, LetterKey.generate().reveal(), _LETTERBOX)
        db.execute(
            "INSERT INTO organization (org, secret, letterbox) VALUES (?, ?, ?)",
            (org, self._store.wrap(org, secret.reveal(), _SECRET), letterbox),
        )
        self.epochs.begin((org,), epochs.FIRST)

    @property
    def orgs(self) -> tuple[Org, ...]:
        """The laboratories that are open, without the installation itself."""
        return tuple(org for org in self._laboratories if org != keystore.INSTALLATION)

    def serves(self, org: Org) -> bool:
        """Whether this is an organization that is open here."""
        return org in self._laboratories

    @property
    def letter_key(self) -> LetterKey:
        """The private half of the letterbox."""
        if self._letter_key is None:
            raise Broken("custody database: the letterbox has no key")
        return self._letter_key

    def box(self, org: Org) -> Box:
        """The organization's own box."""
        return self._of(org).box

    def token(self, org: Org, field: str, text: str) -> int:
        """The blind index of a unique identifier inside one organization."""
        return tokens.token(self._of(org).tokens, tokens.Field(field), text)

    def digest(self, org: Org, what: str, content: bytes) -> bytes:
        """A keyed digest, by which the same content is recognised and nobody can try contents: 32 bytes.

        `what` parts the uses, so that the same content gives unrelated digests in two of them.
        """
        return hmac.digest(self._of(org).digest.reveal(), what.encode() + b"\x00" + content, "sha256")

    def epoch(self, org: Org) -> int:
        """The week's number under which new patient keys are wrapped."""
        return max(self.epochs.keks(org))

    def kek(self, org: Org, epoch: int) -> LabKek:
        """The wrapping key of one week.

        Raises:
            Broken: that week's key was destroyed, so the row is of a database that is too old.
        """
        found = self.epochs.keks(org).get(epoch)
        if found is None:
            raise Broken("custody database: a key is of an epoch that is over; restore a younger backup")
        return found

    @property
    def oldest(self) -> int:
        """The oldest week whose keys still live."""
        return min(self.epochs.keks(keystore.INSTALLATION))

    @property
    def newest(self) -> int:
        """The week under whose keys everything new is wrapped."""
        return max(self.epochs.keks(keystore.INSTALLATION))

    def begin_epoch(self, epoch: int) -> None:
        """Make the keys of a week for every organization; durable when this returns."""
        self.epochs.begin(self._laboratories, epoch)

    def wrap_signing(self, org: Org, secret: bytes) -> bytes:
        """A log's signing key as it may be stored."""
        return self._store.wrap(org, secret, b"aliquot/log-signing/v1")

    def wrap_export(self, org: Org, secret: bytes) -> bytes:
        """An organization's export key as it may be stored."""
        return self._store.wrap(org, secret, _EXPORT)

    def unwrap_export(self, org: Org, wrapped: bytes) -> bytes:
        """An organization's export key."""
        return self._store.unwrap(org, wrapped, _EXPORT)

    def wrap_second_export(self, org: Org, secret: bytes) -> bytes:
        """The second key with which an organization signs bundles, as it may be stored."""
        return self._store.wrap(org, secret, _SECOND_EXPORT)

    def unwrap_second_export(self, org: Org, wrapped: bytes) -> bytes:
        """The second key with which an organization signs bundles."""
        return self._store.unwrap(org, wrapped, _SECOND_EXPORT)

    def unwrap_signing(self, org: Org, wrapped: bytes) -> bytes:
        """A log's signing key."""
        return self._store.unwrap(org, wrapped, b"aliquot/log-signing/v1")

    def wrap_cosigning(self, org: Org, secret: bytes) -> bytes:
        """A log's second signing key as it may be stored."""
        return self._store.wrap(org, secret, b"aliquot/log-cosigning/v1")

    def unwrap_cosigning(self, org: Org, wrapped: bytes) -> bytes:
        """A log's second signing key."""
        return self._store.unwrap(org, wrapped, b"aliquot/log-cosigning/v1")

    def _adopt(self, db: sqlite3.Connection, org: Org) -> None:
        """Move the wrapped weekly keys out of a database of before there was an epoch file."""
        rows: Mapping[int, bytes] = dict(db.execute("SELECT epoch, wrapped FROM kek WHERE org = ?", (org,)).fetchall())
        if not rows:
            raise Broken("the epoch file is gone: restore one of its copies, for without it no patient opens")
        self.epochs.adopt(org, rows)
        db.execute("DELETE FROM kek WHERE org = ?", (org,))

    def _of(self, org: Org) -> _Laboratory:
        if org not in self._laboratories:
            raise Refused("this organization is not unlocked here")
        return self._laboratories[org]
