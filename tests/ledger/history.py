"""A small history for tests: its log's keys, its entries, its checkpoints and its export."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from aliquot.ledger import checkpoint, entry, note, policy, tiles, tree

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def leaf(seq: int, at: datetime | None = None) -> bytes:
    return entry.encode(
        entry.Entry(
            act="ViewDossier",
            step=entry.Step.ENTER,
            actor="a1" * 16,
            id=seq.to_bytes(16, "big").hex(),
            lab="00000001",
            ses="c3" * 8,
            why="treatment",
            policy="d4" * 32,
            epoch=1350,
            seq=seq,
            t=at or BEGIN + timedelta(milliseconds=seq),
            pat="e5" * 16,
            portion=("demography", "observation"),
        )
    )


def leaves(count: int) -> list[bytes]:
    return [leaf(seq) for seq in range(count)]


@dataclass
class Log:
    origin: str = "aliquot.example/00000001"
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def key(self) -> note.Key:
        return note.Key(self.origin, note.ED25519, self.private.public_key().public_bytes_raw())

    def trust(self) -> str:
        return policy.unwitnessed([self.key()])

    def sign(self, entries: Iterable[bytes]) -> str:
        head = tree.grow(map(tree.leaf_hash, entries)).head()
        return checkpoint.Issuer(self.origin, self.private).sign(head)

    def export(self, folder: Path, entries: list[bytes]) -> int:
        return tiles.write(folder, lambda start: iter(entries[start:]), self.sign(entries), self.trust())


@dataclass
class TwiceSigned(Log):
    """A log that also signs with a second key, now and then."""

    second: MLDSA44PrivateKey = field(default_factory=MLDSA44PrivateKey.generate)

    def trust(self) -> str:
        public = self.second.public_key().public_bytes_raw()
        return policy.unwitnessed([self.key(), note.Key(self.origin, note.ML_DSA_44_COSIGNATURE, public)])

    def cosign(self, entries: list[bytes]) -> str:
        return checkpoint.cosign(self.sign(entries), self.origin, self.second, 1_790_000_000)

    def export_twice(self, folder: Path, entries: list[bytes], cosigned: list[bytes]) -> None:
        read = lambda start: iter(entries[start:])  # noqa: E731  # as `export` has it
        tiles.write(folder, read, self.sign(entries), self.trust(), self.cosign(cosigned))


def files(folder: Path) -> Iterator[tuple[str, bytes, int]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_bytes(), file.stat().st_ino
