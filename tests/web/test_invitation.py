"""Somebody new gets their own password and codes, through the pages, and can sign in with them."""

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from aliquot.access import governing
from aliquot.access.door import Intent
from aliquot.custody import factors, forms
from aliquot.custody.invitations import Invitation
from aliquot.custody.protocol import Factor
from aliquot.terms import ids
from aliquot.terms.purposes import Purpose
from tests.web.browser import Browser, page, text

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer

PASSWORD = "seven small glass tubes"


@pytest.fixture
def paper(browser: Browser) -> Invitation:
    """What the administrator hands over to somebody new."""
    lab = browser.lab
    admin = lab.sign_in("administrator@nord")
    form = forms.EnrolPerson(login="new@nord", name="New Nord", until=lab.clock() + timedelta(days=30))
    fresh = Factor(code=lab.code("administrator@nord"))
    meant = Intent(Purpose.HSYSADMIN, ids.new(admin.org, lab.clock()), factor=fresh)
    return msgspec.json.decode(governing.change(admin, form, meant).once, type=Invitation)


def chosen(paper: Invitation, again: str = PASSWORD) -> dict[str, str]:
    return {"login": paper.login, "invitation": paper.code, "password": PASSWORD, "again": again}


def carried(response: "Answer") -> dict[str, str]:
    """What the page with the secret carries on to the next."""
    return {one.get("name"): one.get("value") for one in page(response).xpath("//form[.//svg]//input[@type='hidden']")}


def code(browser: Browser, uri: str) -> str:
    secret = base64.b32decode(uri.partition("secret=")[2].partition("&")[0])
    return factors.code(secret, int(browser.lab.clock().timestamp()) // factors.STEP_SECONDS)


def test_an_invitation_leads_to_a_password_a_secret_and_an_account(browser: Browser, paper: Invitation) -> None:
    shown = browser.send("/invitation", chosen(paper))
    assert shown.status_code == 200
    known = carried(shown)
    secret = known["uri"].partition("secret=")[2].partition("&")[0]
    assert secret in text(shown).replace(" ", "")
    finished = browser.send("/invitation/confirm", {**known, "code": code(browser, known["uri"])})
    assert finished.headers["Location"] == "/sign-in"
    browser.lab.clock.pass_(timedelta(minutes=1))
    opened = browser.send("/sign-in", {"login": "new@nord", "password": PASSWORD, "code": code(browser, known["uri"])})
    assert opened.headers["Location"] == "/"
    assert "No desk is yours yet" in text(browser.get("/"))


def test_a_wrong_first_code_shows_the_same_secret_again(browser: Browser, paper: Invitation) -> None:
    known = carried(browser.send("/invitation", chosen(paper)))
    again = browser.send("/invitation/confirm", {**known, "code": "000000"})
    assert again.status_code == 422
    assert "This code is not right" in text(again)
    assert carried(again)["uri"] == known["uri"]


def test_a_wrong_invitation_tells_no_secret(browser: Browser, paper: Invitation) -> None:
    refused = browser.send("/invitation", {**chosen(paper), "invitation": "AAAA-AAAA-AAAA-AAAA"})
    assert refused.status_code == 422
    assert "This invitation is not right" in text(refused)
    assert "otpauth" not in refused.content.decode()


def test_two_passwords_that_differ_never_reach_custody(browser: Browser, paper: Invitation) -> None:
    refused = browser.send("/invitation", chosen(paper, again="seven small glass tubs"))
    assert "The two passwords differ." in text(refused)
    assert PASSWORD not in refused.content.decode()


def test_a_weak_password_is_refused_with_the_rule(browser: Browser, paper: Invitation) -> None:
    weak = {"password": "aaaaaaaaaaaaaa", "again": "aaaaaaaaaaaaaa"}
    assert "at least 12 characters" in text(browser.send("/invitation", {**chosen(paper), **weak}))
