"""`aliquot export sender`: the keys by which a receiver knows the bundles of this laboratory."""

import argparse

import msgspec

from aliquot.cli import founding, home
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked

LINE = "the keys by which a receiver knows this laboratory"
TEXT = """\
Prints the fingerprint of the keys with which this laboratory signs its bundles. Custody makes them when first
asked, and keeps them; the history has both. The receiver names the fingerprint as the sender of the mandate under
which it takes the records in, and refuses anybody else's bundle. A director, a privacy officer or a biologist asks."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("--login", required=True, metavar="NAME", help="who asks")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Ask, and print."""
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access import acts, door, exporting, people
    from aliquot.access.acts import ReadMigration
    from aliquot.cli import signin
    from aliquot.terms import clock
    from aliquot.terms.purposes import Purpose

    actor = signin.actor(installation, chosen.login)
    try:
        meant = door.intent(actor, clock.system(), Purpose.HSYSADMIN)
        with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
            found = exporting.sender(grant)
    finally:
        people.sign_out(actor)
        actor.line.hang_up()
    if chosen.json:
        print(msgspec.json.encode(found).decode())
    else:
        print(f"sender: {found.fingerprint}")
        print(f"export key: {found.ed25519}")
        print("Next: the receiver names this sender in its mandate, and sends the signed mandate.")
    return Exit.DONE
