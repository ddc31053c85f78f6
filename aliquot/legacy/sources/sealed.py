"""The parts of a bundle that arrived, each opened by custody while it is read."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import final

from aliquot.access import migrating
from aliquot.legacy import entrance
from aliquot.legacy.entrance import Leave
from aliquot.terms import canonical
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import Trailer
from aliquot.vault.errors import Forged

_AT_ONCE = 8


@final
class Parts:
    """A bundle that arrived whole: its parts by number, as its sender signed them."""

    def __init__(self, leave: Leave, folder: Path) -> None:
        """Raises Refused or Forged: a part is missing, or not the one that its sender signed."""
        self._leave, self._folder = leave, folder
        self.header, self.manifest, self.all = carrying.arrived(folder)

    def plain(self, number: int) -> Iterator[bytes]:
        """What the chunks of a part say, in order.

        Raises:
            Forged: it is not the part that arrived.
            Denial: custody does not open it.
        """
        path = carrying.path_of(self._folder, number)
        place = carrying.located(path)
        # The manifest was compared when the bundle came; a file of the same sender may have been put there since.
        if bundle.verified(place.trailer, self.header, Trailer) != self.all[number]:
            raise _not_that(path)
        with entrance.here(self._leave).running() as grant:
            header = canonical.encode(self.header)
            handle = migrating.open_part(grant, header, place.head, place.trailer).handle
        return self._chunks(number, handle)

    def _chunks(self, number: int, handle: bytes) -> Iterator[bytes]:
        path = carrying.path_of(self._folder, number)
        sealed = carrying.chunks(path)
        first = 0
        while some := list(islice(sealed, _AT_ONCE)):
            with entrance.here(self._leave).running() as grant:
                yield from migrating.open_chunks(grant, handle, first, some)
            first += len(some)
        if first != self.all[number].chunks:
            raise _not_that(path)


def _not_that(path: Path) -> Forged:
    return Forged(f"{path.name}: bundle: this is not the part that arrived")
