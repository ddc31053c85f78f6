"""The biologist's pages: what waits, the dossier in its history, signatures, and what needs a factor first."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.terms import states
from tests.lab import desk, office
from tests.lab.office import NEGATIVE, Office, number
from tests.web import results
from tests.web.browser import Browser, page, text


@pytest.fixture
def here(browser: Browser) -> Office:
    return results.at_work(browser.lab)


def test_what_waits_is_listed_by_number_and_costs_the_same_for_one_and_three(browser: Browser, here: Office) -> None:
    costs = []
    for dossiers in (1, 2):
        for _ in range(dossiers):
            case = results.measured(here, {"NA": number("140"), "K": number("6.9")}, "ODD")
        browser.sign_in("biologist@nord")
        browser.get("/validation")
        with CaptureQueriesContext(connection) as asked:
            listed = browser.get("/validation")
        costs.append(len(asked))
    assert costs[0] == costs[1] <= 4
    assert len(page(listed).xpath("//tbody/tr")) == 3
    assert case.placed.number in text(listed)
    assert "measured 2" in text(listed)
    assert "The analyser raised a flag." in text(listed)
    assert "Zélande" not in listed.content.decode()
    told = page(listed).xpath("//*[@id='dossiers']/@hx-headers")[0].split('"')[3]
    headers = {"hx-request": "true", "x-seen": told}
    assert browser.client.get("/validation", headers=headers).status_code == 204
    here.cancel(case, "NA", version=2)
    assert browser.client.get("/validation", headers=headers).status_code == 200


def test_a_dossier_shows_who_why_and_what_was_found_before(browser: Browser, here: Office) -> None:
    patient = here.register()
    for before in ("136", "139"):
        earlier = here.ask(patient, "NA")
        here.finish(earlier, {"NA": number(before)})
        browser.lab.clock.pass_(timedelta(minutes=5))
    case = here.ask(patient, "NA", "K")
    here.record(case, {"NA": number("151")})
    here.verify(case, office.BY_HAND)
    browser.sign_in("biologist@nord")
    opened = browser.get(f"/validation/{case.work.hex()}")
    words = text(opened)
    assert "ZÉLANDE Jeanne Odile" in words
    assert "It is far from the patient's earlier result." in words
    (drawing,) = page(opened).xpath("//*[local-name()='svg' and @class='trend']")
    assert len(str(drawing.xpath("*[local-name()='polyline']/@points")[0]).split()) == 3
    assert [str(each.text_content()) for each in page(opened).xpath("//ul[@class='past']//b")] == ["139", "136"]
    assert "Zélande" not in str(page(opened).xpath("//title/text()")[0])
    assert "style=" not in opened.content.decode()


def test_chosen_results_are_signed_and_the_others_are_not(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140"), "K": number("4.1")})
    here.technically(case, here.choice(case, "NA"), here.choice(case, "K"))
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "comment": "Sans particularité."}
    assert browser.send(path, fields).status_code == 303
    assert {each.content.test: each.state for each in here.found(case).observations} == {
        "NA": states.Analysis.MED_VALIDATED,
        "K": states.Analysis.TECH_VALIDATED,
    }
    assert "Sans particularité." in text(browser.get(path))


def test_results_go_back_to_the_bench_with_a_reason(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140")})
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "do": "return", "reason": "look again"}
    assert browser.send(path, fields).status_code == 303
    (result,) = here.found(case).observations
    assert (result.state, result.content.reason) == (states.Analysis.MEASURED, "look again")


def test_a_session_at_rest_signs_once_it_is_confirmed_and_loses_nothing(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140")})
    here.technically(case, here.choice(case, "NA"))
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "comment": "typed with care"}
    browser.lab.clock.pass_(timedelta(minutes=11))
    asked = browser.send(path, fields)
    assert asked.status_code == 403
    assert "Your session has rested" in text(asked)
    tree = page(asked)
    assert tree.xpath("//input[@name='factor-code']")
    assert tree.xpath("//input[@type='checkbox']/@checked")
    assert tree.xpath("string(//textarea)") == "typed with care"
    again = {**fields, "act": str(tree.xpath("//form//input[@name='act']/@value")[0])}
    signed = browser.send(path, {**again, "factor-code": browser.lab.code("biologist@nord")})
    assert signed.status_code == 303
    assert here.found(case).observations[0].state == states.Analysis.MED_VALIDATED


def test_what_is_restricted_opens_for_a_purpose_with_a_factor(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140"), "HIV": NEGATIVE})
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}"
    closed = browser.get(path)
    assert "1 result is restricted and not shown" in text(closed)
    assert "HIV" not in closed.content.decode()
    begun = results.form(browser, path, f"{path}/restricted")
    assert browser.send(f"{path}/restricted", {**begun, "reason": "to sign it"}).status_code == 403
    begun = results.form(browser, path, f"{path}/restricted")
    code = browser.lab.code("biologist@nord")
    opened = browser.send(f"{path}/restricted", {**begun, "reason": "to sign it", "factor-code": code})
    assert "HIV" in text(opened)
    assert "negative" in text(opened)


def test_an_order_that_nobody_confirmed_opens_no_dossier_and_the_page_says_how(browser: Browser, here: Office) -> None:
    placed = here.reception.place(here.register(), desk.wanted("NA"))
    browser.sign_in("biologist@nord")
    path = f"/validation/{placed.requisition.hex()}"
    shut = browser.get(path)
    assert shut.status_code == 403
    assert "Nothing outside this program has confirmed the order" in text(shut)
    assert "Zélande" not in shut.content.decode()
    begun = results.form(browser, path, f"{path}/confirm")
    code = browser.lab.code("biologist@nord")
    assert browser.send(f"{path}/confirm", {**begun, "factor-code": code}).status_code == 303
    assert "ZÉLANDE" in text(browser.get(path))


def test_the_validation_desk_is_the_biologists(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140")})
    for who in ("technician@nord", "secretary@nord", "administrator@nord"):
        browser.sign_in(who)
        assert browser.get("/validation").status_code == 403
        assert browser.get(f"/validation/{case.work.hex()}").status_code == 403
