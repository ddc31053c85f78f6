"""Where everybody begins: the desks that are theirs."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from aliquot.web import pages
from aliquot.web.visitor import Visitor


@require_GET
def start(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The start page."""
    return pages.page(request, visitor, "home.html", {})
