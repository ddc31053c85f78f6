"""Where the passphrase comes from: a terminal, an inherited descriptor, or what the service manager hands over.

Never an argument, an environment variable or a configuration file: those can be read by others, or stay behind.
"""

import argparse
import getpass
import os
from pathlib import Path
from typing import Literal

from aliquot.terms.errors import Refused

CREDENTIAL = "aliquot-passphrase"
SHORTEST = 12

_DIRECTORY = "CREDENTIALS_DIRECTORY"
_LONGEST = 4096

Source = Literal["descriptor", "credential", "terminal", "none"]


class NoPassphrase(Refused):
    """There is nowhere to get the passphrase from."""


def option(parser: argparse.ArgumentParser) -> None:
    """The option that names an inherited descriptor."""
    parser.add_argument(
        "--passphrase-fd",
        type=int,
        metavar="N",
        help="read the passphrase from this inherited descriptor (default: a systemd credential named "
        f"{CREDENTIAL}, else the terminal); it is never taken from an argument, the environment or a file of ours",
    )


def source(descriptor: int | None) -> Source:
    """Where the passphrase would come from."""
    if descriptor is not None:
        return "descriptor"
    if _credential() is not None:
        return "credential"
    return "terminal" if _has_terminal() else "none"


def obtain(descriptor: int | None, of: str = "the installation") -> str:
    """The passphrase of what is named, in words that a person is asked with.

    Raises:
        NoPassphrase: no descriptor, no credential and no terminal, or it came empty.
    """
    match source(descriptor):
        case "descriptor":
            return _first_line(_drained(descriptor or 0))
        case "credential":
            return _first_line((_credential() or Path()).read_bytes())
        case "terminal":
            return _first_line(typed(f"Passphrase of {of}: ").encode())
        case "none":
            raise NoPassphrase("there is no terminal to ask for the passphrase; give --passphrase-fd or a credential")


def choose(descriptor: int | None, of: str = "the installation") -> str:
    """A new passphrase, typed twice where a person types it.

    Raises:
        NoPassphrase: as `obtain`.
        Refused: it is too short, or was not typed alike twice.
    """
    chosen = obtain(descriptor, of)
    if len(chosen) < SHORTEST:
        raise Refused(f"the passphrase needs at least {SHORTEST} characters; several words are easy to keep")
    if source(descriptor) == "terminal" and typed("Again: ") != chosen:
        raise Refused("the two passphrases are not the same")
    return chosen


def typed(question: str) -> str:
    """What a person types at a question, without its being shown: a passphrase, a password or a one-time code.

    Raises:
        NoPassphrase: the input ended first.
    """
    try:
        return getpass.getpass(question)
    except EOFError:
        raise NoPassphrase("the input ended before the question was answered") from None


def _credential() -> Path | None:
    folder = os.environ.get(_DIRECTORY)
    if not folder:
        return None
    file = Path(folder, CREDENTIAL)
    return file if file.is_file() else None


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _drained(descriptor: int) -> bytes:
    """What stands in the descriptor, which is closed: nobody else reads it after us."""
    try:
        with os.fdopen(descriptor, "rb") as inherited:
            return inherited.read(_LONGEST)
    except OSError:
        raise NoPassphrase("the descriptor given by --passphrase-fd cannot be read") from None


def _first_line(raw: bytes) -> str:
    line = raw.split(b"\n", 1)[0]
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise NoPassphrase("the passphrase is not UTF-8") from None
    if not text:
        raise NoPassphrase("the passphrase came empty")
    return text
