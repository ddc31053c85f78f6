"""`aliquot legacy enrol`: the loader's own key, which never leaves this machine."""

import argparse
import re

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.cli import home, layout
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth, keys
from aliquot.terms.errors import Refused

LINE = "make the loader's key, and print what an administrator enrols"
TEXT = """\
Makes an Ed25519 key for a loader in loader/NAME.key, readable by its Unix user only, and prints the public half. With
it an administrator enrols a service of this name in the role `loader`, which a director or privacy officer approves
(`aliquot.toml` names in work_uids who may speak as one). A loader can do nothing but what a signed mandate lets it.

A key that is there already is not replaced: its public half is printed again."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("name", metavar="NAME", help="small letters, digits and hyphens")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Make it, and print the public half."""
    return make(chosen, "loader")


def make(chosen: argparse.Namespace, role: str) -> int:
    """Make the key of a service in this role, unless it is there, and print the public half."""
    home.read(chosen.home)
    if not _NAME.fullmatch(chosen.name):
        raise Refused(f"the name of a {role} has small letters, digits and hyphens, and begins with a letter")
    file = keys.file(chosen.home, chosen.name, role)
    made = not file.exists()
    public = _public(layout.new_key(file) if made else layout.key(file)).hex()
    if chosen.json:
        print(f'{{"name":"{chosen.name}","public_key":"{public}"}}')
        return Exit.DONE
    print(f"{'made' if made else 'there already'}: {file}")
    breadth.show(f"public key: {public}")
    breadth.show(f"Next: an administrator enrols the service {chosen.name} in the role {role} with this key.")
    return Exit.DONE


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
