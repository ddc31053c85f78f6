"""F1: whoever may write where the history lies, and wants it to say something else."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from aliquot.cli.attack.ground import Ground
from aliquot.cli.attack.measured import Measured
from aliquot.ledger import checkpoint, tiles, tree, verify


def rewrite_history(ground: Ground) -> Measured:
    """Edits, deletes, reorders and cuts back the exported log of a laboratory; an auditor remembers one checkpoint."""
    ground.world.custodian.tick()
    log = ground.world.installation.custody.tiles / ground.nord.org.hex()
    chance = Random(1)  # noqa: S311  # it chooses where to strike
    original = _Export.read(log)
    trust, memory = ground.folder / "trust", ground.folder / "remembered"
    trust.write_text(original.trust)
    memory.write_text(original.signed)
    forged = ground.folder / "forged" / log.name
    detected = 0
    for number in range(ground.scale.changes):
        shutil.rmtree(forged, ignore_errors=True)
        _EDITS[number % len(_EDITS)](original, chance).write(forged)
        detected += verify.verify(forged, [memory], trust).status == verify.FALLS
    return Measured(f"{detected:,} of {ground.scale.changes:,} detected", holds=detected == ground.scale.changes)


@dataclass(frozen=True)
class _Export:
    """An exported log: what it says, the notes that were signed over it, and notes that were signed before.

    `cosigned` is the one that bears the second signature: who forges the rest lets it lie as it is.
    """

    entries: list[bytes]
    signed: str
    cosigned: str
    trust: str
    earlier: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> "_Export":
        signed = tiles.text(folder / tiles.CHECKPOINT)
        size = checkpoint.parse(signed).checkpoint.head.size
        entries = list(tiles.entries(folder, size))
        cosigned, trust = tiles.text(folder / tiles.COSIGNED), tiles.text(folder / tiles.POLICY)
        return cls(entries, signed, cosigned, trust, tuple(_earlier(folder, signed)))

    def write(self, folder: Path) -> None:
        """Everything fits together again but the signature, for which the key would be needed."""
        standing = tiles.Rows()
        complete: list[tiles.Tile] = []
        for start in range(0, len(self.entries), tree.TILE_WIDTH):
            some = self.entries[start : start + tree.TILE_WIDTH]
            _put(folder / tiles.path("entries", start // tree.TILE_WIDTH, len(some)), tiles.pack(some))
            complete += standing.take([tree.leaf_hash(entry) for entry in some])
        for tile in (*complete, *standing.rest()):
            _put(folder / tile.path, b"".join(tile.hashes))
        _put(folder / tiles.POLICY, self.trust.encode())
        _put(folder / tiles.CHECKPOINT, self.signed.encode())
        _put(folder / tiles.COSIGNED, self.cosigned.encode())


def _put(file: Path, raw: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(raw)


def _earlier(log: Path, signed: str) -> Iterator[str]:
    """Shorter checkpoints of a log that it really signed: they stand in the installation's own."""
    folder = log.parent / verify.INSTALLATION
    latest = checkpoint.parse(signed).checkpoint
    size = checkpoint.parse(tiles.text(folder / tiles.CHECKPOINT)).checkpoint.head.size
    for entry in tiles.entries(folder, size):
        if not entry.startswith(b"{"):
            found = checkpoint.parse(entry.decode()).checkpoint
            if found.origin == latest.origin and 0 < found.head.size < latest.head.size:
                yield entry.decode()


def _edit(export: _Export, chance: Random) -> _Export:
    """One byte of one entry says something else."""
    entries = list(export.entries)
    at = chance.randrange(len(entries))
    raw = bytearray(entries[at])
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(7)
    entries[at] = bytes(raw)
    return replace(export, entries=entries)


def _delete(export: _Export, chance: Random) -> _Export:
    """One entry was never there."""
    entries = list(export.entries)
    del entries[chance.randrange(len(entries))]
    return replace(export, entries=entries)


def _reorder(export: _Export, chance: Random) -> _Export:
    """Two entries change places."""
    entries = list(export.entries)
    one, other = chance.sample(range(len(entries)), 2)
    entries[one], entries[other] = entries[other], entries[one]
    return replace(export, entries=entries)


def _cut_back(export: _Export, chance: Random) -> _Export:
    """The log ends where it once ended, under the signature that it had then."""
    signed = chance.choice(export.earlier)
    size = checkpoint.parse(signed).checkpoint.head.size
    return replace(export, entries=export.entries[:size], signed=signed)


_EDITS: tuple[Callable[[_Export, Random], _Export], ...] = (_edit, _delete, _reorder, _cut_back)
