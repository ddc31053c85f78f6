"""The pages' process: it starts only if the custodian is there, for without it no page could be true."""

import os
import sys

from granian.constants import Interfaces
from granian.server.mp import MPServer

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.custody.denial import CustodyGone
from aliquot.terms.installation import Installation

_THREADS = 16
_UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h


def run(installation: Installation) -> int:
    """Serve the pages until the process is told to stop; ALIQUOT_HOME names the installation's folder.

    Returns the exit status: not zero if the custodian is away at the start.
    """
    line = Line(installation.custody.socket, "web")
    try:
        people.reach(line)
    except CustodyGone as gone:
        print(f"web: {gone}", file=sys.stderr)
        return _UNAVAILABLE
    finally:
        line.hang_up()
    os.environ["DJANGO_SETTINGS_MODULE"] = "aliquot.web.settings"
    _server(installation).serve()
    return 0


def _server(installation: Installation) -> MPServer:
    # One process with threads: each thread holds one connection to custody, and views are plain calls.
    return MPServer(
        "aliquot.web.wsgi:application",
        address=installation.web.host,
        port=installation.web.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        websockets=False,
        log_access=False,
    )
