"""The pages, and two more that fail with a patient in its hands."""

from django.http import HttpRequest, HttpResponse

from aliquot.terms.errors import Broken
from aliquot.web import gate
from aliquot.web.gate import Open
from aliquot.web.routes import ROUTES
from aliquot.web.routes import handler404 as handler404
from aliquot.web.routes import handler500 as handler500

CANARY = "Zélande-1961"


def breaks(request: HttpRequest) -> HttpResponse:
    """Fail in a way that nobody foresaw."""
    raise KeyError(CANARY)


def broken(request: HttpRequest) -> HttpResponse:
    """Find that an invariant does not hold."""
    raise Broken(CANARY)


urlpatterns = gate.patterns([*ROUTES, Open("breaks", breaks, "for a test"), Open("broken", broken, "for a test")])
