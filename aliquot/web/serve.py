"""The pages' process: it starts only if the custodian is there, for without it no page could be true."""

import os

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.terms import clock, events
from aliquot.terms.events import Closed, Serving
from aliquot.terms.installation import Installation

_THREADS = 16
# A worker that is told to stop while it begins does not hear it: it is not waited for for ever.
_PATIENCE_S = 4
# The server's own words are for nobody's log: its faults are events like all others, and the rest is not written.
_LOG = {
    "formatters": {"events": {"()": "aliquot.web.logs.Events"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
    "loggers": {"_granian": {"handlers": ["stderr"], "propagate": False}},
}


def run(installation: Installation) -> int:
    """Serve the pages until the process is told to stop; ALIQUOT_HOME names the installation's folder.

    Raises:
        CustodyGone: the custodian is away at the start.
    """
    line = Line(installation.custody.socket, "web")
    try:
        people.reach(line)
    finally:
        line.hang_up()
    os.environ["DJANGO_SETTINGS_MODULE"] = "aliquot.web.settings"
    _server(installation).serve()
    events.log(Closed("web"), clock.system())
    return 0


def _server(installation: Installation) -> MPServer:
    # One process with threads: each thread holds one connection to custody, and views are plain calls.
    server = MPServer(
        "aliquot.web.wsgi:application",
        address=installation.web.host,
        port=installation.web.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        websockets=False,
        workers_kill_timeout=_PATIENCE_S,
        log_access=False,
        log_level=LogLevels.error,
        log_dictconfig=_LOG,
    )
    server.on_startup(lambda: events.log(Serving("web"), clock.system()))
    return server
