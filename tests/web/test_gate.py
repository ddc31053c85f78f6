"""Who gets which desk, and in which menu it stands."""

import pytest

from aliquot.custody import sessions
from tests.web.browser import Browser, page, text

_MENUS = [("secretary@nord", ["/", "/reception", "/tubes", "/reports"]), ("administrator@nord", ["/", "/staff"])]


def test_a_desk_opens_for_a_role_that_could_do_one_of_its_acts(browser: Browser) -> None:
    browser.sign_in("biologist@nord")
    opened = browser.get("/validation")
    assert opened.status_code == 200
    assert "Biologist Nord" in text(opened)


def test_a_desk_stays_closed_for_a_role_that_could_do_none(browser: Browser) -> None:
    browser.sign_in("secretary@nord")
    refused = browser.get("/validation")
    assert refused.status_code == 403
    assert "Your roles do not allow this here" in text(refused)
    assert "Secretary Nord" not in refused.content.decode()


@pytest.mark.parametrize(("who", "desks"), _MENUS)
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
