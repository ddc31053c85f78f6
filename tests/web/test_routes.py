"""No page stands outside the one gate."""

import re

import pytest
from django.urls import URLPattern, get_resolver

from aliquot.custody.portions import PORTIONS
from aliquot.web import gate, settings
from aliquot.web.gate import Desk, Open
from aliquot.web.routes import ROUTES
from tests.web.browser import Browser


def test_every_path_that_django_answers_is_declared_with_what_it_needs() -> None:
    found = get_resolver().url_patterns
    assert all(isinstance(pattern, URLPattern) for pattern in found)
    assert [str(pattern.pattern) for pattern in found] == [route.path for route in ROUTES]
    # Files of the program are answered before any route; they are the same for everybody and hold nobody's data.
    assert settings.STATIC_ROOT.name == "static"


def test_every_route_names_its_acts_or_says_why_it_needs_none() -> None:
    for route in ROUTES:
        match route:
            case Open():
                assert route.reason
            case Desk():
                assert bool(route.acts) != bool(route.reason), route.path
                assert {act.__name__ for act in route.acts} <= set(PORTIONS)


def test_names_and_shortcuts_are_one_of_a_kind() -> None:
    names = [gate.name(route) for route in ROUTES]
    keys = [route.keys for route in ROUTES if isinstance(route, Desk) and route.keys]
    assert len(set(names)) == len(names)
    assert len(set(keys)) == len(keys)
    assert not {"?", "g a"} & set(keys)


@pytest.mark.parametrize("route", [route for route in ROUTES if isinstance(route, Desk)], ids=gate.name)
def test_nobody_gets_past_the_gate_without_a_session(browser: Browser, route: Desk) -> None:
    path = "/" + re.sub(r"<\w+:\w+>", "00" * 16, route.path)
    for answer in (browser.get(path), browser.send(path, {})):
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/sign-in")
    part = browser.get(path, part=True)
    assert (part.status_code, part.headers["HX-Redirect"]) == (204, "/sign-in")
