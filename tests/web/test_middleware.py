"""Every answer carries the same strict headers, whatever became of the request."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from aliquot.web import middleware, settings
from tests.web.browser import Browser

ANSWERS = ["/", "/sign-in", "/invitation", "/no/such/page", "/static/aliquot.css", "/static/no-such-file"]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_is_under_the_strict_policy(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    for name, value in middleware.HEADERS.items():
        assert answer.headers[name] == value
    answer.close()
    assert "unsafe" not in middleware.POLICY


@pytest.mark.parametrize("path", ["/", "/sign-in", "/no/such/page"])
def test_no_browser_keeps_a_page(browser: Browser, path: str) -> None:
    assert browser.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/invitation", "/account"])
def test_no_page_holds_a_script_or_style_of_its_own(browser: Browser, path: str) -> None:
    browser.sign_in("secretary@nord")
    content = browser.get(path).content.decode()
    assert "<style" not in content
    assert " style=" not in content
    assert " onclick=" not in content
    assert content.count("<script") == content.count('<script src="/static/')


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("aliquot.css", "text/css"),
        ("aliquot.js", "text/javascript"),
        ("vendor/htmx.min.js", "text/javascript"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_of_the_program_are_served_with_their_type(browser: Browser, name: str, kind: str) -> None:
    answer = browser.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(kind)
    assert "max-age" in answer.headers["Cache-Control"]
    assert len(b"".join(answer)) > 100


@pytest.mark.parametrize("path", ["/static/../settings.py", "/static/%2e%2e/settings.py", "/static//etc/passwd"])
def test_nothing_but_the_programs_files_is_served(browser: Browser, path: str) -> None:
    assert browser.get(path).status_code == 404


def test_over_https_the_browser_is_told_to_stay_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "HTTPS", True)
    answer = middleware.headers(lambda request: HttpResponse())(RequestFactory().get("/"))
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
