"""A browser without scripts, as the tests use it: it keeps cookies, sends forms with their secret, and reads pages."""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.test import Client
from lxml import html  # type: ignore[import-untyped]  # it has no types

from aliquot.web import settings
from tests.world import World

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer


class Browser:
    """One browser in front of one laboratory. `sign_in` gives it a ticket without the sign-in page."""

    def __init__(self, lab: World) -> None:
        self.lab = lab
        self.client = Client(enforce_csrf_checks=True, headers={"host": "localhost", "accept-language": "en"})

    def sign_in(self, who: str) -> None:
        """Somebody of the cast sits down: `technician@nord`."""
        ticket = self.lab.sign_in(who).ticket
        self.client.cookies[settings.TICKET_COOKIE] = base64.urlsafe_b64encode(ticket).decode()

    def get(self, path: str, *, part: bool = False) -> "Answer":
        """Open a page, or ask for a part of one as htmx does."""
        return self.client.get(path, headers={"hx-request": "true"} if part else {})

    def send(self, path: str, fields: Mapping[str, object], *, part: bool = False) -> "Answer":
        """Send a form with its secret, which any page brings; of a field with several values, each."""
        if settings.CSRF_COOKIE_NAME not in self.client.cookies:
            self.client.get("/sign-in")
        secret = self.client.cookies[settings.CSRF_COOKIE_NAME].value
        sent = {**fields, "csrfmiddlewaretoken": secret}
        return self.client.post(path, sent, headers={"hx-request": "true"} if part else {})


def page(response: "Answer | HttpResponse") -> html.HtmlElement:
    """The page as a tree."""
    return html.document_fromstring(response.content.decode())


def text(response: "Answer | HttpResponse") -> str:
    """The words of a page, without its markup."""
    return " ".join(str(page(response).text_content()).split())
