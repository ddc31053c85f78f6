"""`aliquot legacy sender`: the keys with which the site of an old system signs what it carries."""

import argparse
import json
from pathlib import Path
from typing import Final

from aliquot.cli import passphrase
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth

LINE = "make the keys of a site that carries, and print what the mandate names them by"
TEXT = """\
Makes the keys with which the site of an old system signs what it carries (Ed25519 and ML-DSA-44) in the file KEY, under
a passphrase and readable by its Unix user only, and prints their fingerprint. The two who sign the mandate name that
fingerprint in it: custody opens nothing that other keys signed. Make the keys first, and read the fingerprint out to
the laboratory. No installation is needed here.

A file that is there already is not replaced: its fingerprint is printed again, and nobody is asked for anything."""
OF: Final = "the sender's keys"
"""What the passphrase is asked for."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    parser.add_argument("key", type=Path, metavar="KEY", help="the file to make")
    passphrase.option(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Make them, and print the fingerprint."""
    from aliquot.vault import bundle, senderkey

    made = not chosen.key.exists()
    if made:
        senderkey.create(chosen.key, passphrase.choose(chosen.passphrase_fd, OF))
    fingerprint = bundle.fingerprint(senderkey.public(chosen.key))
    if chosen.json:
        print(json.dumps({"key": str(chosen.key), "made": made, "fingerprint": fingerprint}))
        return Exit.DONE
    print(f"{'made' if made else 'there already'}: {chosen.key}")
    breadth.show(f"fingerprint: {fingerprint}")
    breadth.show("Next: a director and a privacy officer name this fingerprint in the mandate.")
    return Exit.DONE
