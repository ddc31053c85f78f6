"""A result's way in a real browser, by keyboard: bench, dossier, report, correction by passkey. Axe looks on."""

import pytest
from playwright.sync_api import Page

from tests.lab import office
from tests.lab.desk import wanted
from tests.lab.office import Office, number
from tests.web import results
from tests.web.test_browser import authenticator, sign_in
from tests.web.test_reception_path import looked_at
from tests.world import World

pytestmark = pytest.mark.browser


def press(screen: Page, *keys: str) -> None:
    """Press keys once the page is all there: what it shows comes before the script that listens."""
    screen.wait_for_load_state()
    for key in keys:
        screen.keyboard.press(key)


def leave(screen: Page) -> None:
    screen.get_by_role("button", name="Sign out").click()
    screen.wait_for_url("**/sign-in")


def test_a_measured_result_becomes_a_report_and_then_its_correction(screen: Page, small_lab: World) -> None:
    here = results.at_work(small_lab)
    case = results.measured(here, {"NA": number("152"), "K": number("5.30")})
    at_the_bench(screen, small_lab)
    in_the_office(screen, small_lab)
    corrected(screen, here, case)
    assert screen.get_by_text("This version replaces version 1").is_visible()
    assert screen.get_by_text("dilution oubliée").is_visible()
    looked_at(screen, "report-2")


def at_the_bench(screen: Page, lab: World) -> None:
    """The technician validates both results without a mouse."""
    sign_in(screen, lab, "technician@nord")
    press(screen, "g", "b")
    screen.wait_for_url("**/bench")
    looked_at(screen, "bench")
    press(screen, "j", "o")
    screen.wait_for_url("**/bench/*")
    looked_at(screen, "bench-request")
    press(screen, "j", "x", "j", "x")
    assert screen.locator("input[data-row-choose]:checked").count() == 2
    press(screen, "v")
    screen.locator("td .chip", has_text="technically validated").nth(1).wait_for()
    leave(screen)


def in_the_office(screen: Page, lab: World) -> None:
    """The biologist enrols a passkey, signs what nothing holds, reads the report and issues it."""
    authenticator(screen)
    sign_in(screen, lab, "biologist@nord")
    screen.goto("/account")
    screen.get_by_label("Name of this device").fill("key ring")
    screen.get_by_label("One-time code").fill(lab.code("biologist@nord"))
    screen.get_by_role("button", name="Create the passkey").click()
    screen.get_by_text("enrolled").wait_for()
    press(screen, "g", "v")
    screen.wait_for_url("**/validation")
    looked_at(screen, "validation")
    screen.locator("tbody a").first.click()
    screen.wait_for_url("**/validation/*")
    looked_at(screen, "dossier")
    press(screen, "a", "v")
    screen.locator("td .chip", has_text="medically validated").nth(1).wait_for()
    press(screen, "r")
    screen.wait_for_url("**/report")
    looked_at(screen, "release")
    press(screen, "i")
    screen.wait_for_url("**/reports/*")
    looked_at(screen, "report-1")
    with screen.expect_download() as download:
        screen.get_by_role("button", name="Download as PDF").click()
    assert "Zélande" not in download.value.suggested_filename


def corrected(screen: Page, here: Office, case: office.Case) -> None:
    """A passkey opens the potassium again; a second biologist's signature makes version 2."""
    screen.get_by_role("link", name="Kaliémie").click()
    screen.wait_for_url("**/correct/*")
    looked_at(screen, "correct")
    screen.get_by_label("What was wrong").select_option("analysis")
    screen.get_by_label("In the words of the report").fill("dilution oubliée")
    screen.get_by_label("Number").fill("4.10")
    screen.get_by_role("button", name="Confirm with passkey").click()
    screen.wait_for_url("**/validation/*")
    here.verify(case, office.BY_HAND)
    here.technically(case, here.choice(case, "K"), who="second")
    screen.reload()
    press(screen, "a", "v")
    screen.locator("td .chip", has_text="medically validated").first.wait_for()
    press(screen, "r")
    screen.wait_for_url("**/report")
    press(screen, "i")
    screen.wait_for_url("**/reports/*")


def test_what_arrives_at_the_bench_is_shown_and_said_without_loading_the_page(screen: Page, small_lab: World) -> None:
    here = results.at_work(small_lab)
    case = here.ask(here.register(), "NA")
    sign_in(screen, small_lab, "technician@nord")
    screen.goto("/bench")
    press(screen, "j")
    here.record(case, {"NA": number("138")})
    screen.get_by_text("138 mmol/L").wait_for(timeout=12_000)
    screen.locator("tr.arrived").wait_for()
    assert case.placed.tubes[0].need.accession in screen.locator("#live").inner_text()
    # The list was exchanged under somebody's hands: their place in it stays.
    assert screen.evaluate("document.activeElement.id") == f"open-{case.tube.hex()}"


def test_the_desks_fit_a_small_screen(screen: Page, small_lab: World) -> None:
    here = results.at_work(small_lab)
    case = results.measured(here, {"NA": number("152"), "K": number("6.90")}, "ODD")
    screen.emulate_media(color_scheme="dark", reduced_motion="reduce")
    sign_in(screen, small_lab, "biologist@nord")
    work = case.work.hex()
    entry = f"/bench/{work}/type/{case.order('NA').hex()}/{case.tube.hex()}"
    unconfirmed = here.reception.place(here.register(), wanted("NA")).requisition.hex()
    office_pages = ("/validation", f"/validation/{work}", f"/validation/{unconfirmed}")
    for path in ("/bench", f"/bench/{work}", entry, *office_pages, "/reports", f"/reports/{work}"):
        screen.set_viewport_size({"width": 360, "height": 740})
        screen.goto(path)
        assert screen.evaluate("document.documentElement.scrollWidth") == 360, path
        assert not [key for key in screen.locator(".button kbd").all() if key.is_visible()], path
        looked_at(screen, f"small{path.replace('/', '-')[:24]}")
