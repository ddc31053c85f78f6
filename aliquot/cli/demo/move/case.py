"""One move of the demonstration: what its stages hand on, and how they type the words of `aliquot legacy`."""

import contextlib
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.cli import children
from aliquot.cli.children import Child
from aliquot.cli.demo import processes, screen, staff
from aliquot.cli.demo.move.sides import Sides
from aliquot.cli.demo.move.signing import Desk
from aliquot.cli.demo.staff import Laboratory
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import folder
from aliquot.cli.signals import Stop
from aliquot.custody.denial import CustodyGone
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.installation import Installation

_PASSPHRASE_BYTES: Final = 24
_READY_S: Final = 60.0
_PATIENCE_S: Final = 8.0
_LOOK_S: Final = 0.1


class Stopped(Exception):
    """Somebody said stop."""


@dataclass
class Case:
    """A new installation at `home`, and the migration into its first laboratory."""

    home: Path
    installation: Installation
    patients: int
    stop: Stop = field(default_factory=Stop)
    passphrase: str = field(default_factory=lambda: secrets.token_urlsafe(_PASSPHRASE_BYTES))
    mandate: Id = field(default_factory=lambda: Id(bytes(16)))
    kept: dict[str, int] = field(default_factory=dict)
    desk: Desk | None = None
    sides: Sides | None = None
    closing: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _custody: Child | None = None

    @property
    def laboratory(self) -> Laboratory:
        """The laboratory that is moved."""
        return staff.LABORATORIES[0]

    @property
    def old(self) -> Path:
        """The folder of the old system."""
        return self.home / "old"

    @property
    def source(self) -> Path:
        """Its description."""
        return self.old / "source.toml"

    @property
    def migration(self) -> Path:
        """What lies between two words."""
        return folder.of(self.home, self.mandate.hex())

    @property
    def map(self) -> Path:
        """The biologist's map."""
        return self.migration / "map.toml"

    def custody(self) -> None:
        """Start the custodian, in a process of its own.

        Raises:
            Broken: it does not answer.
        """
        self._custody = Child("custody", ("--home", str(self.home)), processes.handed(self.passphrase))
        log = self.home / processes.LOG
        with processes.logged(log, sys.stdout), processes.logged(log, sys.stderr):
            self._custody.start()
        line = Line(self.installation.custody.socket, "cli")
        over = time.monotonic() + _READY_S
        while True:
            try:
                people.reach(line)
            except CustodyGone:
                if not self._custody.alive or time.monotonic() > over:
                    raise Broken(f"the custodian did not start; {log} says why") from None
                self.rest()
            else:
                line.hang_up()
                return

    def word(self, *words: str) -> None:
        """Type a word of `aliquot legacy`; what it says is seen here.

        Raises:
            Stopped, Broken: as `type_`.
        """
        self.type_("legacy", *words)

    def type_(self, command: str, *words: str) -> None:
        """Type a word of a command.

        Raises:
            Stopped: somebody said stop, and the word has ended.
            Broken: it ended with another status than done.
        """
        screen.tell(f"$ aliquot {command} {' '.join(words)}")
        line = [sys.executable, "-m", "aliquot.cli.main", command, *words]
        # The environment names the installation, since Django was told of it.
        typed = subprocess.Popen(line, preexec_fn=children.bound())  # noqa: PLW1509  # one thread
        try:
            while typed.poll() is None:
                self.rest()
        finally:
            if typed.poll() is None:
                typed.terminate()
                typed.wait()
        if typed.returncode != Exit.DONE:
            raise Stopped if self.stop.told else Broken(f"`aliquot {command} {words[0]}` ended with {typed.returncode}")

    def rest(self) -> None:
        """Wait a moment.

        Raises:
            Stopped: somebody said stop.
        """
        self.stop.rest(_LOOK_S)
        if self.stop.told:
            raise Stopped

    def close(self) -> None:
        """End the custodian, and those of the way out."""
        self.closing.close()
        if self._custody is not None:
            children.stop([self._custody], _PATIENCE_S)
            self._custody = None
