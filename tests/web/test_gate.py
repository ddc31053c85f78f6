"""Who gets which desk, and in which menu it stands."""

import pytest

from aliquot.custody import sessions
from aliquot.web.gate import Desk
from aliquot.web.routes import ROUTES
from tests.web import counter
from tests.web.browser import Browser, page, text

_MENUS = [
    ("secretary@nord", ["/", "/reception", "/tubes", "/reports", "/doubts"]),
    ("administrator@nord", ["/", "/staff"]),
    ("privacy@nord", ["/", "/privacy", "/migrations", "/staff"]),
    (
        "biologist@nord",
        ["/", "/reception", "/tubes", "/bench", "/validation", "/reports", "/glass", "/migrations", "/doubts"],
    ),
]


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


def test_each_card_of_the_start_page_says_what_the_desk_is_for(browser: Browser) -> None:
    desks = [route for route in ROUTES if isinstance(route, Desk) and route.menu and route.path]
    assert all(route.about for route in desks)
    browser.sign_in("secretary@nord")
    said = page(browser.get("/")).xpath("//ul[@class='desk-list']//small/text()")
    assert said == [route.about for route in desks if route.path in {"reception", "tubes", "reports", "doubts"}]


def test_a_page_below_a_desk_marks_its_desk_in_the_menu(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    work = counter.order(browser, patient)
    (tube,) = page(browser.get(work)).xpath("//ul[@class='tubes']//a/@href")
    asked = work.rpartition("/")[2]
    for who, path, desk in [
        ("secretary@nord", patient, "/reception"),
        ("secretary@nord", work, "/reception"),
        ("secretary@nord", tube, "/tubes"),
        ("technician@nord", work, "/tubes"),
        ("technician@nord", f"/bench/{asked}", "/bench"),
        ("biologist@nord", f"/glass/{patient.rpartition('/')[2]}", "/glass"),
        ("privacy@nord", f"/privacy/patients/{patient.rpartition('/')[2]}", "/privacy"),
        ("privacy@nord", f"/glass/{patient.rpartition('/')[2]}", "/privacy"),
        ("administrator@nord", "/staff/ask/enrol", "/staff"),
    ]:
        browser.sign_in(who)
        assert page(browser.get(path)).xpath("//nav[@class='desks']//a[@aria-current='true']/@href") == [desk], path
    assert not page(browser.get("/account")).xpath("//nav[@class='desks']//a[@aria-current]")


def test_what_custody_says_is_asked_anew_for_each_request(browser: Browser) -> None:
    browser.sign_in("biologist@nord")
    assert browser.get("/validation").status_code == 200
    browser.lab.clock.pass_(sessions.IDLE)
    assert browser.get("/validation").headers["Location"].startswith("/sign-in")
