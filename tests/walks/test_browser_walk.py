"""From the register to the corrected report: one patient's day in a real browser, with a real analyser's message.

Reception registers, orders and labels; the bench takes the tube in; the analyser speaks MLLP to the listener; the
worker files and judges; a biologist signs in by passkey, releases, and corrects what was wrong. Axe looks on.
"""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from aliquot.intake.worker import Step, Worker
from aliquot.lab import catalogue
from aliquot.terms import clock
from aliquot.wire import mllp
from tests.cli.test_intake import listening
from tests.intake.test_worker import DEMO, spoken
from tests.lab import desk
from tests.web.screens import chromium as chromium
from tests.web.screens import screen as screen
from tests.web.test_browser import authenticator, sign_in
from tests.web.test_reception_path import looked_at, typed
from tests.web.test_results_path import leave, press
from tests.world import World

pytestmark = pytest.mark.browser


class Analyser:
    """An analyser on the line to a laboratory's listener, and the worker that files what it said."""

    def __init__(self, lab: World, port: int) -> None:
        self._worker = Worker(lab.installation, lab.worker(), clock.system)
        self._port = port

    def says(self, accession: str, *results: tuple[str, str, str]) -> Step:
        """Send one message about a tube, wait until it is stored, and let the worker take its turn."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=10) as line:
            line.sendall(mllp.frame(spoken(clock.system(), accession, *results)))
            assert b"MSA|AA" in line.recv(4096)
        return self.turn()

    def turn(self) -> Step:
        """The worker files what waits, and the rules look at it."""
        return self._worker.step()

    def close(self) -> None:
        """The line is closed."""
        self._worker.close()


@pytest.fixture
def analyser(screen: Page, small_lab: World) -> Iterator[Analyser]:
    """An enrolled analyser, behind the pages that are served, with the catalogue of the demonstration in force."""
    small_lab.enrol_device()
    desk.publish(small_lab, catalogue.parse(DEMO.read_text()))
    with listening(small_lab) as listen:
        made = Analyser(small_lab, listen.port)
        yield made
        made.close()


def test_from_the_register_to_the_corrected_report(screen: Page, small_lab: World, analyser: Analyser) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    screen.on("request", lambda request: asked.append(request.url))
    screen.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    accession = at_reception(screen, small_lab)
    taken_in(screen, small_lab, accession)
    assert analyser.says(accession, ("NA2", "141", "mmol/L"), ("K2", "5.9", "mmol/L")).judged == 1
    at_the_bench(screen, accession, "141")
    in_the_office(screen, small_lab)
    corrected(screen, "Potassium", "4.1")
    analyser.turn()
    leave(screen)
    sign_in(screen, small_lab, "technician@nord")
    at_the_bench(screen, accession, "4.1")
    by_passkey(screen, "biologist@nord")
    released(screen, 2)
    assert screen.get_by_text("This version replaces version 1").is_visible()
    assert screen.get_by_text("mixed up with the control").first.is_visible()
    assert {urlsplit(url).hostname for url in asked} == {"localhost"}
    assert complaints == []


def at_reception(screen: Page, lab: World) -> str:
    """Nobody fits, so somebody is registered; two tests are asked for; the label's number is the answer."""
    screen.goto("/sign-in")
    looked_at(screen, "walk-sign-in")
    sign_in(screen, lab, "secretary@nord")
    looked_at(screen, "walk-start")
    screen.keyboard.type("gr")
    screen.locator("[name='by-born_on']:focus").wait_for()
    looked_at(screen, "walk-search")
    typed(screen, "01041961", "zel", "je")
    screen.get_by_text("Nobody here fits").wait_for()
    screen.locator("[name='begin']:focus").wait_for()
    screen.keyboard.press("Enter")
    screen.wait_for_url("**/register")
    screen.get_by_label("Family name").fill("Zélande")
    screen.get_by_label("First names", exact=True).fill("Jeanne")
    screen.get_by_label("Sex").select_option("female")
    looked_at(screen, "walk-register")
    screen.get_by_role("button", name="Register").press("Enter")
    screen.get_by_text("The identity is provisional").wait_for()
    looked_at(screen, "walk-patient")
    screen.keyboard.type("o")
    for code, name in (("na", "serum · Sodium"), ("potas", "serum · Sodium, Potassium")):
        screen.locator("#filter:focus").wait_for()
        screen.keyboard.type(f"{code}\n")
        screen.get_by_text(name).wait_for()
    looked_at(screen, "walk-order")
    screen.get_by_label("Prescriber", exact=True).fill("Dr Exemple")
    screen.keyboard.press("Enter")
    screen.get_by_text("The order is placed").wait_for()
    looked_at(screen, "walk-request")
    label = screen.get_by_role("link", name="1 label").get_attribute("href")
    assert screen.request.get(str(label)).body().startswith(b"%PDF")
    accession = screen.locator(".tubes a").inner_text()
    leave(screen)
    return accession


def taken_in(screen: Page, lab: World, accession: str) -> None:
    """The technician looks at the tube, says when it was taken, and accepts it."""
    sign_in(screen, lab, "technician@nord")
    screen.keyboard.type("gt")
    screen.locator("[name='barcode']:focus").wait_for()
    looked_at(screen, "walk-tubes")
    screen.keyboard.type(f"{accession}\n")
    screen.get_by_role("heading", name=accession).wait_for()
    looked_at(screen, "walk-tube")
    assert "LANDE" not in screen.content()
    screen.keyboard.type("1234")
    press(screen, "m", "a")
    screen.get_by_text("The next one, please.").wait_for()


def at_the_bench(screen: Page, accession: str, shown: str) -> None:
    """The technician sees what was measured, and validates what nobody has validated yet."""
    screen.goto("/bench")
    looked_at(screen, "walk-bench")
    screen.get_by_role("link", name=accession).click()
    screen.wait_for_url("**/bench/*")
    screen.locator("td", has_text=shown).first.wait_for()
    looked_at(screen, "walk-bench-request")
    press(screen, "a", "v")
    screen.locator("td .chip", has_text="technically validated").first.wait_for()
    assert screen.locator("td .chip", has_text="measured").count() == 0
    leave(screen)


def in_the_office(screen: Page, lab: World) -> None:
    """The biologist enrols a passkey, comes back with it, and releases the first version."""
    authenticator(screen)
    sign_in(screen, lab, "biologist@nord")
    screen.goto("/account")
    looked_at(screen, "walk-account")
    screen.get_by_label("Name of this device").fill("key ring")
    screen.get_by_label("One-time code").fill(lab.code("biologist@nord"))
    screen.get_by_role("button", name="Create the passkey").click()
    screen.get_by_text("enrolled").wait_for()
    leave(screen)
    by_passkey(screen, "biologist@nord")
    released(screen, 1)
    for form, suffix in (("PDF", ".pdf"), ("FHIR", ".json")):
        with screen.expect_download() as download:
            screen.get_by_role("button", name=f"Download as {form}").click()
        assert download.value.suggested_filename.endswith(suffix)
        assert "LANDE" not in download.value.suggested_filename.upper()


def by_passkey(screen: Page, who: str) -> None:
    screen.get_by_label("Login").fill(who)
    screen.get_by_role("button", name="Sign in with a passkey").click()
    screen.wait_for_url("**/")


def released(screen: Page, version: int) -> None:
    """Everything that is technically validated is signed, read as it will be, and issued."""
    press(screen, "g", "v")
    screen.wait_for_url("**/validation")
    looked_at(screen, "walk-validation")
    screen.locator("tbody a").first.click()
    screen.wait_for_url("**/validation/*")
    looked_at(screen, f"walk-dossier-{version}")
    press(screen, "a", "v")
    screen.locator("td .chip", has_text="medically validated").first.wait_for()
    screen.wait_for_load_state()
    press(screen, "r")
    screen.wait_for_url("**/report")
    looked_at(screen, f"walk-release-{version}")
    press(screen, "i")
    screen.get_by_role("heading", name=f"version {version}").wait_for()
    looked_at(screen, f"walk-report-{version}")


def corrected(screen: Page, test: str, number: str) -> None:
    """A passkey over the correction itself opens the released result again."""
    screen.get_by_role("link", name=test).click()
    screen.wait_for_url("**/correct/*")
    looked_at(screen, "walk-correct")
    screen.get_by_label("What was wrong").select_option("analysis")
    screen.get_by_label("In the words of the report").fill("mixed up with the control")
    screen.get_by_label("Number").fill(number)
    screen.get_by_role("button", name="Confirm with passkey").click()
    screen.wait_for_url("**/validation/*")
    looked_at(screen, "walk-reopened")
