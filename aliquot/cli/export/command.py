"""`aliquot export`: the words with which a laboratory gives records away, in the order of the work."""

import argparse
from typing import Final

from aliquot.cli import words

WORDS: Final = ("sender", "enrol", "sign", "seal")


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot export --help` teaches."""
    parser.description = """\
Gives records away: all of a laboratory that leaves, or the part that a mandate names, sealed for one receiver.

  1. `sender` prints the keys by which the receiver knows this laboratory. The receiver names them in the mandate under
     which it takes the records in, and sends that signed mandate (`aqm1`).
  2. `enrol` makes the exporter's key; an administrator enrols it in the role exporter, and a second person approves.
  3. `sign`: a director and a privacy officer sign what leaves, of how many patients, to whom and until when.
  4. `seal` opens patient by patient and seals at once. The bundle is all that comes out; only the receiver opens it.

Who signs says so with --login NAME and a code; the second person names what waits with --approve ID.
Nobody exports alone, whatever their roles. The format is open: docs/formats/exit.md."""
    words.describe(parser, "export", WORDS)


def run(chosen: argparse.Namespace) -> int:
    """Do the word that was chosen."""
    return words.run("export", chosen)
