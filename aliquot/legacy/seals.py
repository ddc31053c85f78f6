"""What a carry has sealed already: begun again, it sees by this whether the source still says the same.

One keyed digest for each finished part, in a file that is gone when the bundle is whole. Without the sender's keys it
tells nothing: a digest of few rows without a key could be guessed.
"""

import hmac
from pathlib import Path
from typing import Final, final

import msgspec

from aliquot.terms import canonical
from aliquot.terms.errors import Refused
from aliquot.vault import carrying, whole
from aliquot.vault.bundle import SenderKey

FILE: Final = ".carry.json"
_LABEL: Final = b"aliquot/carry/v1\x00"


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The digest of what was sealed in each part, from part 1 on."""

    parts: tuple[str, ...]


@final
class Seals:
    """The digests of one bundle's parts."""

    def __init__(self, folder: Path, sender: SenderKey) -> None:
        """The bundle was begun (`vault.carrying.begin`). Raises Refused: the file is not what a carry wrote."""
        header = carrying.raw_header(folder)
        self._key = hmac.digest(sender.reveal(), _LABEL + header, "sha256")
        self._file = folder / FILE
        self._parts = _read(self._file)

    def digest(self, number: int) -> hmac.HMAC:
        """The digest of one part, to be fed with its content."""
        return hmac.new(self._key, number.to_bytes(4, "big"), "sha256")

    def keep(self, number: int, found: hmac.HMAC) -> None:
        """Note what is sealed in a part; durable when this returns, and to be done before the part has its name."""
        self._parts = (*self._parts[: number - 1], found.hexdigest())
        with carrying.room():
            whole.write(self._file, canonical.encode(_Kept(self._parts)))

    def same(self, number: int, found: hmac.HMAC) -> bool:
        """Whether a finished part holds exactly this.

        Raises:
            Refused: nothing says what it holds.
        """
        if number > len(self._parts):
            raise Refused("carry: this folder does not say what its parts were sealed from; carry into a new one")
        return hmac.compare_digest(self._parts[number - 1], found.hexdigest())

    def forget(self) -> None:
        """The bundle is whole: nobody goes on with it."""
        self._file.unlink(missing_ok=True)


def _read(file: Path) -> tuple[str, ...]:
    if not file.exists():
        return ()
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept).parts
    except canonical.UNREADABLE:
        raise Refused(f"carry: {file.name} is not what a carry wrote; carry into a new folder") from None
