"""Custody's ticket in the browser's cookie: opaque, for this host only, out of reach of scripts."""

import base64
import binascii

from django.http import HttpRequest, HttpResponse

from aliquot.custody.protocol import SessionOpened
from aliquot.web import settings


def of(request: HttpRequest) -> bytes:
    """The ticket that the browser brought, empty if it brought none that could be one."""
    try:
        return base64.urlsafe_b64decode(request.COOKIES.get(settings.TICKET_COOKIE, ""))
    except (binascii.Error, ValueError):
        return b""


def keep(response: HttpResponse, opened: SessionOpened) -> None:
    """Give the browser its ticket, until the browser is closed or custody ends the session."""
    response.set_cookie(
        settings.TICKET_COOKIE,
        base64.urlsafe_b64encode(opened.ticket).decode(),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def forget(response: HttpResponse) -> None:
    """Take the ticket back. The name's prefix demands `Secure` of this cookie too."""
    response.set_cookie(settings.TICKET_COOKIE, "", max_age=0, secure=settings.HTTPS, httponly=True, samesite="Strict")
