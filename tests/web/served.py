"""The pages on a port of this machine, for a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from aliquot.terms import installation
from aliquot.web import process
from tests.world import World


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # Joined when it closes, so that no connection to custody outlives the test.
    block_on_close = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing of what is asked."""

    def handle(self) -> None:
        """Answer one connection, then close this thread's line to custody."""
        super().handle()
        process.line().hang_up()


@contextmanager
def served(lab: World) -> Iterator[str]:
    """The pages of a laboratory; passkeys are bound to the address that is given."""
    server = make_server("127.0.0.1", 0, get_wsgi_application(), _Server, _Quiet)
    origin = f"http://localhost:{server.server_port}"
    file = lab.home / installation.FILE_NAME
    file.write_text(file.read_text().replace(f'origin = "{lab.installation.web.origin}"', f'origin = "{origin}"'))
    lab.custodian.stop()
    lab.custodian.start()
    lab.installation = installation.read(file)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    with override_settings(INSTALLATION=lab.installation):
        thread.start()
        try:
            yield origin
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
