"""Carrying: where old and new are at different sites, what is in scope is sealed as it is read, for one laboratory.

Whoever relays the bundle cannot open it, and nothing in clear touches a disk. A carry that was killed goes on where its
last whole part ends, if the source still says what was sealed.
"""

import hmac
import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec

from aliquot.legacy import carried
from aliquot.legacy.carried import Carried, Ended, Label, Piece
from aliquot.legacy.letters import Letters
from aliquot.legacy.reading import Reading
from aliquot.legacy.seals import Seals
from aliquot.terms.errors import Refused
from aliquot.terms.mandates import Table
from aliquot.vault import bundle, carrying
from aliquot.vault.bundle import SenderKey
from aliquot.vault.letterbox import SlotKey
from aliquot.vault.mandate import MandateDocument

ROWS: Final = 100_000
"""About how many rows make a part: what a carry loses at most when it is killed."""
LASTS: Final = timedelta(days=7)
"""How long a bundle is good for, unless the mandate ends before."""

Progress = Callable[[str, int], None]
"""Called after each part: the table, and the last row that is sealed."""


def unwatched() -> None:
    """For a source of which nobody can tell whether it has changed."""


class Bearer(msgspec.Struct, frozen=True):
    """Who seals, for whom, and where to. `still` refuses when the source has changed since the reading began.

    `letters` counts, while it is carried, what a wrong character set left: who opens the bundle can mend it no more.
    """

    document: MandateDocument
    sender: SenderKey
    folder: Path
    still: Callable[[], None] = unwatched
    letters: Letters = msgspec.field(default_factory=Letters)


def carry(reading: Reading, bearer: Bearer, now: datetime, progress: Progress) -> bundle.Manifest:
    """Seal everything that the mandate names; the answer says which parts there are.

    Begun again with a folder that is not whole, it reads what is sealed there once more, compares it with what was
    sealed, and goes on behind it.

    Raises:
        Refused: the mandate names another sender or has ended; the folder holds another bundle, or a whole one; the
            source cannot be read, or says something else than before; there is no room.
    """
    document, sender = bearer.document, bearer.sender
    if document.sender != bundle.fingerprint(sender.public()):
        raise Refused("carry: the mandate names another sender; these keys may not sign for it")
    if now >= document.until:
        raise Refused("carry: the mandate has ended")
    if (bearer.folder / carrying.MANIFEST).exists():
        raise Refused("carry: the bundle in this folder is whole; what has changed since is carried into a new folder")
    slots = [SlotKey(bytes.fromhex(document.staging))]
    terms = carrying.Terms(bytes.fromhex(document.id), now, min(document.until, now + LASTS))
    carrying.begin(bearer.folder, terms, slots, sender)
    sealer, number = _Sealer(bearer, slots), 0
    # A table that others follow goes before them: it would have to be read for its keys anyway.
    for table in sorted(document.scope.tables, key=lambda table: table.follows is not None):
        for label, held in _parts(reading, table):
            number += 1
            if sealer.seal(number, label, held):
                progress(table.name, label.upto)
    if number < sealer.done:
        raise _changed(sealer.label(sealer.done))
    bearer.still()
    manifest = carrying.close(bearer.folder, sender)
    sealer.seals.forget()
    return manifest


class _Sealer:
    """Seals parts in their order; those that are there already are compared instead."""

    def __init__(self, bearer: Bearer, slots: Sequence[SlotKey]) -> None:
        self._bearer, self._slots = bearer, slots
        finished = carrying.finished(bearer.folder)
        if [*finished] != [*range(1, len(finished) + 1)]:
            raise Refused(
                "carry: a part is missing here; parts are copied on their way, not moved, until all are there"
            )
        self._labels = [carried.read_label(trailer.label) for trailer in finished.values()]
        self.seals = Seals(bearer.folder, bearer.sender)

    @property
    def done(self) -> int:
        """How many parts were there already."""
        return len(self._labels)

    def label(self, number: int) -> Label:
        """What a part that is there already says of itself."""
        return self._labels[number - 1]

    def seal(self, number: int, label: Label, held: Iterator[Piece]) -> bool:
        """Whether the part was sealed now.

        Raises:
            Refused: it is there already, and the source says something else now.
        """
        digest = self.seals.digest(number)
        if number > self.done:
            self._seal(number, label, held, digest)
            return True
        if self.label(number) != label:
            raise _changed(self.label(number))
        for piece in held:
            for frame in self._packed(label, piece):
                digest.update(frame)
        if not self.seals.same(number, digest):
            raise _changed(label)
        return False

    def _seal(self, number: int, label: Label, held: Iterator[Piece], digest: hmac.HMAC) -> None:
        place = (number, carried.write_label(label))
        with carrying.part(self._bearer.folder, place, self._slots, self._bearer.sender) as part:
            for piece in held:
                for frame in self._packed(label, piece):
                    digest.update(frame)
                    part.write(frame, rows=0)
                part.write(b"", len(piece.rows.rows) if piece.rows else 0)
            # Before the part has its name: a part of which nothing is known cannot be gone on from.
            self.seals.keep(number, digest)

    def _packed(self, label: Label, piece: Piece) -> list[bytes]:
        packed = list(carried.frames(piece))
        if piece.rows is not None:
            self._bearer.letters.look(self._bearer.document.scope.table(label.table), piece.rows, packed)
        return packed


def _changed(label: Label) -> Refused:
    place = "how it ends" if label.ends else f"rows {label.after + 1} to {label.upto}"
    return Refused(
        f"carry: the source has changed since this bundle was begun (table {label.table}, {place}); a bundle holds one "
        "state of it: carry into a new folder, from the beginning"
    )


def _parts(reading: Reading, table: Table) -> Iterator[tuple[Label, Iterator[Piece]]]:
    """The rows of a table in parts that begin and end at round places, and a last one that ends the table."""
    blocks = itertools.groupby(_blocks(reading, table), key=itemgetter(0))
    for block, held in blocks:
        yield Label(table.name, block * ROWS, (block + 1) * ROWS), (Piece(rows) for _, rows in held)
    settled = reading.settled(table.name)
    ended = Ended(reading.counts(table.name).outside, settled.order, settled.forms)
    yield Label(table.name, ends=True), iter([Piece(ended=ended)])


def _blocks(reading: Reading, table: Table) -> Iterator[tuple[int, Carried]]:
    """The rows with the number of the block in which they stand; a chunk that spans two is cut."""
    for chunk in reading.rows(table.name):
        spoiled = tuple((each.row, each.reason) for each in chunk.spoiled)
        whole = Carried(tuple(chunk.rows), tuple(chunk.numbers), spoiled, chunk.foreign)
        # Rows stand in their order, so the ends of a chunk say whether it is in one block, as nearly all are.
        ends = (*chunk.numbers[:1], *chunk.numbers[-1:], *(row for row, _ in (*spoiled[:1], *spoiled[-1:])))
        first, last = _block(min(ends)), _block(max(ends))
        if first == last:
            yield first, whole
        else:
            yield from ((block, _within(whole, block)) for block in range(first, last + 1) if _reaches(whole, block))


def _block(place: int) -> int:
    return (place - 1) // ROWS


def _reaches(whole: Carried, block: int) -> bool:
    return any(_block(place) == block for place in (*whole.numbers, *(row for row, _ in whole.spoiled)))


def _within(whole: Carried, block: int) -> Carried:
    within = [_block(number) == block for number in whole.numbers]
    spoiled = tuple((row, reason) for row, reason in whole.spoiled if _block(row) == block)
    rows, numbers = itertools.compress(whole.rows, within), itertools.compress(whole.numbers, within)
    return Carried(tuple(rows), tuple(numbers), spoiled, whole.foreign if within[:1] == [True] else 0)
