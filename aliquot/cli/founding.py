"""`aliquot init`: folders, keys, databases and the first people of a new installation."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.cli import layout
from aliquot.custody import founding
from aliquot.custody.changes import Founder
from aliquot.custody.founding import Founded, Founding, Service
from aliquot.intake import seat
from aliquot.terms.clock import Clock
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation
from aliquot.vault.keyring import Cost, Keyring


@dataclass(frozen=True)
class Secrecy:
    """The passphrase, and what one guess at it costs (None: the house's default)."""

    passphrase: str
    cost: Cost | None = None


def found(described: Installation, founders: dict[Org, Sequence[Founder]], secrecy: Secrecy, clock: Clock) -> Founded:
    """Make keys, custody's database and the first people of an installation that `layout.lay` has laid out.

    Raises:
        Refused: it was founded before, or the passphrase is too short.
    """
    keyring = Keyring.create(described.custody.keyring, secrecy.passphrase, secrecy.cost)
    worker = layout.new_key(described.work.key)
    listener = Ed25519PrivateKey.generate()
    founded = founding.found(
        described,
        keyring,
        clock,
        Founding(
            founders,
            Service(described.work.name, worker.public_key().public_bytes_raw()),
            Service(described.listen.name, listener.public_key().public_bytes_raw()),
        ),
    )
    seat.write(described.listen.key, founded.listener, listener)
    layout.private(described.listen.letterbox_public, founded.slot)
    return founded


def migrate() -> None:
    """Bring the record database to this version's shape. Django knows the installation (`configure`)."""
    from django.core.management import call_command  # only after Django knows its settings

    call_command("migrate", verbosity=0)


def configure(home: Path) -> None:
    """Let Django know the installation. Once in a process."""
    os.environ["ALIQUOT_HOME"] = str(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aliquot.record.settings")
    import django  # 0.7 s, and not for `--help`

    django.setup()
