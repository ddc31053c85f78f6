"""`aliquot people accept`: an invitation is accepted in the terminal, where there is no browser yet."""

import argparse

from aliquot.cli import home, passphrase
from aliquot.cli.exits import Exit
from aliquot.terms.errors import Refused


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot people --help` teaches."""
    parser.description = """\
`aliquot people accept LOGIN` asks for the invitation code and for a new password (twice), shows the address to put
into an app for one-time codes, and asks for the first code. From then on that person can sign in."""
    home.option(parser)
    parser.add_argument("action", choices=("accept",))
    parser.add_argument("login", help="the login that the invitation names")


def run(chosen: argparse.Namespace) -> int:
    """Accept an invitation."""
    installation = home.read(chosen.home)
    from aliquot.access import people  # imports Django's connections: not for `--help`
    from aliquot.access.custodian import Line

    line = Line(installation.custody.socket, "cli")
    people.reach(line)
    invitation = passphrase.typed("Invitation code: ")
    password = passphrase.typed("New password: ")
    if passphrase.typed("Again: ") != password:
        raise Refused("the two passwords are not the same")
    uri = people.accept_invitation(line, chosen.login, invitation, password)
    print(f"Put this into your app for one-time codes; it is shown once:\n\n  {uri}\n")
    people.confirm_invitation(line, chosen.login, invitation, input("The first code that it shows: ").strip())
    print("Done: this person can sign in.")
    return Exit.DONE
