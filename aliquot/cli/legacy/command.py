"""`aliquot legacy`: the words with which an integrator moves a laboratory, in the order of the work."""

import argparse
from typing import Final

from aliquot.cli import words

WORDS: Final = (
    "columns",
    "mandate",
    "sender",
    "enrol",
    "show",
    "carry",
    "parts",
    "profile",
    "draft",
    "check",
    "rehearse",
    "load",
    "finish",
    "reconcile",
    "back",
    "close",
)


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot legacy --help` teaches."""
    parser.description = """\
Moves a laboratory out of an old system: what a mandate names and nothing else, row by row, each row accounted for.

  1. `columns` and `mandate` name what there is, without a value; a director and a privacy officer sign a part of it.
  2. `enrol` makes the loader's key; an administrator enrols it. From here each word works under the signed mandate.
     Where the old system is at another site, that site makes keys with `sender` before the mandate is signed, and
     `carry` seals there what the mandate names; `parts` looks at a folder on its way. The folder is then the source.
  3. `profile` reads the source once and says in shapes and counts what its columns seem to be.
  4. A map says what they mean: `draft` begins it, a biologist completes and signs it, `check` looks at it, and
     `rehearse` does all but write.
  5. A director or privacy officer opens the loading; `load` loads, as often as it takes; `finish` says it is all in.
  6. `reconcile` reads both sides again; a biologist and a second person sign that they agree. `back` rehearses the way
     back; two people cut over, which ends the loader and whatever else they name as the old system's.
  7. `close` erases what was staged and certifies it; two people sign the certificate, and the staging key is gone.

What a migration needs between two words lies in migrations/MANDATE of the installation: counts, places, names of
columns and digests, never a value of anybody. `aliquot legacy WORD --help` teaches each word."""
    words.describe(parser, "legacy", WORDS)


def run(chosen: argparse.Namespace) -> int:
    """Do the word that was chosen."""
    return words.run("legacy", chosen)
