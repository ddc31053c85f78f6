"""The bench's pages: tubes by code, what is decided about their results, and what no page of the bench shows."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from aliquot.terms import states
from tests.lab import office
from tests.lab.office import NEGATIVE, Office, number
from tests.web import results
from tests.web.browser import Browser, page, text


@pytest.fixture
def here(browser: Browser) -> Office:
    return results.at_work(browser.lab)


def test_a_tube_waits_by_code_sex_and_age_and_nobody_is_named(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138"), "K": number("6.9")}, "ODD")
    browser.sign_in("technician@nord")
    listed = browser.get("/bench")
    assert case.placed.tubes[0].need.accession in text(listed)
    assert "female 65 years" in text(listed)
    assert "Potassium 6.9 mmol/L ⇈ critically high The analyser raised a flag." in text(listed)
    opened = browser.get(f"/bench/{case.work.hex()}")
    assert "Measure again; if it comes back, say why it may stand." in text(opened)
    for shown in (listed, opened):
        assert "Zélande" not in shown.content.decode()
        assert "Jeanne" not in shown.content.decode()


def test_the_most_urgent_stands_first_and_a_bench_shows_its_own(browser: Browser, here: Office) -> None:
    first = here.ask(here.register(), "NA")
    second = here.ask(here.register(), "NA")
    tree = page_of(browser, "/bench")
    codes = [str(each) for each in tree.xpath("//tbody/tr/@data-name")]
    assert codes == [case.placed.tubes[0].need.accession for case in (first, second)]
    assert not page_of(browser, "/bench?bench=haematology").xpath("//tbody/tr")
    assert len(page_of(browser, "/bench?bench=biochemistry&step=results").xpath("//tbody/tr")) == 2
    assert not page_of(browser, "/bench?step=validation").xpath("//tbody/tr")


def page_of(browser: Browser, path: str):  # type: ignore[no-untyped-def]  # lxml has no types
    browser.sign_in("technician@nord")
    return page(browser.get(path))


def test_the_list_costs_the_same_with_one_and_with_three_tubes(browser: Browser, here: Office) -> None:
    costs = []
    for tubes in (1, 2):
        for _ in range(tubes):
            results.measured(here, {"NA": number("140")})
        browser.sign_in("technician@nord")
        browser.get("/bench")
        with CaptureQueriesContext(connection) as asked:
            listed = browser.get("/bench")
        costs.append(len(asked))
    assert len(page(listed).xpath("//tbody/tr")) == 3
    assert costs[0] == costs[1] <= 6


def test_a_list_that_has_not_changed_is_not_sent_again(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140")}, asked=("NA", "K"))
    browser.sign_in("technician@nord")
    told = page(browser.get("/bench", part=True)).xpath("//*[@id='tubes']/@hx-headers")[0]
    seen = told.split('"')[3]
    headers = {"hx-request": "true", "x-seen": seen}
    assert browser.client.get("/bench", headers=headers).status_code == 204
    here.record(case, {"K": number("4.0")})
    again = browser.client.get("/bench", headers=headers)
    assert "Potassium 4.0" in text(again)
    assert not page(again).xpath("//header")


def test_chosen_results_are_validated_and_what_is_held_is_not(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138"), "K": number("4.1")})
    browser.sign_in("technician@nord")
    path = f"/bench/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "do": "validate"}
    assert browser.send(path, fields).status_code == 303
    found = here.found(case)
    assert {each.content.test: each.state for each in found.observations} == {
        "NA": states.Analysis.TECH_VALIDATED,
        "K": states.Analysis.MEASURED,
    }
    assert found.observations[0].content.signatures[0].name == "Technician Nord"


def test_a_held_result_needs_a_reason_from_a_role_that_may_give_one(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138")}, "ODD")
    path, chosen = f"/bench/{case.work.hex()}", results.choose(here, case, "NA")
    browser.sign_in("technician@nord")
    refused = browser.send(path, {**results.form(browser, path), **chosen, "do": "validate"})
    assert refused.status_code == 422
    assert page(refused).xpath("//input[@type='checkbox' and @checked]")
    assert "A chosen result is held" in text(refused)
    # A technician may set a flag aside only once it came back: no field promises more.
    assert not page(refused).xpath("//input[starts-with(@name, 'aside-')]")
    aside = {f"aside-{here.choice(case, 'NA').observation.hex()}-INSTRUMENT_FLAG": "seen by eye"}
    browser.sign_in("biologist@nord")
    sent = {**results.form(browser, path), **chosen, **aside, "do": "validate"}
    assert browser.send(path, sent).status_code == 303
    (hold,) = here.found(case).observations[0].content.holds
    assert hold.override_reason == "seen by eye"


def test_measuring_again_and_giving_up_say_why(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138"), "K": number("4.1")})
    browser.sign_in("technician@nord")
    path = f"/bench/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "do": "repeat", "reason": "bubble"}
    assert browser.send(path, fields).status_code == 303
    spot = f"spot-{case.order('K').hex()}-{case.tube.hex()}"
    give_up = {**results.form(browser, path, f"{path}/give-up"), spot: "2", "reason": "too little"}
    assert browser.send(f"{path}/give-up", give_up).status_code == 303
    opened = text(browser.get(path))
    assert "to be measured type Reason: bubble" in opened
    assert "will not be done Reason: too little" in opened


def test_what_somebody_changed_meanwhile_is_not_validated(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138")})
    browser.sign_in("technician@nord")
    path = f"/bench/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "do": "validate"}
    here.record(case, {"NA": number("145")})
    refused = browser.send(path, fields)
    assert refused.status_code == 409
    assert "Somebody changed this in the meantime" in text(refused)


def test_the_same_form_sent_twice_is_one_validation(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138")})
    browser.sign_in("technician@nord")
    path = f"/bench/{case.work.hex()}"
    fields = {**results.form(browser, path), **results.choose(here, case, "NA"), "do": "validate"}
    assert [browser.send(path, fields).status_code for _ in range(2)] == [303, 303]
    assert len(here.found(case).observations[0].content.signatures) == 1


def test_a_protected_test_is_counted_at_the_bench_and_never_shown(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138"), "HIV": NEGATIVE})
    browser.sign_in("technician@nord")
    for path, words in (("/bench", "1 protected test"), (f"/bench/{case.work.hex()}", "1 test of this request")):
        shown = browser.get(path)
        assert words in text(shown)
        assert "HIV" not in shown.content.decode()
        assert "negative" not in shown.content.decode()


def test_a_bench_of_another_laboratory_is_not_there(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("138")})
    browser.sign_in("technician@sud")
    assert browser.get(f"/bench/{case.work.hex()}").status_code == 422
    browser.sign_in("secretary@nord")
    assert browser.get("/bench").status_code == 403
    assert office.CATALOGUE.version == 1
