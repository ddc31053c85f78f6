"""A custodian inside this process, without a record database, for what happens in custody alone."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aliquot.cli import founding, layout
from aliquot.cli.bench.ground import plan
from aliquot.cli.demo import staff
from aliquot.cli.founding import Secrecy
from aliquot.custody.changes import Founder
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.factors import Passwords
from aliquot.terms import clock
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation, Record
from aliquot.vault.keyring import Keyring

_PASSPHRASE = "a passphrase that protects nobody"  # noqa: S105  # of a scratch installation


@dataclass
class Alone:
    """The installation, and how to unlock it."""

    home: Path
    described: Installation
    org: Org

    @contextmanager
    def unlocked(self) -> Iterator[tuple[Custodian, float]]:
        """The custodian, and how many seconds it took from the passphrase until it could be searched."""
        began = time.perf_counter()
        keys = Keyring.unlock(self.described.custody.keyring, _PASSPHRASE)
        custodian = Custodian(self.described, keys, Times(clock.system), Passwords())
        seconds = time.perf_counter() - began
        try:
            yield custodian, seconds
        finally:
            custodian.close()


@contextmanager
def founded() -> Iterator[Alone]:
    """A founded installation, gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="aliquot-bench-") as folder:
        home = Path(folder)
        described = layout.lay(home, plan(Record("sqlite", "record/record.sqlite3")))
        laboratory = staff.LABORATORIES[0]
        founders: dict[Org, Sequence[Founder]] = {each.id: each.founders() for each in staff.LABORATORIES}
        founding.found(described, founders, Secrecy(_PASSPHRASE), clock.system)
        yield Alone(home, described, laboratory.id)
