"""The key that bundles are sealed to: the private half, which custody makes for one mandate and never gives out."""

import hmac
from dataclasses import dataclass
from typing import final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.vault import bundle
from aliquot.vault.bundle import Header, Trailer
from aliquot.vault.errors import Forged, Unopenable
from aliquot.vault.slotkey import SlotSecret


@final
@dataclass(frozen=True)
class PartKey:
    """The open key of one part: its chunks open with it, each in its place."""

    trailer: Trailer
    _aead: AESGCM
    _associated: bytes

    def open(self, first: int, chunks: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """What these chunks say, the first of which is number `first` of the part.

        Raises:
            Unopenable: altered, cut, moved, of another part or of another bundle.
        """
        return tuple(self._open(number, chunk) for number, chunk in enumerate(chunks, first))

    def _open(self, number: int, chunk: bytes) -> bytes:
        last = number == self.trailer.chunks - 1
        try:
            return self._aead.decrypt(bundle.nonce(number, last=last), chunk, self._associated)
        except InvalidTag:
            raise Unopenable("bundle: a chunk does not open in this place") from None

    def __repr__(self) -> str:
        return "PartKey(sealed)"


@final
class StagingKey(SlotSecret):
    """Opens parts of bundles that were sealed to its public half."""

    __slots__ = ()

    def open(self, header: Header, head: bytes, trailer: Trailer) -> PartKey:
        """The key of a part whose trailer was verified (`bundle.verified`).

        Raises:
            Forged: the head is not the one that the sender signed.
            Unopenable: sealed to another key, for another header, or altered.
        """
        read = bundle.head(head)
        if not hmac.compare_digest(bundle.head_hash(head).hex(), trailer.head) or read.part != trailer.part:
            raise Forged("bundle: the head of a part is not the one that was signed")
        mine = bundle.slot_id(self.slot())
        if mine not in header.recipients or len(read.keys) != len(header.recipients):
            raise Unopenable("bundle: sealed to another key")
        sealed = bytes.fromhex(read.keys[header.recipients.index(mine)])
        try:
            key = self.decrypt(sealed, bundle.info(header, read.part))
        except (InvalidTag, ValueError):
            raise Unopenable("bundle: a part does not open under this header") from None
        return PartKey(trailer, bundle.payload(header, read.part, key), bundle.associated(header, read.part))
