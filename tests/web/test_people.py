"""Signing in and out through the pages, judged by a real custodian."""

import pytest

from aliquot.access import people
from aliquot.custody.denial import Denial
from aliquot.web import settings, tickets
from tests.web.browser import Browser, page, text
from tests.world import PASSWORD


def typed(browser: Browser, who: str, password: str = PASSWORD) -> dict[str, str]:
    return {"login": who, "password": password, "code": browser.lab.code(who)}


def test_password_and_code_open_a_session_and_the_start_page_greets_by_name(browser: Browser) -> None:
    sent = browser.send("/sign-in", typed(browser, "technician@nord"))
    assert (sent.status_code, sent.headers["Location"]) == (303, "/")
    start = browser.get("/")
    assert start.status_code == 200
    assert "Good to see you, Technician Nord" in text(start)
    assert "Laboratoire Nord" in text(start)


def test_the_ticket_is_out_of_reach_of_scripts_and_of_other_sites(browser: Browser) -> None:
    browser.send("/sign-in", typed(browser, "technician@nord"))
    cookie = browser.client.cookies[settings.TICKET_COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert not cookie["expires"]


def test_a_wrong_password_is_told_without_saying_what_was_wrong(browser: Browser) -> None:
    refused = browser.send("/sign-in", typed(browser, "technician@nord", "not the password at all"))
    unknown = browser.send("/sign-in", {"login": "nobody", "password": PASSWORD, "code": "123456"})
    assert refused.status_code == unknown.status_code == 422
    for answer in (refused, unknown):
        assert "Check login, password and code" in text(answer)
        assert settings.TICKET_COOKIE not in answer.cookies
    assert "not the password at all" not in refused.content.decode()


def test_a_form_with_an_empty_field_points_to_it_and_asks_custody_nothing(browser: Browser) -> None:
    refused = browser.send("/sign-in", {"login": "technician@nord", "password": PASSWORD, "code": ""})
    assert refused.status_code == 422
    (field,) = page(refused).xpath("//input[@aria-invalid='true']")
    assert field.get("name") == "code"
    assert page(refused).xpath("//a[@href='#id_code']")


def test_who_signs_out_is_out_everywhere(browser: Browser) -> None:
    browser.send("/sign-in", typed(browser, "technician@nord"))
    request = browser.get("/").wsgi_request
    ticket = tickets.of(request)
    left = browser.send("/sign-out", {})
    assert left.headers["Location"] == "/sign-in"
    assert left.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert browser.client.cookies[settings.TICKET_COOKIE].value == ""
    with pytest.raises(Denial, match="sign in again"):
        people.who(browser.lab.line(), ticket)


def test_who_is_not_signed_in_is_led_to_the_door_and_back(browser: Browser) -> None:
    led = browser.get("/account")
    assert led.headers["Location"] == "/sign-in?next=%2Faccount"
    door = browser.get(led.headers["Location"])
    (back,) = page(door).xpath("//input[@name='next']/@value")
    sent = browser.send("/sign-in", {**typed(browser, "secretary@nord"), "next": str(back)})
    assert sent.headers["Location"] == "/account"


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"])
def test_nobody_is_led_to_another_site(browser: Browser, elsewhere: str) -> None:
    sent = browser.send("/sign-in", {**typed(browser, "secretary@nord"), "next": elsewhere})
    assert sent.headers["Location"] == "/"


def test_a_ticket_that_custody_did_not_give_opens_nothing(browser: Browser) -> None:
    for invented in ("AAAA", "not base64!", "é"):
        browser.client.cookies[settings.TICKET_COOKIE] = invented
        assert browser.get("/").headers["Location"].startswith("/sign-in")


def test_the_form_token_changes_when_somebody_signs_in(browser: Browser) -> None:
    browser.get("/sign-in")
    planted = browser.client.cookies[settings.CSRF_COOKIE_NAME].value
    browser.send("/sign-in", typed(browser, "technician@nord"))
    assert browser.client.cookies[settings.CSRF_COOKIE_NAME].value != planted


def test_a_passkey_that_signed_nothing_does_not_open_a_session(browser: Browser) -> None:
    asked = browser.send("/sign-in/passkey", {"login": "technician@nord", "factor-options": "1"})
    handle = asked.json()["handle"]
    refused = browser.send("/sign-in/passkey", {"login": "x", "factor-handle": handle, "factor-response": "{}"})
    assert refused.status_code == 422
    assert settings.TICKET_COOKIE not in refused.cookies
