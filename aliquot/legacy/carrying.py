"""Carrying: where old and new are at different sites, what is in scope is sealed as it is read, for one laboratory.

Whoever relays the bundle cannot open it, and nothing in clear touches a disk. A carry that was killed goes on where its
last whole part ends."""

import collections
import itertools
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec

from aliquot.legacy import carried
from aliquot.legacy.carried import Carried, Ended, Label, Piece
from aliquot.legacy.reading import Reading
from aliquot.legacy.source import Chunk
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


class Bearer(msgspec.Struct, frozen=True):
    """Who seals, for whom, and where to."""

    document: MandateDocument
    sender: SenderKey
    folder: Path


def carry(reading: Reading, bearer: Bearer, now: datetime, progress: Progress) -> bundle.Manifest:
    """Seal everything that the mandate names; the answer says which parts there are.

    Raises:
        Refused: the mandate names another sender or has ended, the folder holds another bundle, or the source cannot
            be read.
    """
    document, sender = bearer.document, bearer.sender
    if document.sender != bundle.fingerprint(sender.public()):
        raise Refused("carry: the mandate names another sender; these keys may not sign for it")
    if now >= document.until:
        raise Refused("carry: the mandate has ended")
    slots = [SlotKey(bytes.fromhex(document.staging))]
    terms = carrying.Terms(bytes.fromhex(document.id), now, min(document.until, now + LASTS))
    carrying.begin(bearer.folder, terms, slots, sender)
    done = {carried.read_label(trailer.label) for trailer in carrying.finished(bearer.folder).values()}
    number = len(done)
    for table in document.scope.tables:
        if Label(table.name, ends=True) in done:
            continue
        for label, held in _parts(reading, table):
            if label in done:
                collections.deque(held, maxlen=0)
                continue
            number += 1
            with carrying.part(bearer.folder, (number, carried.write_label(label)), slots, sender) as part:
                for piece in held:
                    part.write(carried.frame(piece), len(piece.rows.rows) if piece.rows else 0)
            progress(table.name, label.upto)
    return carrying.close(bearer.folder, sender)


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
        places = {(place - 1) // ROWS for place in (*chunk.numbers, *(each.row for each in chunk.spoiled))}
        for block in sorted(places):
            yield block, _carried(chunk, block)


def _carried(chunk: Chunk, block: int) -> Carried:
    within = [(number - 1) // ROWS == block for number in chunk.numbers]
    spoiled = tuple((each.row, each.reason) for each in chunk.spoiled if (each.row - 1) // ROWS == block)
    rows, numbers = itertools.compress(chunk.rows, within), itertools.compress(chunk.numbers, within)
    return Carried(tuple(rows), tuple(numbers), spoiled, chunk.foreign if within[:1] == [True] else 0)
