"""The file in which a site keeps the keys that sign what it carries, under a passphrase.

Layout: docs/formats/sender.md.
"""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import keyring, whole
from aliquot.vault.bundle import Hex, Sender, SenderKey
from aliquot.vault.errors import WrongPassphrase
from aliquot.vault.keyring import Cost

_LABEL: Final = b"aliquot/sender-key/v1\x00"
_SALT_BYTES: Final = 16
_KEY_BYTES: Final = 32
# The key is another one for each file, for its salt is.
_NONCE: Final = bytes(12)


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the file says in clear: how it was locked, and the public halves."""

    format: Literal["aqs1"]
    cost: Cost
    salt: Annotated[Hex, msgspec.Meta(min_length=2 * _SALT_BYTES, max_length=2 * _SALT_BYTES)]
    sender: Sender


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; `sealed` are the 64 bytes of `SenderKey.reveal`, bound to all that is said."""

    said: _Said
    sealed: Hex


def create(path: Path, passphrase: str, cost: Cost | None = None) -> SenderKey:
    """New keys in a new file, whole and durable when this returns; for its Unix user alone.

    Raises:
        Refused: there is a file already, or none can be made there.
    """
    key, salt = SenderKey.generate(), os.urandom(_SALT_BYTES)
    said = _Said("aqs1", cost or Cost(), salt.hex(), key.public())
    sealed = _cipher(passphrase, said).encrypt(_NONCE, key.reveal(), _bound(said))
    _write_new(path, canonical.encode(_File(said, sealed.hex())) + b"\n")
    return key


def unlock(path: Path, passphrase: str, *, allow_weak: bool = False) -> SenderKey:
    """The keys in a file. `allow_weak` is for tests.

    Raises:
        WeakKeyring: it was locked too cheaply, or asks for more work than any file needs.
        WrongPassphrase: the passphrase does not open it, or it was altered.
        Refused: it is no such file.
    """
    file = _read(path)
    keyring.judge(file.said.cost, allow_weak=allow_weak)
    try:
        seed = _cipher(passphrase, file.said).decrypt(_NONCE, bytes.fromhex(file.sealed), _bound(file.said))
    except InvalidTag:
        raise WrongPassphrase("sender key: the passphrase does not open it, or it was altered") from None
    return SenderKey(seed)


def public(path: Path) -> Sender:
    """The public halves, as the file says them; that they belong to what is sealed in it, `unlock` establishes.

    Raises:
        Refused: it is no such file.
    """
    return _read(path).said.sender


def _cipher(passphrase: str, said: _Said) -> AESGCM:
    return AESGCM(keyring.stretch(passphrase, said.cost, bytes.fromhex(said.salt))[:_KEY_BYTES])


def _bound(said: _Said) -> bytes:
    return _LABEL + canonical.encode(said)


def _read(path: Path) -> _File:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_File)
    except (OSError, *canonical.UNREADABLE):
        raise Refused("sender key: this is no file that `aliquot legacy sender` made") from None


def _write_new(path: Path, content: bytes) -> None:
    """The whole file under its name, or nothing; what has the name already stays."""
    draft = None
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link is refused where the name is taken; a rename would replace the keys that a mandate names.
        os.link(draft, path)
    except FileExistsError:
        raise Refused("sender key: there is a file of this name already, and it is not replaced") from None
    except OSError as error:
        raise Refused(f"sender key: it cannot be written there ({os.strerror(error.errno or 0)})") from None
    finally:
        if draft is not None:
            Path(draft).unlink(missing_ok=True)
    whole.make_known(path.parent)
