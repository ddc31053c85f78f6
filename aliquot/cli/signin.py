"""Somebody signs in at the terminal: password and one-time code, as in a browser."""

import getpass

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.custody.protocol import SignIn
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation


def actor(installation: Installation, login: str) -> Actor:
    """Ask for password and code, and open a session.

    Raises:
        Denial: they are not right; the answer does not say which.
    """
    line = Line(installation.custody.socket, "cli")
    people.reach(line)
    password = getpass.getpass("Password: ")
    code = getpass.getpass("One-time code: ").strip()
    opened = people.sign_in(line, SignIn(login, password, code, "terminal"))
    return Actor(line, opened.ticket, Org(opened.org))
