"""The keyring file: the roots of a small installation under one passphrase. Layout: docs/formats/keyring.md."""

import hashlib
import os
import unicodedata
from pathlib import Path
from typing import Final, Literal, Self, final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import constant_time, hashes, hmac, keywrap
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.vault import whole
from aliquot.vault.errors import Unopenable, WeakKeyring, WrongPassphrase
from aliquot.vault.keys import DerivedKey, Root
from aliquot.vault.keystore import INSTALLATION, StoreInfo

_KIND: Final = "keyring"
_SHORTEST_PASSPHRASE = 12
_SALT_BYTES = 16
_DIGEST_BYTES = 32
_WRAPPED_ROOT_BYTES = 40


class Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one guess at the passphrase costs with Argon2id (RFC 9106): about .8 s of four lanes and 256 MiB."""

    passes: int = 3
    memory_kib: int = 256 * 1024
    lanes: int = 4


FLOOR: Final = Cost(passes=1, memory_kib=64 * 1024, lanes=1)
"""Below this a file is not opened: an intruder could have locked the door with a string."""
CEILING: Final = Cost(passes=16, memory_kib=4 * 1024 * 1024, lanes=16)
"""Above this a file is not opened: it is there to exhaust the machine."""


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says: how its lock was made, and every root wrapped behind it."""

    format: Literal["aqk1"]
    cost: Cost
    salt: str
    installation: str
    root: dict[str, str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; `mac` is HMAC-SHA256 over the canonical form of what is said."""

    keyring: _Said
    mac: str


@final
class Keyring:
    """An unlocked keyring: a key store whose roots lie in a file and, unlocked, in this process."""

    __slots__ = ("_cost", "_inner", "_outer", "_path", "_roots", "_salt")

    def __init__(self, path: Path, passphrase: str, cost: Cost, salt: bytes) -> None:
        """Stretches the passphrase, and holds no root yet; the doors are `create` and `unlock`."""
        stretched = stretch(passphrase, cost, salt)
        self._path = path
        self._cost = cost
        self._salt = salt
        self._inner, self._outer = DerivedKey(stretched[:32]), DerivedKey(stretched[32:])
        self._roots: dict[Org, Root] = {}

    @classmethod
    def create(cls, path: Path, passphrase: str, cost: Cost | None = None) -> Self:
        """A new keyring with the installation's root; the file is durable when this returns.

        Raises:
            Refused: the passphrase is under 12 characters, or there is a file already.
        """
        if len(passphrase) < _SHORTEST_PASSPHRASE:
            raise Refused("keyring: the passphrase needs at least 12 characters")
        _reserve(path)
        keyring = cls(path, passphrase, cost or Cost(), os.urandom(_SALT_BYTES))
        keyring._keep({INSTALLATION: Root.generate()})
        return keyring

    @classmethod
    def unlock(cls, path: Path, passphrase: str, *, allow_weak: bool = False) -> Self:
        """The keyring in the file. `allow_weak` is for tests and the demonstration.

        1. The cost must lie between the floor and the ceiling.
        2. The seal over the whole file must be right for the passphrase, before anything is unwrapped: AES key wrap
           alone does not commit to one passphrase.
        3. Every root must unwrap.

        Raises:
            WeakKeyring: 1 fails.
            WrongPassphrase: 2 fails.
            Unopenable: the file is no keyring.
        """
        file = _read(path)
        said = file.keyring
        judge(said.cost, allow_weak=allow_weak)
        keyring = cls(path, passphrase, said.cost, _hex(said.salt, _SALT_BYTES))
        keyring._check(file)
        keyring._roots[INSTALLATION] = keyring._unlocked(said.installation)
        for org, wrapped in said.root.items():
            keyring._roots[Org(_hex(org, 4))] = keyring._unlocked(wrapped)
        return keyring

    def add(self, org: Org) -> None:
        """A root for one more organization; durable when this returns.

        Raises:
            Refused: the organization has one, and a second would orphan what is under the first.
        """
        if org in self._roots:
            raise Refused("keyring: the organization has a root already")
        self._keep({**self._roots, org: Root.generate()})

    def wrap(self, org: Org, secret: bytes, context: bytes) -> bytes:
        """A key right under the organization's root, as it may be stored, bound to its context."""
        return keywrap.aes_key_wrap(self._root(org).reveal(), secret + hashlib.sha256(context).digest())

    def unwrap(self, org: Org, wrapped: bytes, context: bytes) -> bytes:
        """The key that was wrapped for this organization and context."""
        try:
            found = keywrap.aes_key_unwrap(self._root(org).reveal(), wrapped)
        except keywrap.InvalidUnwrap:
            raise Unopenable("keyring: not wrapped under this root") from None
        if not constant_time.bytes_eq(found[-_DIGEST_BYTES:], hashlib.sha256(context).digest()):
            raise Unopenable("keyring: wrapped for another context")
        return found[:-_DIGEST_BYTES]

    def info(self) -> StoreInfo:
        """A keyring, and whose roots it holds."""
        return StoreInfo(kind=_KIND, organizations=tuple(sorted(org for org in self._roots if org != INSTALLATION)))

    def __repr__(self) -> str:
        return f"Keyring({len(self._roots)} roots, sealed)"

    def _root(self, org: Org) -> Root:
        try:
            return self._roots[org]
        except KeyError:
            raise Refused("keyring: holds no root of this organization") from None

    def _check(self, file: _File) -> None:
        try:
            self._mac(file.keyring).verify(_hex(file.mac, _DIGEST_BYTES))
        except InvalidSignature:
            raise WrongPassphrase("keyring: the passphrase does not open it, or it was altered") from None

    def _unlocked(self, wrapped: str) -> Root:
        try:
            return Root(keywrap.aes_key_unwrap(self._inner.reveal(), _hex(wrapped, _WRAPPED_ROOT_BYTES)))
        except keywrap.InvalidUnwrap:
            raise Unopenable("keyring: a root does not unwrap") from None

    def _mac(self, said: _Said) -> hmac.HMAC:
        mac = hmac.HMAC(self._outer.reveal(), hashes.SHA256())
        mac.update(canonical.encode(said))
        return mac

    def _keep(self, roots: dict[Org, Root]) -> None:
        inner = self._inner.reveal()
        wrapped = {org: keywrap.aes_key_wrap(inner, root.reveal()).hex() for org, root in roots.items()}
        installation = wrapped.pop(INSTALLATION)
        by_name = {org.hex(): text for org, text in wrapped.items()}
        said = _Said("aqk1", self._cost, self._salt.hex(), installation, by_name)
        whole.write(self._path, canonical.encode(_File(said, self._mac(said).finalize().hex())) + b"\n")
        # Only now: a root that is used before it is durable would orphan what was wrapped under it.
        self._roots = roots


def stretch(passphrase: str, cost: Cost, salt: bytes) -> bytes:
    """64 bytes from a passphrase, at a cost."""
    # The same passphrase typed on two keyboards may differ in its bytes and is one passphrase all the same.
    typed = unicodedata.normalize("NFKC", passphrase).encode()
    kdf = Argon2id(salt=salt, length=64, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive(typed)


def judge(cost: Cost, *, allow_weak: bool) -> None:
    """Whether a file that was locked at this cost may be opened.

    Raises:
        WeakKeyring: below the floor, or above the ceiling.
    """
    offered = msgspec.structs.astuple(cost)
    if any(number > most for number, most in zip(offered, msgspec.structs.astuple(CEILING), strict=True)):
        raise WeakKeyring("keyring: asks for more work than any keyring needs")
    least = Cost(passes=1, memory_kib=8 * cost.lanes, lanes=1) if allow_weak else FLOOR
    if any(number < low for number, low in zip(offered, msgspec.structs.astuple(least), strict=True)):
        raise WeakKeyring("keyring: locked more cheaply than is accepted")


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except canonical.UNREADABLE:
        raise Unopenable("keyring: not an aqk1 file") from None


def _hex(text: str, size: int) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        raise Unopenable("keyring: not an aqk1 file") from None
    if len(found) != size:
        raise Unopenable("keyring: not an aqk1 file")
    return found


def _reserve(path: Path) -> None:
    # An existing keyring that is overwritten is a laboratory that is lost.
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise Refused("keyring: the file exists already") from None
