"""A reception's screen in the tests: forms are read from the page, filled as a person would, and sent."""

from collections.abc import Mapping

from lxml import html  # type: ignore[import-untyped]  # it has no types

from tests.lab import desk
from tests.web.browser import Browser, page, text

JEANNE = {"family": "Zélande", "given": "Jeanne Odile", "born_on": "01041961", "sex": "female"}
NIR = "261047505900166"


def sit_down(browser: Browser, who: str = "secretary@nord") -> None:
    """A laboratory with a catalogue, and somebody at its screen."""
    desk.publish(browser.lab)
    browser.sign_in(who)


def form(tree: html.HtmlElement, action: str) -> dict[str, str]:
    """What a form of a page would send, untouched: hidden fields and what is filled in."""
    (found,) = tree.xpath(f"//main//form[@action='{action}']")
    fields = {one.get("name"): one.get("value", "") for one in found.xpath(".//input[@type='hidden']")}
    for chosen in found.xpath(".//select[option]"):
        picked = chosen.xpath("./option[@selected]") or chosen.xpath("./option")
        fields[chosen.get("name")] = picked[0].get("value")
    return {name: value for name, value in fields.items() if name != "csrfmiddlewaretoken"}


def register(browser: Browser, person: Mapping[str, str] = JEANNE, **more: str) -> str:
    """Register somebody; the answer is the address of their page."""
    asked = form(page(browser.get("/reception/register")), "/reception/register")
    sent = browser.send("/reception/register", {**asked, **person, **more})
    assert sent.status_code == 303, text(sent)
    return sent.headers["Location"].partition("?")[0]


def order(browser: Browser, patient: str, tests: str = "NA", **more: str) -> str:
    """Order one test; the answer is the address of the request."""
    asked = form(page(browser.get(f"{patient}/order")), f"{patient}/order")
    sent = browser.send(f"{patient}/order", {**asked, "tests": tests, "prescriber": "Dr Exemple", **more})
    assert sent.status_code == 303, text(sent)
    return sent.headers["Location"].partition("?")[0]
