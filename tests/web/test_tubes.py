"""Tubes at the counter: scanned one at a time, accepted with every check, or rejected with a reason."""

import pytest

from tests.web import counter
from tests.web.browser import Browser, page, text

ALL = {"tube": "on", "readable": "on", "identity": "on", "enough": "on"}


def tube(browser: Browser, who: str = "technician@nord") -> tuple[str, str]:
    """A tube that is expected, and somebody at the counter: its page, and its request's."""
    counter.sit_down(browser)
    request = counter.order(browser, counter.register(browser))
    (path,) = page(browser.get(request)).xpath("//ul[@class='tubes']//a/@href")
    browser.sign_in(who)
    return path, request


def act(browser: Browser, path: str, verb: str) -> dict[str, str]:
    return counter.form(page(browser.get(path)), f"{path}/{verb}")


def state(browser: Browser, path: str) -> str:
    (found,) = page(browser.get(path)).xpath("//dt[.='State']/following-sibling::dd[1]/span/text()")
    return str(found)


def test_a_scanned_barcode_shows_its_tube_by_code_sex_age_and_tests(browser: Browser) -> None:
    path, request = tube(browser)
    (accession,) = page(browser.get(request)).xpath("//ul[@class='tubes']//a/text()")
    scanned = browser.send("/tubes", {"barcode": accession})
    assert scanned.headers["Location"] == path
    shown = text(browser.get(path))
    for words in ("yellow", "serum", "Sodium", "female, 65 years", "expected"):
        assert words in shown
    assert "LANDE" not in shown


def test_a_secretary_sees_who_it_is_and_takes_in_what_a_technician_accepts(browser: Browser) -> None:
    path, _ = tube(browser, "secretary@nord")
    shown = browser.get(path)
    assert "ZÉLANDE Jeanne Odile" in text(shown)
    assert not page(shown).xpath("//button[@name='accept']")
    taken = browser.send(f"{path}/receive", act(browser, path, "receive"))
    assert taken.headers["Location"] == "/tubes?said=received"
    assert state(browser, path) == "came in"
    browser.sign_in("technician@nord")
    accepted = browser.send(f"{path}/receive", {**act(browser, path, "receive"), **ALL, "accept": "1"})
    assert accepted.headers["Location"] == "/tubes?said=accepted"
    assert state(browser, path) == "accepted"
    assert page(browser.get("/tubes?said=accepted")).xpath("//input[@autofocus]/@name") == ["barcode"]


def test_the_counter_says_how_many_tubes_wait_for_it_and_how_many_are_still_to_come(browser: Browser) -> None:
    path, _ = tube(browser)
    assert "At nord, 0 tubes came in and wait to be accepted; 1 is still expected." in text(browser.get("/tubes"))
    browser.send(f"{path}/receive", act(browser, path, "receive"))
    assert "At nord, 1 tube came in and waits to be accepted; 0 are still expected." in text(browser.get("/tubes"))
    browser.send(f"{path}/receive", {**act(browser, path, "receive"), **ALL, "accept": "1"})
    assert "At nord, 0 tubes came in and wait to be accepted; 0 are still expected." in text(browser.get("/tubes"))


def test_a_tube_is_accepted_with_every_check_or_not_at_all(browser: Browser) -> None:
    path, _ = tube(browser)
    told = browser.send(f"{path}/receive", {**act(browser, path, "receive"), **ALL, "enough": "", "accept": "1"})
    assert told.status_code == 422
    assert page(told).xpath("//input[@aria-invalid='true']/@name") == ["enough"]
    assert state(browser, path) == "expected"


def test_the_time_of_taking_is_the_laboratorys_own_and_not_after_arrival(browser: Browser) -> None:
    path, _ = tube(browser)
    form = {**act(browser, path, "receive"), **ALL, "accept": "1"}
    late = browser.send(f"{path}/receive", {**form, "collected_at": "2090-01-01T08:00"})
    assert late.status_code == 422
    assert browser.send(f"{path}/receive", {**form, "collected_at": "2026-01-05T08:00"}).status_code == 409
    again = {**act(browser, path, "receive"), **ALL, "accept": "1", "collected_at": "2026-01-05T08:00"}
    assert browser.send(f"{path}/receive", again).status_code == 303


def test_the_same_form_sent_twice_takes_one_tube_in_once(browser: Browser) -> None:
    path, _ = tube(browser)
    form = {**act(browser, path, "receive"), **ALL, "accept": "1"}
    assert [browser.send(f"{path}/receive", form).status_code for _ in range(2)] == [303, 303]
    assert state(browser, path) == "accepted"


def test_a_rejected_tube_has_its_reason_and_the_new_one_its_own_label(browser: Browser) -> None:
    path, request = tube(browser)
    form = {**act(browser, path, "reject"), "reason": "RH", "recollect": "on"}
    rejected = [browser.send(f"{path}/reject", form) for _ in range(2)]
    assert {one.headers["Location"] for one in rejected} == {f"{request}?said=again"}
    assert state(browser, path) == "rejected"
    assert "haemolysed" in text(browser.get(path))
    states = page(browser.get(request)).xpath("//ul[@class='tubes']//span[starts-with(@class, 'chip')]/text()")
    assert states == ["rejected", "expected"]
    assert "1 label" in text(browser.get(request))


def test_a_tube_is_not_rejected_without_a_reason(browser: Browser) -> None:
    path, _ = tube(browser)
    told = browser.send(f"{path}/reject", act(browser, path, "reject"))
    assert told.status_code == 422
    assert state(browser, path) == "expected"


def test_a_rejection_without_a_new_tube_cancels_what_was_asked_for(browser: Browser) -> None:
    path, _ = tube(browser)
    rejected = browser.send(f"{path}/reject", {**act(browser, path, "reject"), "reason": "QS"})
    assert rejected.headers["Location"] == "/tubes?said=rejected"
    assert "is cancelled, with the reason" in text(browser.get("/tubes?said=rejected"))
    assert "not enough volume" in text(browser.get(path))
    assert not page(browser.get(path)).xpath("//main//form")


@pytest.mark.parametrize(
    ("typed", "words"),
    [("000000000010", "check character does not match"), ("A-17", "knows no such tube"), ("", "required")],
)
def test_a_barcode_that_is_none_of_ours_keeps_the_counter_ready(browser: Browser, typed: str, words: str) -> None:
    counter.sit_down(browser, "technician@nord")
    told = browser.send("/tubes", {"barcode": typed})
    assert told.status_code == 422
    assert words in text(told)
    assert page(told).xpath("//input[@autofocus]/@name") == ["barcode"]


def test_an_address_that_is_no_tube_of_this_laboratory_is_refused(browser: Browser) -> None:
    path, _ = tube(browser)
    for wrong in ("/tubes/x", "/tubes/" + "00" * 16):
        assert browser.get(wrong).status_code == 422
    browser.sign_in("technician@sud")
    assert browser.get(path).status_code == 422
