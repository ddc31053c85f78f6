"""The site of an old system, where nothing of ours is installed: a signed mandate, keys of its own, and a folder."""

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.terms import clock
from aliquot.vault import bundle, mandate, senderkey
from aliquot.vault.bundle import SenderKey
from aliquot.vault.bundlekey import StagingKey
from aliquot.vault.mandate import MandateDocument
from tests.cli import terminal
from tests.cli.terminal import Said
from tests.legacy.move import SCOPED, Old

PASSPHRASE = "what the site keeps its keys under"


@dataclass(frozen=True)
class Site:
    """Where an old system stands. `laboratory` signed the mandate; only a test has `staging`, too."""

    old: Old
    folder: Path
    laboratory: str
    staging: StagingKey | None = None

    @property
    def to(self) -> Path:
        """Where it carries to."""
        return self.folder / "carried"

    @property
    def document(self) -> Path:
        """The mandate as it came from the laboratory."""
        return self.folder / "mandate.aqm"

    @property
    def key(self) -> Path:
        """Its keys."""
        return self.folder / "site.sender"

    def words(self, *more: str) -> tuple[str, ...]:
        """The arguments of `carry`."""
        source = str(self.old.folder / "source.toml")
        options = ("--laboratory", self.laboratory, "--sender", str(self.key), "--to", str(self.to))
        return ("legacy", "carry", str(self.document), source, *options, *more)

    def carry(self, *more: str, passphrase: str = PASSPHRASE) -> Said:
        """Carry, to the end."""
        return terminal.run(*self.words(*more), passphrase=passphrase)

    def begin(self) -> subprocess.Popen[str]:
        """Carry, and do not wait."""
        with terminal.handed(PASSPHRASE) as (extra, descriptors):
            return subprocess.Popen(
                [*terminal.PROGRAM, *self.words(), *extra],
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
                env=terminal.clean_environment(),
            )

    def files(self) -> list[str]:
        """What lies where it carries to."""
        return sorted(path.name for path in self.to.iterdir())


def made(old: Old, folder: Path) -> Site:
    """A site with a mandate that an invented laboratory signed."""
    old.reading().close()
    folder.mkdir()
    keys, laboratory = senderkey.create(folder / "site.sender", PASSPHRASE), Ed25519PrivateKey.generate()
    staging = StagingKey.generate()
    (folder / "mandate.aqm").write_bytes(mandate.sign(laboratory, _document(keys, staging)))
    return Site(old, folder, laboratory.public_key().public_bytes_raw().hex(), staging)


def _document(keys: SenderKey, staging: StagingKey) -> MandateDocument:
    now = clock.system()
    return MandateDocument(
        id="4e4f5244" + "17" * 12,
        organization="4e4f5244",
        purpose="reprise",
        source="ancien",
        annex="00" * 32,
        scope=SCOPED,
        service="mover",
        allowed=1000,
        signers=("4e4f5244" + "01" * 12, "4e4f5244" + "02" * 12),
        signed_at=datetime(2026, 1, 1, tzinfo=UTC),
        until=now + timedelta(days=20),
        staging=staging.slot().hex(),
        sender=bundle.fingerprint(keys.public()),
    )
