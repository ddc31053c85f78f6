"""The one table from what went wrong to what the browser is told. Nothing of an exception's inside is ever shown."""

import logging
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from aliquot.custody.denial import CustodyGone, Denial
from aliquot.terms.errors import Broken, Refused
from aliquot.web import denials, pages, refusals
from aliquot.web.denials import Words

_log = logging.getLogger("aliquot.web")

GONE = Words(
    503,
    _("The custodian does not answer"),
    _("Nothing can be opened or saved until it is back. Analysers are still listened to. Tell your administrator."),
)
BROKEN = Words(
    500, _("Something is not as it must be"), _("Nothing was saved. The alarm was raised; tell your administrator.")
)
MISSING = Words(404, _("There is no such page"), _("Go back, or begin at the start page."))
UNREADABLE = Words(400, _("The request was not right"), _("Open the page again and repeat what you wanted."))
EXPIRED = Words(403, _("This form is too old"), _("Open the page again and repeat what you wanted."))


def answer(request: HttpRequest, error: Refused | Broken) -> HttpResponse:
    """The answer to a request that failed: a whole page, a part for htmx, or words for our script."""
    if isinstance(error, Denial) and error.code == "signed-out":
        return _to_sign_in(request)
    if isinstance(error, Broken) and not isinstance(error, CustodyGone):
        _log.error("broken", exc_info=error)
    return told(request, words(error))


def words(error: Refused | Broken) -> Words:
    """What to tell about a failure."""
    match error:
        case Denial():
            return denials.words(error)
        case CustodyGone():
            return GONE
        case Refused():
            return Words(422, _("This cannot be accepted"), refusals.words(error))
        case _:
            return BROKEN


def told(request: HttpRequest, said: Words) -> HttpResponse:
    """A problem, told in the form that the asker can show."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"title": str(said.title), "then": str(said.then)}, status=said.status)
    if not pages.partial(request):
        return pages.page(request, None, "problem.html", {"problem": said}, status=said.status)
    response = pages.page(request, None, "parts/problem.html", {"problem": said}, status=said.status)
    # The part of the page that was asked for stays as it is; the problem has a place of its own.
    response.headers["HX-Retarget"] = "#problem"
    response.headers["HX-Reswap"] = "innerHTML"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django could not read the request."""
    return told(request, UNREADABLE)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No route has this path."""
    return told(request, MISSING)


def failed(request: HttpRequest) -> HttpResponse:
    """Something that nobody foresaw."""
    return told(request, BROKEN)


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's own secret is missing or old, so it may have come from another site."""
    return told(request, EXPIRED)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    to = reverse("people.sign_in")
    if pages.partial(request) or request.method != "GET":
        return pages.moved(request, to)
    return pages.moved(request, f"{to}?{urlencode({'next': request.get_full_path()})}")
