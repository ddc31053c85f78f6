"""French and English, as the browser asks or the person chooses."""

from tests.web.browser import Browser, page, text


def test_the_browser_is_answered_in_its_language(browser: Browser) -> None:
    french = browser.client.get("/sign-in", headers={"accept-language": "fr-FR,fr;q=0.9"})
    assert page(french).get("lang") == "fr"
    assert "Mot de passe" in text(french)


def test_an_unknown_language_gets_the_laboratorys_own(browser: Browser) -> None:
    assert page(browser.client.get("/sign-in", headers={"accept-language": "xx"})).get("lang") == "fr"


def test_a_chosen_language_is_remembered_and_leads_back(browser: Browser) -> None:
    sent = browser.send("/language", {"language": "fr", "back": "/sign-in?next=/account"})
    assert sent.headers["Location"] == "/sign-in?next=/account"
    assert page(browser.get("/sign-in")).get("lang") == "fr"


def test_a_language_that_is_not_offered_is_refused_and_nobody_is_led_away(browser: Browser) -> None:
    assert browser.send("/language", {"language": "../../etc", "back": "/"}).status_code == 422
    sent = browser.send("/language", {"language": "en", "back": "//elsewhere.example"})
    assert sent.headers["Location"] == "/"
