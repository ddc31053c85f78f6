"""The sealed document: what is too big for one piece (a PDF, a long message), sealed and opened chunk by chunk.

Chunks are 1 MiB; each is bound to its place and the last one says that it is (STREAM, Hoang-Reyhanitabar-Rogaway-Vizar
2015), so that chunks cannot be cut off, repeated or exchanged. Layout: docs/formats/sealed-record.md.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aliquot.terms.errors import Broken
from aliquot.terms.kinds import Harm
from aliquot.vault import padding, record
from aliquot.vault.errors import Unopenable
from aliquot.vault.record import Address, Sealer

CHUNK: Final = 2**20

_TAG_BYTES = 16
_SALT_BYTES = 32


class Label(msgspec.Struct, frozen=True):
    """What a document is: class of harm, schema of its body, length of its body in bytes."""

    harm: Harm
    schema: int
    length: int


def seal(sealer: Sealer, address: Address, label: Label, source: BinaryIO, target: BinaryIO) -> None:
    """Writes the document sealed to `target`, holding no more than one chunk of it.

    Raises:
        KeyExhausted: this key has sealed as often as it may.
        Broken: `source` does not have the length that the label says.
    """
    sealer.spend()
    for piece in _sealed(sealer, address, label, source, os.urandom(_SALT_BYTES)):
        target.write(piece)


def unseal(sealer: Sealer, address: Address, schema: int, source: BinaryIO, target: BinaryIO) -> Label:
    """Writes the document's body to `target`; what was written counts only when this returns.

    Raises:
        Unopenable: altered, cut, moved, or sealed under another key; `target` is to be thrown away.
    """
    prefix = source.read(record.PREFIX.size)
    if prefix != record.PREFIX.pack(record.FORMAT, record.STREAMED, sealer.n):
        raise Unopenable("document: not in format 1 under this key")
    aead = sealer.document_aead(source.read(_SALT_BYTES))
    pieces = _opened(aead, sealer.associated(address, schema), source)
    first = next(pieces)
    harm, inner_schema, length = record.HEAD.unpack_from(first)
    left = length - target.write(first[record.HEAD.size : record.HEAD.size + length])
    total = len(first)
    for piece in pieces:
        left -= target.write(piece[:left])
        total += len(piece)
    if inner_schema != schema or total != padding.size_class(record.HEAD.size + length):
        raise Unopenable("document: sealed against its own format")
    return Label(Harm(harm), schema, length)


def _sealed(sealer: Sealer, address: Address, label: Label, source: BinaryIO, salt: bytes) -> Iterator[bytes]:
    yield record.PREFIX.pack(record.FORMAT, record.STREAMED, sealer.n) + salt
    aead = sealer.document_aead(salt)
    associated = sealer.associated(address, label.schema)
    total = padding.size_class(record.HEAD.size + label.length)
    buffered = record.HEAD.pack(label.harm, label.schema, label.length)
    unread = label.length
    for counter, start in enumerate(range(0, total, CHUNK)):
        size = min(CHUNK, total - start)
        wanted = min(unread, size - len(buffered))
        piece = buffered + _exactly(source, wanted)
        unread -= wanted
        yield aead.encrypt(_nonce(counter, last=start + size == total), piece.ljust(size, b"\x00"), associated)
        buffered = b""
    if source.read(1):
        raise Broken("document: longer than its label says")


def _exactly(source: BinaryIO, size: int) -> bytes:
    found = source.read(size)
    if len(found) != size:
        raise Broken("document: shorter than its label says")
    return found


def _opened(aead: AESGCM, associated: bytes, source: BinaryIO) -> Iterator[bytes]:
    counter, chunk = 0, source.read(CHUNK + _TAG_BYTES)
    while True:
        following = source.read(CHUNK + _TAG_BYTES)
        try:
            yield aead.decrypt(_nonce(counter, last=not following), chunk, associated)
        except InvalidTag:
            raise Unopenable("document: a chunk does not open at this address") from None
        if not following:
            return
        counter, chunk = counter + 1, following


def _nonce(counter: int, *, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([last])
