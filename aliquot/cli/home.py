"""Which installation a command is about."""

import argparse
import os
from pathlib import Path

from aliquot.cli.exits import Unfit
from aliquot.terms import installation
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Installation


def option(parser: argparse.ArgumentParser, *, again: bool = False) -> None:
    """The option that names the folder of the installation; `again` after a verb, where it may be said as well."""
    parser.add_argument(
        "--home",
        type=Path,
        default=argparse.SUPPRESS if again else Path(os.environ.get("ALIQUOT_HOME", ".")),
        metavar="DIR",
        help="the folder that `aliquot init` made (default: $ALIQUOT_HOME, else the current folder)",
    )


def read(home: Path) -> Installation:
    """The installation in a folder.

    Raises:
        Unfit: there is none, or its file is not usable.
    """
    if not (home / installation.FILE_NAME).exists():
        where = f"no {installation.FILE_NAME} in {home.absolute()}"
        raise Unfit(f"{where}: --home DIR (or ALIQUOT_HOME) names the installation's folder, `aliquot init` makes one")
    try:
        return installation.read(home / installation.FILE_NAME)
    except (Refused, OSError) as unusable:
        raise Unfit(str(unusable)) from None
