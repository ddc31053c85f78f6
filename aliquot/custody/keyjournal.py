"""The key journal: the second place of every patient's key, appended to at once and rewritten with each epoch."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import final

from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.vault import whole
from aliquot.vault.wrapping import WrappedKey

_HEAD = b"aliquot/key-journal/v1\n"
_RECORD_BYTES = 16 + 4 + 4 + 61

Row = tuple[Id, int, int, WrappedKey]
"""A patient, the number of its key, the epoch, and the key wrapped."""


@final
class KeyJournal:
    """The second place of every patient's key: wrapped, appended and durable before the key is used once.

    Layout: a head line, then records of 85 bytes: `patient16 | n u32 | epoch u32 | wrapped61`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._draft: int | None = None
        self.drafted = 0
        self.searched = 0
        """How many keys of this journal were looked at for the draft."""
        self.without = 0
        """How many patients had been forgotten when the draft was begun."""
        self._named = True
        draft(path).unlink(missing_ok=True)
        self._handle = _opened(path)
        self._gathered: list[bytes] = []
        self._size = self._whole(os.fstat(self._handle).st_size)
        os.ftruncate(self._handle, self._size)
        if self._size == 0:
            self._durably(_HEAD)
            whole.make_known(path.parent)

    def add(self, patient: Id, n: int, epoch: int, wrapped: bytes) -> None:
        """Gather one key of this turn."""
        self._gathered.append(_record(patient, n, epoch, wrapped))

    def settle(self) -> None:
        """Make the gathered keys durable. A key that the turn then gives up stays here and opens nothing."""
        if self._gathered:
            self._durably(b"".join(self._gathered))
            self._gathered.clear()

    def forget(self) -> None:
        """Drop what a turn gathered and did not settle."""
        self._gathered.clear()

    def rows(self, start: int, most: int) -> list[Row]:
        """Keys of this journal, from the one of this number on."""
        at = len(_HEAD) + start * _RECORD_BYTES
        raw = os.pread(self._handle, min(most * _RECORD_BYTES, max(0, self._size - at)), at)
        return [_row(raw[place : place + _RECORD_BYTES]) for place in range(0, len(raw), _RECORD_BYTES)]

    def copy(self, rows: Iterable[Row], upto: int) -> None:
        """Write keys into the draft of the next journal, beginning one if there is none.

        `drafted` is then `upto`, by which the caller knows where to go on; it is 0 as long as there is no draft.
        """
        with self._drafting() as handle:
            _write(handle, b"".join(_record(*row) for row in rows))
        self.drafted = upto

    def drop(self) -> None:
        """Give up the draft, if there is one."""
        self.drafted = self.searched = 0
        if self._draft is not None:
            os.close(self._draft)
            self._draft = None
            draft(self._path).unlink(missing_ok=True)

    def replace(self) -> None:
        """Let the draft be the journal: all keys that it was given, and none that it was not.

        1. the draft is durable; 2. it takes the journal's name; 3. the name is durable. Whenever the power fails, the
        name means one whole journal. Nothing is appended to a journal whose name may still mean the one before.
        """
        with self._drafting() as handle:
            os.fsync(handle)
            draft(self._path).replace(self._path)
        os.close(self._handle)
        self._handle, self._draft, self._named = handle, None, False
        self.drafted = self.searched = 0
        self._size = os.fstat(handle).st_size
        self._name()

    @contextmanager
    def _drafting(self) -> Iterator[int]:
        """The draft, begun if there is none; what goes wrong with it ends it, for it may hold half a record."""
        try:
            if self._draft is None:
                self._draft = _opened(draft(self._path))
                os.ftruncate(self._draft, 0)
                _write(self._draft, _HEAD)
            yield self._draft
        except OSError:
            self.drop()
            raise

    def _name(self) -> None:
        if not self._named:
            whole.make_known(self._path.parent)
            self._named = True

    def _whole(self, size: int) -> int:
        """How far the journal holds whole records: a torn one was never durable, so no key of it was ever used.

        Raises:
            Broken: it is not a key journal.
        """
        if size < len(_HEAD):
            return 0
        if os.pread(self._handle, len(_HEAD), 0) != _HEAD:
            raise Broken("key journal: it does not begin as one")
        return size - (size - len(_HEAD)) % _RECORD_BYTES

    def _durably(self, raw: bytes) -> None:
        """Append, or leave the journal as it was: a part of a record would shift all that come after it."""
        self._name()
        try:
            _write(self._handle, raw)
            os.fsync(self._handle)
        except OSError:
            os.ftruncate(self._handle, self._size)
            raise
        self._size += len(raw)


def draft(path: Path) -> Path:
    """Where the next journal is written before it takes the name of this one."""
    return path.with_name(f".{path.name}.draft")


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _write(handle: int, raw: bytes) -> None:
    while raw:
        raw = raw[os.write(handle, raw) :]


def _row(record: bytes) -> Row:
    n, epoch = int.from_bytes(record[16:20], "big"), int.from_bytes(record[20:24], "big")
    return Id(record[:16]), n, epoch, WrappedKey(record[24:])


def _record(patient: Id, n: int, epoch: int, wrapped: bytes) -> bytes:
    return patient + n.to_bytes(4, "big") + epoch.to_bytes(4, "big") + wrapped
