"""In which language this browser is answered."""

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from aliquot.terms.errors import Refused
from aliquot.web import pages, settings

_YEAR = 365 * 24 * 3600


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Remember a language in the browser."""
    wanted = request.POST.get("language", "")
    if not translation.check_for_language(wanted) or wanted not in dict(settings.LANGUAGES):
        raise Refused("language: choose one of those that are offered")
    back = request.POST.get("back", "")
    safe = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    response = pages.moved(request, back if safe else "/")
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        wanted,
        max_age=_YEAR,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )
    return response
