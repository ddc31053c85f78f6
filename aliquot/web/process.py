"""What this process was started with: the installation it serves, and its line to custody."""

from functools import cache
from pathlib import Path

from django.conf import settings

from aliquot.access.custodian import Line
from aliquot.terms.errors import Broken
from aliquot.terms.installation import Installation


def installation() -> Installation:
    """The installation that ALIQUOT_HOME names."""
    found: Installation | None = settings.INSTALLATION
    if found is None:
        raise Broken("the pages run without an installation file")
    return found


def line() -> Line:
    """The line to custody; each thread holds a connection of its own."""
    return _line(installation().custody.socket)


@cache
def _line(socket: Path) -> Line:
    return Line(socket, "web")
