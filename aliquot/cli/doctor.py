"""`aliquot doctor`: says in words what is wrong with an installation, and what to do about it."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from aliquot.cli import ailments, founding, hearing, home, leftovers, losses, rotation, walls
from aliquot.cli.ailments import Check
from aliquot.cli.exits import Exit, Unfit
from aliquot.terms import installation
from aliquot.terms.installation import Installation

_CHECKS: tuple[Callable[[Installation], Iterator[Check]], ...] = (
    ailments.keys,
    ailments.folders,
    ailments.key_journal,
    walls.users,
    walls.listener,
    ailments.custodian,
    rotation.epochs,
    losses.lost,
    ailments.record,
    ailments.letterbox,
    hearing.letters,
    ailments.disk,
    ailments.history,
    ailments.hardening,
)
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot doctor --help` teaches."""
    parser.description = """\
Looks at an installation and says in words what is wrong and what to do: its file, keys, folders and databases, the
custodian and when it last renewed the weekly keys, the letterbox, the disk, the clock, the exported history, what a
laboratory's move left behind, and how far this machine protects keys in memory.
It changes nothing. A fault ends with status 1; warnings alone do not."""
    home.option(parser)
    parser.add_argument("--json", action="store_true", help="every check for a machine")


def run(chosen: argparse.Namespace) -> int:
    """Check everything that can be checked from here."""
    checks = list(checked(chosen.home))
    if chosen.json:
        print(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        _tell(checks)
    return Exit.FOUND if any(check.state == "fault" for check in checks) else Exit.DONE


def checked(where: Path) -> Iterator[Check]:
    """Every check of the installation in a folder, in their order."""
    try:
        described = home.read(where)
    except Unfit as unfit:
        yield Check("configuration", "fault", str(unfit), "correct the file, or name the folder with --home")
        return
    yield Check("configuration", "ok", f"{where / installation.FILE_NAME} can be read")
    founding.configure(where.absolute())
    for check in _CHECKS:
        yield from check(described)
    yield from leftovers.staged(where.absolute(), described)


def _tell(checks: list[Check]) -> None:
    from rich.console import Console  # only where words are printed
    from rich.text import Text

    console = Console(soft_wrap=True, highlight=False, no_color=not sys.stdout.isatty())
    for check in checks:
        console.print(Text.assemble((f"{check.state:<8}", _COLOURS[check.state]), f"{check.name}: {check.words}"))
        if check.remedy:
            console.print(Text(f"        -> {check.remedy}"))
