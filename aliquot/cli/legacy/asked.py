"""What the words of `aliquot legacy` have in common on the command line: the source, its password, the loader."""

import argparse
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from aliquot.cli import home, passphrase
from aliquot.terms.errors import Refused

_LONGEST: Final = 4096


def source(parser: argparse.ArgumentParser, *, carried: bool = False, needed: bool = True) -> None:
    """The description of the old system, and where its password comes from; `carried`: or what was carried here."""
    said = "source.toml: how the old system is written"
    parser.add_argument(
        "source",
        nargs=None if needed else "?",
        type=Path,
        metavar="SOURCE",
        help=f"{said}; or the folder of a bundle that `carry` sealed" if carried else said,
    )
    parser.add_argument(
        "--source-password-fd",
        type=int,
        metavar="N",
        help="read the password of the old database from this inherited descriptor (default: it is asked for at the "
        "terminal, once, if there is one; it is never taken from an argument, the environment or source.toml)",
    )


def loader(parser: argparse.ArgumentParser) -> None:
    """The installation, and which loader works."""
    home.option(parser)
    parser.add_argument("--loader", default="", metavar="NAME", help="as `enrol` named it (default: the only one)")


def of_mandate(parser: argparse.ArgumentParser) -> None:
    """A loader, and the mandate under which it works."""
    loader(parser)
    parser.add_argument("mandate", metavar="MANDATE", help="the id of the signed mandate")


def of_map(parser: argparse.ArgumentParser) -> None:
    """A loader, and the map, which names its mandate."""
    loader(parser)
    parser.add_argument("map", type=Path, metavar="MAP", help="map.toml; it names its mandate")


def machine(parser: argparse.ArgumentParser) -> None:
    """The same for a machine."""
    parser.add_argument("--json", action="store_true", help="for a machine, on standard output")


def read(parser: argparse.ArgumentParser) -> None:
    """What is read under a mandate at the laboratory: the old system in place, or what was carried here."""
    source(parser, carried=True)
    machine(parser)


def password(chosen: argparse.Namespace) -> Callable[[], str]:
    """Asks for the password of the old database, when one is opened; one question for a command."""

    @cache
    def ask() -> str:
        if chosen.source_password_fd is None:
            return _typed()
        try:
            with os.fdopen(chosen.source_password_fd, "rb") as inherited:
                return inherited.read(_LONGEST).split(b"\n", 1)[0].decode()
        except (OSError, UnicodeDecodeError):
            raise Refused("the descriptor given by --source-password-fd cannot be read") from None

    return ask


def _typed() -> str:
    """What a person types; nothing where there is no terminal, and the database says whether it needs more."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return ""
    return passphrase.typed("Password of the old database (Enter if it has none): ")
