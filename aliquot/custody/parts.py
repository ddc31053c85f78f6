"""Parts of bundles that are being opened: their keys, in memory, for the one session and mandate that opened them."""

import secrets
from dataclasses import dataclass
from typing import Final, final

from aliquot.custody.denial import Denial
from aliquot.vault.bundlekey import PartKey

MOST: Final = 64
"""Keys at once: a loader works at a few parts at a time, and one that it left behind gives way."""


@dataclass(frozen=True)
class _Open:
    session: bytes
    mandate: bytes
    key: PartKey


@final
class Parts:
    """The open keys, by handle. They die with custody, with their migration, and when others need the room."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Open] = {}

    def keep(self, session: bytes, mandate: bytes, key: PartKey) -> bytes:
        """Hold a key; the answer is its handle."""
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        handle = secrets.token_bytes(16)
        self._open[handle] = _Open(session, mandate, key)
        return handle

    def of(self, session: bytes, mandate: bytes, handle: bytes) -> PartKey:
        """The key of a handle.

        Raises:
            Denial: `no-such-part`, it is not this session's under this mandate, or gave way.
        """
        found = self._open.get(handle)
        if found is None or (found.session, found.mandate) != (session, mandate):
            raise Denial("no-such-part", "this part is not open; open it again")
        return found.key

    def drop(self, mandate: bytes) -> None:
        """Forget every key of a migration that is over."""
        for handle in [handle for handle, found in self._open.items() if found.mandate == mandate]:
            del self._open[handle]
