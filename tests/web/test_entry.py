"""Typing a value by hand: every digit is kept, nothing stands for something else, and a second person reads it."""

from decimal import Decimal

import pytest

from aliquot.terms import states
from aliquot.terms.quantities import Absent, Coded, Quantity, Text, Value
from tests.lab.office import Case, Office
from tests.web import results
from tests.web.browser import Browser, text


@pytest.fixture
def here(browser: Browser) -> Office:
    return results.at_work(browser.lab)


def place(case: Case, test: str) -> str:
    return f"/bench/{case.work.hex()}/type/{case.order(test).hex()}/{case.tube.hex()}"


def type_(browser: Browser, case: Case, test: str, filled: dict[str, str]) -> int:
    path = place(case, test)
    return browser.send(path, {**results.form(browser, path), **filled}).status_code


@pytest.mark.parametrize(
    ("test", "filled", "value"),
    [
        ("K", {"number": "4,10"}, Quantity(Decimal("4.10"), "mmol/L")),
        ("K", {"number": "0", "comparator": "<="}, Quantity(Decimal(0), "mmol/L", "<=")),
        ("K", {"absent": "error"}, Absent("error")),
        ("K", {"words": "see comment"}, Text("see comment")),
        ("RPR", {"answer": "pos"}, Coded("s", "pos", "positif")),
    ],
)
def test_what_is_typed_is_filed_as_it_was_meant(
    browser: Browser, here: Office, test: str, filled: dict[str, str], value: Value
) -> None:
    case = here.ask(here.register(), test)
    browser.sign_in("technician@nord")
    assert type_(browser, case, test, filled) == 303
    (result,) = here.found(case).observations
    assert (result.state, result.content.value) == (states.Analysis.MEASURED, value)
    assert result.content.typed_by == here.signer("technician").person


@pytest.mark.parametrize("filled", [{}, {"number": "four"}, {"number": "4", "words": "four"}, {"number": "1e3"}])
def test_what_says_nothing_or_two_things_is_asked_for_again(
    browser: Browser, here: Office, filled: dict[str, str]
) -> None:
    case = here.ask(here.register(), "K")
    browser.sign_in("technician@nord")
    assert type_(browser, case, "K", filled) == 422
    assert here.found(case).observations == ()


def test_who_typed_a_value_does_not_validate_it_where_two_must_read(browser: Browser, here: Office) -> None:
    case = here.ask(here.register(), "K")
    browser.sign_in("technician@nord")
    assert "A second person must validate what you type." in text(browser.get(place(case, "K")))
    assert type_(browser, case, "K", {"number": "4.1"}) == 303
    here.verify(case)
    path = f"/bench/{case.work.hex()}"
    assert "Typed by hand: a second person validates it." in text(browser.get(path))
    chosen = {**results.form(browser, path), **results.choose(here, case, "K"), "do": "validate"}
    assert browser.send(path, chosen).status_code == 422


def test_a_test_that_was_not_asked_for_is_not_typed(browser: Browser, here: Office) -> None:
    case, other = here.ask(here.register(), "K"), here.ask(here.register(), "K")
    browser.sign_in("technician@nord")
    path = place(case, "K").replace(case.order("K").hex(), other.order("K").hex())
    assert browser.get(path).status_code == 422


@pytest.mark.parametrize("version", ["", "-1", "1e3", "٣", "²", "9" * 6000])
def test_a_version_that_no_page_writes_is_refused_and_breaks_nothing(
    browser: Browser, here: Office, version: str
) -> None:
    case = here.ask(here.register(), "K")
    browser.sign_in("technician@nord")
    assert type_(browser, case, "K", {"number": "4", "version": version}) == 422
    assert browser.send(f"/bench/{case.work.hex()}", {f"choose-{case.tube.hex()}": version}).status_code == 422
