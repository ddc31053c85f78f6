"""Somebody signs in at the terminal: password and one-time code, as in a browser."""

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.access.door import Actor
from aliquot.cli import passphrase
from aliquot.custody.protocol import SignIn
from aliquot.terms.errors import Refused
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation


def actor(installation: Installation, login: str) -> Actor:
    """Ask for password and code, and open a session.

    Raises:
        Denial: they are not right; the answer does not say which.
        NoPassphrase: the input ended before they were typed.
    """
    line = Line(installation.custody.socket, "cli")
    people.reach(line)
    try:
        password = passphrase.typed("Password: ")
        code = passphrase.typed("One-time code: ").strip()
        opened = people.sign_in(line, SignIn(login, password, code, "terminal"))
    except Refused:
        line.hang_up()
        raise
    return Actor(line, opened.ticket, Org(opened.org))
