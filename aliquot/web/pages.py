"""How a page is made: one template, what it shows, and the frame around it."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from aliquot.web.visitor import Visitor


def page(
    request: HttpRequest, visitor: Visitor | None, template: str, shown: Mapping[str, object], *, status: int = 200
) -> HttpResponse:
    """A whole page, or a part of one for htmx. `visitor` is None where nobody has signed in."""
    frame: dict[str, object] = {
        "visitor": visitor,
        "path": request.path,
        "back": request.get_full_path() if request.method == "GET" else request.path,
        "languages": [code for code, _ in settings.LANGUAGES],
        "language": translation.get_language(),
        "rtl": translation.get_language_bidi(),
    }
    return render(request, template, {**frame, **shown}, status=status)


def partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page that it has, and not for a page."""
    return request.headers.get("HX-Request") == "true"


def moved(request: HttpRequest, to: str) -> HttpResponse:
    """Go to another page after something was done. htmx is told to load it whole."""
    if partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": to})
    return HttpResponse(status=303, headers={"Location": to})
