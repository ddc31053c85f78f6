"""The desks of officers, integrators and administrators in a real browser: contrast, names, keys, small screens."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from aliquot.access import acts, door, governing
from aliquot.custody import forms
from aliquot.custody.roles import Role
from aliquot.intake import quarantine
from aliquot.terms.purposes import Purpose
from tests.custody.test_inventory import told
from tests.intake.test_worker import Bench, oru
from tests.plan import NORD
from tests.web import test_browser
from tests.web.test_browser import desk as desk
from tests.world import World

pytestmark = pytest.mark.browser


@pytest.fixture
def bench(small_lab: World) -> Iterator[Bench]:
    """A bench whose analyser uses a code that nobody knows."""
    made = Bench(small_lab)
    yield made
    made.slot.close()
    made.worker.close()


def looked_at(desk: Page, path: str) -> None:
    """One page: nothing for axe, and nothing to scroll sideways on a telephone."""
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto(path)
    found = Axe().run(desk)
    assert found.response["violations"] == [], found.generate_report()
    desk.set_viewport_size({"width": 360, "height": 740})
    assert desk.evaluate("document.documentElement.scrollWidth") == 360, path


def leave(desk: Page) -> None:
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto("/")
    desk.get_by_role("button", name="Sign out").click()
    desk.wait_for_url("**/sign-in")


def test_axe_finds_nothing_at_these_desks_and_keys_lead_there(desk: Page, small_lab: World, bench: Bench) -> None:
    patient, placed = bench.order("NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("XX", "141", "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(acts.organization(NORD), quarantine.WAITING, 10)

    test_browser.sign_in(desk, small_lab, "biologist@nord")
    desk.keyboard.type("gl")
    desk.wait_for_url("**/glass")
    looked_at(desk, "/glass")
    looked_at(desk, f"/glass/{patient.hex()}")
    desk.get_by_label("Reason").select_option("emergency")
    desk.get_by_label("In your words").fill("unconscious, unknown medication")
    desk.get_by_label("One-time code").fill(small_lab.code("biologist@nord"))
    desk.get_by_role("button", name="Break the glass").click()
    desk.wait_for_url("**/dossier")
    looked_at(desk, f"/glass/{patient.hex()}/dossier")
    leave(desk)

    test_browser.sign_in(desk, small_lab, "privacy@nord")
    looked_at(desk, "/privacy")
    looked_at(desk, "/privacy/patients")
    looked_at(desk, f"/privacy/patients/{patient.hex()}")
    leave(desk)

    test_browser.sign_in(desk, small_lab, "integrator@nord")
    looked_at(desk, "/quarantine")
    looked_at(desk, f"/quarantine/{message.hex()}")
    leave(desk)

    test_browser.sign_in(desk, small_lab, "administrator@nord")
    looked_at(desk, "/staff/ask/service")
    looked_at(desk, "/staff")
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.goto("/staff")
    desk.get_by_role("link", name="Technician Nord").click()
    desk.get_by_label("Role", exact=True).first.select_option("biologist")
    looked_at(desk, desk.url)
    desk.set_viewport_size({"width": 1280, "height": 900})
    desk.get_by_label("Role", exact=True).first.select_option("biologist")
    desk.get_by_role("button", name="Grant a role").click()
    desk.get_by_role("heading", name="Is this what you want?").wait_for()
    assert Axe().run(desk).response["violations"] == []
    desk.get_by_label("One-time code").fill(small_lab.code("administrator@nord"))
    desk.get_by_role("button", name="Confirm").click()
    desk.wait_for_url("**/staff?said=waiting")
    desk.keyboard.type("w")
    desk.wait_for_url("**/staff/changes/*")
    looked_at(desk, desk.url)


def test_a_second_person_approves_with_a_passkey_over_exactly_what_was_chosen(desk: Page, small_lab: World) -> None:
    accounts = told(small_lab, "administrator@nord").accounts
    technician = next(one.person for one in accounts if one.login == "technician@nord")
    administrator = small_lab.sign_in("administrator@nord")
    meant = door.intent(administrator, small_lab.clock(), Purpose.HSYSADMIN)
    factor = small_lab.factor("administrator@nord")
    form = forms.GrantRole(technician, Role.BIOLOGIST, "nord")
    governing.change(administrator, form, replace(meant, factor=factor))

    test_browser.authenticator(desk)
    test_browser.sign_in(desk, small_lab, "director@nord")
    desk.goto("/account")
    desk.get_by_label("Name of this device").fill("key ring")
    desk.get_by_label("One-time code").fill(small_lab.code("director@nord"))
    desk.get_by_role("button", name="Create the passkey").click()
    desk.get_by_text("enrolled").wait_for()
    desk.goto("/staff")
    desk.get_by_role("link", name="Grant a role").click()
    desk.get_by_label("Approve").check()
    desk.get_by_role("button", name="Confirm with passkey").click()
    desk.wait_for_url("**/staff?said=in-force")
    assert told(small_lab, "administrator@nord").waiting == ()
