"""A listener's place in the installation: who it is, what it signs with, and whom it seals to."""

import os
import stat
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.terms.errors import Refused
from aliquot.terms.ids import Id
from aliquot.terms.installation import Listen
from aliquot.vault.letterbox import SlotKey

_ID_BYTES: Final = 16
_KEY_BYTES: Final = 32
_SLOT_BYTES: Final = 1216


class Seat(msgspec.Struct, frozen=True):
    """What a listener holds: the id of its enrolment, its signing key, and the letterbox's public key."""

    listener: Id
    key: Ed25519PrivateKey
    slot: SlotKey


def read(listen: Listen) -> Seat:
    """The seat that the listener's two files give it.

    Raises:
        Refused: a file is missing or has another length, or the key file is open to other users.
    """
    slot = _bytes(listen.letterbox_public, _SLOT_BYTES)
    held = _bytes(listen.key, _ID_BYTES + _KEY_BYTES)
    if stat.S_IMODE(listen.key.stat().st_mode) & 0o077:
        raise Refused(f"listener: {listen.key} is open to other users; `chmod 600` closes it")
    return Seat(Id(held[:_ID_BYTES]), Ed25519PrivateKey.from_private_bytes(held[_ID_BYTES:]), SlotKey(slot))


def write(path: Path, listener: Id, key: Ed25519PrivateKey) -> None:
    """Keep a listener's id (16 bytes) and key (32 bytes) in a new file that only its own user can read.

    Raises:
        Refused: there is a file already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Refused(f"listener: {path} is there already") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(listener + key.private_bytes_raw())
        file.flush()
        os.fsync(descriptor)


def _bytes(path: Path, length: int) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused(f"listener: {path} cannot be read ({type(error).__name__})") from None
    if len(content) != length:
        raise Refused(f"listener: {path} has the wrong length")
    return content
