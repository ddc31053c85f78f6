"""A patient's first visit in a real browser, by keyboard: search, register, order, labels, tubes. Axe looks on."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.lab import desk
from tests.web.test_browser import sign_in
from tests.world import World

pytestmark = pytest.mark.browser


def typed(page: Page, *fields: str) -> None:
    """Type one field after the other, and send them."""
    for field in fields:
        page.keyboard.type(field)
        page.keyboard.press("Tab" if field is not fields[-1] else "Enter")


def looked_at(page: Page, name: str) -> None:
    """Axe finds nothing in either scheme, and a telephone need not scroll sideways.

    Where ALIQUOT_SCREENSHOTS names a folder, a person can look too.
    """
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        found = Axe().run(page)
        assert found.response["violations"] == [], f"{name}, {scheme}: {found.generate_report()}"
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360, name
    page.set_viewport_size({"width": 1280, "height": 900})
    folder = os.environ.get("ALIQUOT_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_a_first_visit_from_the_search_to_the_accepted_tube(screen: Page, small_lab: World) -> None:
    desk.publish(small_lab)
    sign_in(screen, small_lab, "secretary@nord")
    screen.keyboard.type("gr")
    screen.locator("[name='by-born_on']:focus").wait_for()
    typed(screen, "01041961", "zel", "je")
    screen.get_by_text("Nobody here fits").wait_for()
    screen.locator("[name='begin']:focus").wait_for()
    looked_at(screen, "nobody")
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/register")
    screen.get_by_label("Family name").fill("Zélande")
    screen.get_by_label("First names", exact=True).fill("Jeanne Odile")
    screen.get_by_label("Sex").select_option("female")
    looked_at(screen, "register")
    screen.get_by_role("button", name="Register").press("Enter")
    screen.get_by_text("The identity is provisional").wait_for()
    looked_at(screen, "patient")
    screen.keyboard.type("o")
    screen.locator("#filter:focus").wait_for()
    screen.keyboard.type("ions\n")
    screen.get_by_text("serum · Sodium, Potassium").wait_for()
    screen.keyboard.type("haemo\n")
    screen.get_by_text("whole blood · Haemoglobin").wait_for()
    looked_at(screen, "order")
    screen.get_by_label("Prescriber", exact=True).fill("Dr Exemple")
    screen.keyboard.press("Enter")
    screen.get_by_text("The order is placed").wait_for()
    looked_at(screen, "request")
    path = screen.get_by_role("link", name="2 labels").get_attribute("href")
    printed = screen.request.get(str(path))
    assert printed.body().startswith(b"%PDF")
    accession = screen.locator(".tubes a").first.inner_text()
    screen.get_by_role("button", name="Sign out").click()
    sign_in(screen, small_lab, "technician@nord")
    screen.keyboard.type("gt")
    screen.locator("[name='barcode']:focus").wait_for()
    looked_at(screen, "counter")
    screen.keyboard.type(f"{accession}\n")
    screen.get_by_role("heading", name=accession).wait_for()
    looked_at(screen, "tube")
    assert "LANDE" not in screen.content()
    screen.keyboard.type("1234a")
    screen.get_by_text("The next one, please.").wait_for()
    assert screen.evaluate("document.activeElement.name") == "barcode"
    looked_at(screen, "accepted")


def test_a_search_is_answered_in_place_and_the_first_hit_has_the_focus(screen: Page, small_lab: World) -> None:
    desk.publish(small_lab)
    secretary = desk.desk(small_lab, "secretary@nord")
    patient = secretary.register()
    sign_in(screen, small_lab, "secretary@nord")
    screen.goto("/reception")
    screen.locator("[name='by-born_on']:focus").wait_for()
    screen.keyboard.type("1961-04-01\n")
    hit = screen.get_by_role("link", name="ZÉLANDE")
    hit.wait_for()
    looked_at(screen, "found")
    assert screen.url.endswith("/reception")
    assert screen.evaluate("document.activeElement.href").endswith(patient.hex())
    screen.keyboard.press("1")
    screen.wait_for_url(f"**/patients/{patient.hex()}")
