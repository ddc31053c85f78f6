"""A page as whoever has a ticket gets it: without a browser, from a port of this machine."""

import base64
import http.client
from contextlib import closing

_PATIENCE_S = 20


def fetch(port: int, asked: tuple[str, str], ticket: bytes) -> bytes:
    """What web answers to a method and a path under this ticket, or without one if it is empty."""
    from aliquot.web import settings  # only when Django knows which installation it is about

    headers = {"Cookie": f"{settings.TICKET_COOKIE}={base64.urlsafe_b64encode(ticket).decode()}"} if ticket else {}
    with closing(http.client.HTTPConnection("localhost", port, timeout=_PATIENCE_S)) as line:
        line.request(asked[0], f"/{asked[1]}", headers=headers)
        return line.getresponse().read()
