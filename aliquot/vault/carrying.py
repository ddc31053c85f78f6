"""Writing a bundle: part after part, each sealed as it is read and finished whole; nothing in clear touches a disk.

After a kill, begin again with the same folder: parts that were finished are there, a part that was not is not.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, final

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import bundle, whole
from aliquot.vault.bundle import CHUNK, MAGIC, TAG, Head, Header, Manifest, Signs, Trailer
from aliquot.vault.errors import Forged
from aliquot.vault.letterbox import SlotKey

HEADER: Final = "header.json"
MANIFEST: Final = "manifest.json"
MOST_MANIFEST: Final = 8 << 20
"""A hundred thousand parts have room in it."""
_SUITE: Final = "MLKEM768-X25519, HKDF-SHA256, AES-256-GCM"
_LENGTH_BYTES = 4
_LISTED = 5
_SEALED = CHUNK + TAG
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Terms(msgspec.Struct, frozen=True):
    """What a new bundle is for. `mandate` is the mandate's id; it is good from `created` until `expires`."""

    mandate: bytes
    created: datetime
    expires: datetime


class Place(msgspec.Struct, frozen=True):
    """Where the pieces of a finished part stand in its file: the head, the first chunk, the trailer."""

    head: bytes
    chunks_at: int
    trailer: bytes


@final
class Piece:
    """One part that is being sealed. What is written to it is gathered to chunks of 1 MiB and sealed at once."""

    def __init__(self, of: Header, head: Head, key: bytes, target: BinaryIO) -> None:
        self._header, self._head, self._target = of, head, target
        self._aead = bundle.payload(of, head.part, key)
        self._associated = bundle.associated(of, head.part)
        self._waiting = bytearray()
        self._leaves: list[bytes] = []
        self._rows = self._bytes = 0

    def write(self, content: bytes, rows: int = 1) -> None:
        """Seal some more; `rows` is how many rows of the source it holds."""
        self._waiting += content
        self._rows += rows
        # The last chunk has to be known as the last, so a full one waits until there is more.
        while len(self._waiting) > CHUNK:
            with memoryview(self._waiting) as view, view[:CHUNK] as full:
                self._seal(full, last=False)
            del self._waiting[:CHUNK]

    def finish(self, raw_head: bytes) -> Trailer:
        """Seal the last chunk, and say what the part is."""
        self._seal(self._waiting, last=True)
        self._waiting.clear()
        return Trailer(
            header=bundle.header_hash(self._header).hex(),
            part=self._head.part,
            head=bundle.head_hash(raw_head).hex(),
            label=self._head.label,
            rows=self._rows,
            bytes=self._bytes,
            chunks=len(self._leaves),
            root=bundle.root(self._leaves).hex(),
        )

    def _seal(self, plain: bytearray | memoryview, *, last: bool) -> None:
        number = len(self._leaves)
        self._bytes += len(plain)
        sealed = self._aead.encrypt(bundle.nonce(number, last=last), plain, self._associated)
        self._leaves.append(bundle.leaf(number, len(plain), sealed[-TAG:]))
        self._target.write(sealed)


def begin(folder: Path, terms: Terms, slots: Sequence[SlotKey], sender: Signs) -> Header:
    """Begin a bundle in a folder, or go on with the one that is there.

    Raises:
        Refused: the bundle that is there is of another mandate, another sender or other recipients, is over, or is not
            one that could have been begun before now; or it is not good for at most thirty days.
    """
    recipients = tuple(bundle.slot_id(slot) for slot in slots)
    path = folder / HEADER
    if path.exists():
        found = begun(folder)
        if (found.mandate, found.sender, found.recipients) != (terms.mandate.hex(), sender.public(), recipients):
            raise Refused("bundle: this folder holds another bundle")
        # What signs says when: whoever may write to the folder may have put the header there.
        if max(found.created - terms.created, found.expires - terms.expires) > bundle.AHEAD:
            raise Refused("bundle: the header in this folder says another time than could have been said here")
        if found.expires <= terms.created:
            raise Refused("bundle: the one that was begun in this folder is over; carry into a new folder")
        return found
    made = Header(
        format="aqb1",
        id=os.urandom(16).hex(),
        mandate=terms.mandate.hex(),
        suite=_SUITE,
        chunk=CHUNK,
        created=terms.created,
        expires=terms.expires,
        recipients=recipients,
        sender=sender.public(),
    )
    raw = canonical.encode(made)
    bundle.header(raw)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with room():
            whole.write(path, raw)
    except OSError as error:
        raise Refused(f"bundle: nothing can be written to this folder ({os.strerror(error.errno or 0)})") from None
    return made


def begun(folder: Path) -> Header:
    """The header of the bundle in a folder.

    Raises:
        OSError: there is none.
        Refused: it is none.
    """
    return bundle.header(raw_header(folder))


def raw_header(folder: Path) -> bytes:
    """The header of the bundle in a folder, as it stands there.

    Raises:
        OSError: there is none.
        Refused: it is larger than any header.
    """
    return _small(folder / HEADER, bundle.MOST_HEAD)


def closed(folder: Path, of: Header) -> Manifest:
    """The manifest of the bundle in a folder, as its sender signed it.

    Raises:
        OSError: there is none.
        Refused, Forged: it is none, or another's.
    """
    return bundle.verified(_small(folder / MANIFEST, MOST_MANIFEST), of, Manifest)


@contextmanager
def part(folder: Path, place: tuple[int, str], slots: Sequence[SlotKey], sender: Signs) -> Iterator[Piece]:
    """Seal one part. It is there, durable and whole, when the block has ended, and not at all if the block failed.

    `place` is the part's number, from 1, and its label: a place in the source, never a value.

    Raises:
        Refused: there is no room for it, or another carry has begun it meanwhile: theirs is left to them.
    """
    number, label = place
    of = begun(folder)
    key = os.urandom(32)
    head = Head(number, label, tuple(bundle.sealed_key(of, number, slot, key).hex() for slot in slots))
    raw_head = canonical.encode(head)
    bundle.head(raw_head)
    draft = folder / f".{number:06d}.draft"
    made = None
    try:
        with room(), _fresh(draft) as target:
            made = os.fstat(target.fileno())
            target.write(MAGIC + len(raw_head).to_bytes(_LENGTH_BYTES, "big") + raw_head)
            piece = Piece(of, head, key, target)
            yield piece
            signed = sender.sign(piece.finish(raw_head))
            target.write(signed + len(signed).to_bytes(_LENGTH_BYTES, "big"))
            target.flush()
            os.fsync(target.fileno())
        if not _is(draft, made):
            raise Refused("bundle: another carry writes to this folder; let one of them go on, and stop the other")
        draft.replace(path_of(folder, number))
    finally:
        if made is not None and _is(draft, made):
            draft.unlink(missing_ok=True)
    whole.make_known(folder)


def finished(folder: Path) -> dict[int, Trailer]:
    """The parts that are whole, by number, each as its sender signed it; of its chunks only the tags are read.

    Raises:
        Refused, Forged: a part is not of this bundle, or not as it was signed.
    """
    of = begun(folder)
    found: dict[int, Trailer] = {}
    for path in sorted(folder.glob("*.part")):
        if path.is_symlink() or not path.is_file():
            raise Refused(f"bundle: {path.name} is no file")
        trailer = sound(path, of)
        found[trailer.part] = trailer
    return found


def sound(path: Path, of: Header) -> Trailer:
    """One part as its sender signed it: its own file, of this length, with chunks that end with these tags.

    Raises:
        Refused, Forged: it is not; the message names the file.
    """
    with _named(path):
        place = located(path)
        trailer = bundle.verified(place.trailer, of, Trailer)
        if path != path_of(path.parent, trailer.part):
            raise Forged("bundle: a part has the name of another")
        if bundle.root(_leaves(path, place, trailer)).hex() != trailer.root:
            raise Forged("bundle: the chunks of a part are not those that were signed")
    return trailer


def close(folder: Path, sender: Signs) -> Manifest:
    """Say that the bundle is whole: the parts that are there, from 1 on without a gap, are all of it."""
    of = begun(folder)
    parts = finished(folder)
    if [*parts] != [*range(1, len(parts) + 1)]:
        raise Refused("bundle: a part is missing")
    manifest = Manifest(
        header=bundle.header_hash(of).hex(),
        parts=tuple(bundle.trailer_hash(trailer).hex() for trailer in parts.values()),
        rows=sum(trailer.rows for trailer in parts.values()),
    )
    with room():
        whole.write(folder / MANIFEST, sender.sign(manifest))
    return manifest


def arrived(folder: Path) -> tuple[Header, Manifest, dict[int, Trailer]]:
    """A bundle that came: every part that its manifest names is there, and no other.

    Whether its sender is the one whom the mandate names is custody's to judge.

    Raises:
        Refused: header, manifest or a part is missing; a part is one too many, or not the one that the manifest names.
        Forged: something is not signed by the sender that the header names.
    """
    for name in (HEADER, MANIFEST):
        if not (folder / name).is_file():
            raise Refused(f"bundle: {name} is not there; the carrying did not end, or not all of it came")
    of = begun(folder)
    manifest = closed(folder, of)
    parts = finished(folder)
    here = {number: bundle.trailer_hash(trailer).hex() for number, trailer in parts.items()}
    named = dict(enumerate(manifest.parts, 1))
    if others := sorted(number for number in here.keys() | named.keys() if here.get(number) != named.get(number)):
        which = ", ".join(path_of(folder, number).name for number in others[:_LISTED])
        more = " and more" if others[_LISTED:] else ""
        raise Refused(
            f"bundle: its parts are not those of its manifest: {which}{more}; `aliquot legacy parts` says why"
        )
    return of, manifest, parts


def chunks(path: Path) -> Iterator[bytes]:
    """The sealed chunks of a part's file, in order, one at a time. `finished` has said that they are all there."""
    place = located(path)
    left = _size(path, place)
    with path.open("rb") as file:
        file.seek(place.chunks_at)
        while left > 0:
            chunk = file.read(min(_SEALED, left))
            left -= len(chunk)
            yield chunk


@contextmanager
def room() -> Iterator[None]:
    """Say of a full disk, or of a file that may grow no larger, what can be done.

    Raises:
        Refused: there is no room.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise Refused(
            "bundle: there is no room left where it is written; the parts that were finished are whole: "
            "make room, and begin again with the same folder"
        ) from None


def located(path: Path) -> Place:
    """Where the pieces of a part's file stand.

    Raises:
        Refused: it is no part, or was cut.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        start = file.read(len(MAGIC) + _LENGTH_BYTES)
        length = int.from_bytes(start[len(MAGIC) :], "big")
        if start[: len(MAGIC)] != MAGIC or length > bundle.MOST_HEAD:
            raise Refused("bundle: this file is no part")
        head = file.read(length)
        file.seek(max(0, size - _LENGTH_BYTES))
        ending = int.from_bytes(file.read(_LENGTH_BYTES), "big")
        if ending > bundle.MOST_HEAD or size < len(start) + length + ending + _LENGTH_BYTES:
            raise Refused("bundle: a part was cut, or not all of it came; fetch it again")
        file.seek(size - _LENGTH_BYTES - ending)
        return Place(head, len(start) + length, file.read(ending))


def _small(path: Path, most: int) -> bytes:
    # Whoever relayed the folder may have put anything here: a pipe would be waited for, a whole disk be read.
    if path.exists() and not path.is_file():
        raise Refused(f"bundle: {path.name} is no file")
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise Refused(f"bundle: {path.name} is larger than that of any bundle, and was not read; fetch the folder anew")
    return raw


def _fresh(draft: Path) -> BinaryIO:
    """A new file for its owner only. What lies there is from a carry that was killed, or a link that somebody put."""
    draft.unlink(missing_ok=True)
    return os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _is(draft: Path, made: os.stat_result) -> bool:
    return draft.exists() and os.path.samestat(draft.stat(), made)


def path_of(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"{number:06d}.part"


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except Forged as fault:
        raise Forged(f"{path.name}: {fault}") from None
    except Refused as fault:
        raise Refused(f"{path.name}: {fault}") from None


def _leaves(path: Path, place: Place, trailer: Trailer) -> list[bytes]:
    # A part without content has one chunk all the same.
    whole_chunks = max(1, -(-trailer.bytes // CHUNK))
    if (trailer.chunks, _size(path, place)) != (whole_chunks, trailer.bytes + TAG * whole_chunks):
        raise Forged("bundle: a part has not the length that was signed")
    leaves: list[bytes] = []
    with path.open("rb", buffering=0) as file:
        for number in range(trailer.chunks):
            size = min(CHUNK, trailer.bytes - number * CHUNK)
            file.seek(place.chunks_at + number * _SEALED + size)
            leaves.append(bundle.leaf(number, size, file.read(TAG)))
    return leaves


def _size(path: Path, place: Place) -> int:
    """How many bytes the chunks of a part take."""
    return path.stat().st_size - place.chunks_at - len(place.trailer) - _LENGTH_BYTES
