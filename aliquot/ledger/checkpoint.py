"""Checkpoints: what a log's whole history is at one moment, signed by the log and by those who watched it grow.

Source: C2SP tlog-checkpoint and tlog-cosignature. Signature types: Ed25519 by the log at each commit; Ed25519 and
ML-DSA-44 cosignatures by witnesses, and by the log itself against the day when Ed25519 falls.
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.ledger import note, tree
from aliquot.terms.errors import Refused

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa
except ImportError:
    # An auditor's library may be too old for it; what is signed with Ed25519 is established all the same.
    _HAS_ML_DSA = False
else:
    _HAS_ML_DSA = True

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_MAX_SIZE = (1 << 63) - 1
_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The name of a log, the number of its entries and the root over them."""

    origin: str
    head: tree.Head

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.head.size}\n{base64.b64encode(self.head.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint as it was read; its signatures are not established before `verify`."""

    checkpoint: Checkpoint
    note: note.Note


class Issuer:
    """A log that signs its own checkpoints under its origin.

    Raises:
        Refused: no auditor could read what a log of this name issues.
    """

    __slots__ = ("_origin", "_signer")

    def __init__(self, origin: str, private: Ed25519PrivateKey) -> None:
        self._origin = origin
        self._signer = note.Signer(origin, private)
        # Of all that stands in a checkpoint only the name can be wrong, and it is tried here: reading each one again
        # took half as long as signing it, at every commit.
        parse(self.sign(tree.Head(0, tree.EMPTY_ROOT)))

    def sign(self, head: tree.Head) -> str:
        """The signed checkpoint of this head."""
        text = Checkpoint(self._origin, head).text()
        return note.Note(text, (self._signer.sign(text),)).render()


def cosign(signed: str, name: str, private: "Ed25519PrivateKey | mldsa.MLDSA44PrivateKey", posix: int) -> str:
    """Adds the statement that, at `posix` seconds, this was the largest consistent head that the cosigner knew.

    The caller has verified consistency with the head it remembers; nothing here does.
    """
    found = parse(signed)
    public = private.public_key().public_bytes_raw()
    kind = note.ED25519_COSIGNATURE if isinstance(private, Ed25519PrivateKey) else note.ML_DSA_44_COSIGNATURE
    signer = note.Key(name, kind, public)
    raw = posix.to_bytes(_TIME_BYTES, "big") + private.sign(_cosigned(found, signer, posix))
    return signed + note.Signature(name, signer.key_id, raw).line()


def parse(text: str) -> SignedCheckpoint:
    """A signed checkpoint from its text.

    Raises:
        Refused: it is not one, or it carries extension lines, which no auditor can check.
    """
    found = note.parse(text)
    lines = found.text[:-1].split("\n")
    if len(lines) != 3 or not lines[0]:
        raise Refused("checkpoint: not origin, size and root")
    if not _SIZE.fullmatch(lines[1]) or int(lines[1]) > _MAX_SIZE:
        raise Refused("checkpoint: the size is not a number")
    root = note.unbase64(lines[2], "checkpoint root")
    if len(root) != tree.HASH_BYTES:
        raise Refused("checkpoint: the root is not 32 bytes")
    if lines[1] == "0" and root != tree.EMPTY_ROOT:
        raise Refused("checkpoint: the root of an empty log is another")
    return SignedCheckpoint(Checkpoint(lines[0], tree.Head(int(lines[1]), root)), found)


def verify(signed: SignedCheckpoint, keys: Sequence[note.Key]) -> tuple[note.Key, ...]:
    """Which of the trusted keys signed this checkpoint; signatures of others, and those that this machine cannot check
    (`checkable`), are passed over.

    Raises:
        Refused: a signature under a trusted key's name and id is false.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signers = []
    for signature in signed.note.signatures:
        signer = known.get((signature.name, signature.key_id))
        if signer is None or not checkable(signer):
            continue
        if not _holds(signed, signature, signer):
            raise Refused("checkpoint: a signature is false")
        signers.append(signer)
    return tuple(dict.fromkeys(signers))


def checkable(key: note.Key) -> bool:
    """Whether signatures of this key's type can be established here: not every library knows ML-DSA-44."""
    if key.kind != note.ML_DSA_44_COSIGNATURE:
        return True
    if not _HAS_ML_DSA:
        return False
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(key.public)
    except UnsupportedAlgorithm:
        return False
    return True


def bears(signed: SignedCheckpoint, key: note.Key) -> bool:
    """Whether there is a signature under this key's name and id, true or false."""
    return any((one.name, one.key_id) == (key.name, key.key_id) for one in signed.note.signatures)


def _holds(signed: SignedCheckpoint, signature: note.Signature, signer: note.Key) -> bool:
    if signer.kind == note.ED25519:
        return note.holds(signed.note.text, signature, signer)
    posix = int.from_bytes(signature.raw[:_TIME_BYTES], "big")
    if posix > _MAX_SIZE:
        return False
    raw, message = signature.raw[_TIME_BYTES:], _cosigned(signed, signer, posix)
    if signer.kind == note.ED25519_COSIGNATURE:
        return note.valid(signer.public, raw, message)
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(signer.public).verify(raw, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _cosigned(signed: SignedCheckpoint, signer: note.Key, posix: int) -> bytes:
    if signer.kind == note.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {posix}\n{signed.note.text}".encode()
    head = signed.checkpoint.head
    parts = (
        b"subtree/v1\n\x00",
        _counted(signer.name),
        posix.to_bytes(8, "big"),
        _counted(signed.checkpoint.origin),
        (0).to_bytes(8, "big"),
        head.size.to_bytes(8, "big"),
        head.root,
    )
    return b"".join(parts)


def _counted(name: str) -> bytes:
    raw = name.encode()
    if len(raw) > 255:
        raise Refused("checkpoint: a name is longer than 255 bytes")
    return bytes([len(raw)]) + raw
