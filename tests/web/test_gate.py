"""Who gets which desk, and in which menu it stands."""

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import override_settings

from aliquot.access.acts import FindPatient, ValidateMedically
from aliquot.custody import sessions
from aliquot.web import gate
from aliquot.web.gate import Desk
from aliquot.web.routes import ROUTES
from aliquot.web.visitor import Visitor
from tests.web.browser import Browser, page, text


def reception(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A desk for whoever may look for a patient."""
    return HttpResponse(visitor.session.name)


def validation(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """A desk for biologists."""
    return HttpResponse(visitor.session.name)


urlpatterns = gate.patterns(
    [
        *(route for route in ROUTES if not (isinstance(route, Desk) and route.menu)),
        Desk("reception", reception, (FindPatient,), menu="Reception", keys="g r"),
        Desk("validation", validation, (ValidateMedically,), menu="Validation", keys="g v"),
    ]
)
handler404 = "aliquot.web.answers.not_found"


@pytest.fixture(autouse=True)
def _desks() -> Iterator[None]:
    with override_settings(ROOT_URLCONF="tests.web.test_gate"):
        yield


def test_a_desk_opens_for_a_role_that_could_do_one_of_its_acts(browser: Browser) -> None:
    browser.sign_in("biologist@nord")
    assert browser.get("/validation").content == b"Biologist Nord"


def test_a_desk_stays_closed_for_a_role_that_could_do_none(browser: Browser) -> None:
    browser.sign_in("secretary@nord")
    refused = browser.get("/validation")
    assert refused.status_code == 403
    assert "Your roles do not allow this here" in text(refused)
    assert "Secretary Nord" not in refused.content.decode()


@pytest.mark.parametrize(("who", "desks"), [("secretary@nord", ["/", "/reception"]), ("administrator@nord", ["/"])])
def test_the_menu_shows_the_desks_of_the_roles_and_no_others(browser: Browser, who: str, desks: list[str]) -> None:
    browser.sign_in(who)
    start = page(browser.get("/"))
    assert start.xpath("//nav[@class='desks']//a/@href") == desks
    assert start.xpath("//nav[@class='desks']//a[@aria-current='page']/@href") == ["/"]
    assert start.xpath("//ul[@class='desk-list']//a/@href") == desks[1:]


def test_what_custody_says_is_asked_anew_for_each_request(browser: Browser) -> None:
    browser.sign_in("biologist@nord")
    assert browser.get("/validation").status_code == 200
    browser.lab.clock.pass_(sessions.IDLE)
    assert browser.get("/validation").headers["Location"].startswith("/sign-in")
