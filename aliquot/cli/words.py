"""Commands that have words of their own (`aliquot legacy load`): each word is a module of the command's folder."""

import argparse
import importlib
from collections.abc import Sequence
from typing import Protocol, cast

from aliquot.cli.teaching import Teaching


class _Word(Protocol):
    """What the module of a word offers."""

    LINE: str
    TEXT: str

    def describe(self, parser: argparse.ArgumentParser) -> None:
        """Which arguments it takes."""

    def run(self, chosen: argparse.Namespace) -> int:
        """Do it, and give the exit status."""


def describe(parser: argparse.ArgumentParser, command: str, names: Sequence[str]) -> None:
    """Let a command take one of these words."""
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    for name in names:
        word = _word(command, name)
        described = words.add_parser(
            name,
            help=word.LINE,
            description=word.TEXT,
            epilog=parser.epilog,
            formatter_class=Teaching,
        )
        word.describe(described)


def run(command: str, chosen: argparse.Namespace) -> int:
    """Do the word that was chosen."""
    return _word(command, chosen.word).run(chosen)


def _word(command: str, name: str) -> _Word:
    # Tests hold every module to it.
    return cast(_Word, importlib.import_module(f"aliquot.cli.{command}.{name}"))
