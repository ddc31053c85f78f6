"""A small laboratory is moved by hand: people do their part in a real browser, the integrator types the words."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from aliquot.access import acts
from aliquot.access.acts import SignMandate
from aliquot.cli import catalogue as publishing
from aliquot.cli import layout
from aliquot.cli.legacy import keys
from aliquot.custody import forms
from aliquot.custody.roles import Role
from tests.cli import terminal
from tests.cli.legacy import laboratory
from tests.cli.legacy.conftest import Ground
from tests.cli.legacy.conftest import ground as ground
from tests.custody import departing, moving
from tests.legacy.move import Old
from tests.legacy.old import CATALOGUE, TOML, person, result
from tests.web import counter, test_browser
from tests.web.browser import Browser
from tests.web.served import served
from tests.world import Templates, World

pytestmark = pytest.mark.browser

KNOWN = {"family": "Lefèvre", "given": "Anne Marie", "born_on": "03111951", "sex": "female"}
DRAFT = """
since = 2001-01-01
until = 2025-12-31
sites = ["01"]

[[tables]]
name = "P"
columns = ["NUM", "NOM", "PRE", "NAI", "SEXE", "NIR", "ADR1", "ADR2", "CP", "VILLE", "COM", "SUP"]

[[tables]]
name = "R"
columns = ["NUM", "DOS", "JOUR", "HEURE", "SITE", "COD", "LIB", "VAL", "UNI", "FLAG", "ST", "VALIDE", "COM"]
dated = "JOUR"
sited = "SITE"
"""


@pytest.fixture
def lab(ground: Ground, templates: Templates, tmp_path: Path) -> Iterator[World]:
    """A laboratory at the present time, with a catalogue in force."""
    with laboratory.opened(ground, templates, "sqlite", tmp_path) as world:
        publishing.put_in_force(world.sign_in("director@nord"), CATALOGUE, world.factor("director@nord"), world.clock())
        yield world


@pytest.fixture
def source(tmp_path: Path) -> Old:
    """Two people, one of whom is known here, and four results, one of which the map does not name."""
    folder = tmp_path / "old"
    folder.mkdir()
    people = [person("17"), person("18", NOM="EXEMPLE", PRE="Paul", NAI="01/02/1980", SEXE="M")]
    results = [result(), result(COD="GLY", UNI="g/l", VAL="0,95"), result(COD="XYZ"), result("18", "901", VAL="138")]
    return Old(folder, people, results)


@dataclass
class House:
    """The laboratory with a browser for each who takes part, and the integrator's terminal."""

    lab: World
    source: Old
    chromium: Chromium
    origin: str
    open: ExitStack
    screens: dict[str, Page] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    mandate: str = ""

    def at(self, who: str, path: str = "") -> Page:
        """Somebody's own browser, at the page of the migration or another; the person signs in once."""
        if who not in self.screens:
            context = self.chromium.new_context(
                base_url=self.origin, locale="en-GB", viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
            )
            self.open.callback(context.close)
            self.screens[who] = page = context.new_page()
            page.on("pageerror", lambda error: self.wrong.append(str(error)))
            page.on("console", lambda said: self.wrong.append(said.text))
            test_browser.sign_in(page, self.lab, who)
        self.screens[who].goto(path or f"/migrations/{self.mandate}")
        return self.screens[who]

    def word(self, *words: str) -> str:
        """The integrator types a word of `aliquot legacy`."""
        said = terminal.run("legacy", *words, "--home", str(self.lab.home))
        assert said.status == 0, said.out + said.err
        return said.out

    @property
    def map(self) -> str:
        """The map that the integrator drew with the biologist."""
        return str(self.source.folder / "map.toml")

    @property
    def described(self) -> str:
        """The description of the source."""
        return str(self.source.folder / "source.toml")

    def sign(self, who: str, page: Page, button: str = "Sign") -> None:
        """Confirm with a fresh code."""
        page.get_by_label("One-time code").fill(self.lab.code(who))
        page.get_by_role("button", name=button, exact=True).click()

    def step(self, who: str, step: str, shows: str) -> Page:
        """Go to the next step by its key, and see there what it rests on."""
        page = self.at(who)
        page.keyboard.type("s")
        page.wait_for_url(f"**/steps/{step}")
        assert page.get_by_text(shows).first.is_visible()
        looked_at(page)
        return page

    def first(self, who: str, page: Page) -> None:
        """Sign, and wait for the second."""
        self.sign(who, page)
        page.get_by_text("It waits for the second signature").wait_for()

    def second(self, who: str, *, looking: bool = False) -> Page:
        """Read what the first has signed, and sign it too, by keys."""
        page = self.at(who, "/migrations")
        page.keyboard.type("w")
        page.wait_for_url("**/signatures/*")
        if looking:
            looked_at(page)
        page.locator("body").click(position={"x": 5, "y": 700})
        page.keyboard.press("1")
        self.sign(who, page, "Decide")
        page.get_by_text("It is in force").wait_for()
        return page


@pytest.fixture
def house(lab: World, source: Old, chromium: Chromium) -> Iterator[House]:
    with ExitStack() as stack, served(lab) as origin:
        made = House(lab, source, chromium, origin, stack)
        yield made
        stack.close()
        assert not [said for said in made.wrong if "Security Policy" in said or "Error" in said]


def looked_at(page: Page) -> None:
    """Nothing for axe in either scheme, and nothing to scroll sideways on a telephone."""
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    # What the scheme changes is colours; everything else was looked at.
    found = Axe().run(page, options={"runOnly": ["color-contrast"]})
    assert found.response["violations"] == [], found.generate_report()
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360, page.url
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_small_laboratory_is_moved_by_hand_through_the_desks(house: House) -> None:
    lab = house.lab
    secretary = Browser(lab)
    secretary.sign_in("secretary@nord")
    counter.register(secretary, KNOWN)
    house.word("enrol", moving.LOADER)
    enrolled(lab)
    house.source.reading().close()

    proposed(house)
    house.word("profile", house.mandate, house.described)
    mapped(house)
    house.word("rehearse", house.map, house.described)
    opened(house)
    house.word("load", house.map, house.described)
    told_apart(house)
    house.word("load", house.map, house.described)
    house.word("finish", house.mandate)
    house.word("reconcile", house.map, house.described)
    compared(house)
    reconciled(house)
    house.word("back", house.mandate, house.described)
    cut_over(house)
    house.word("close", house.mandate)
    closed(house)
    left(house)


def enrolled(lab: World) -> None:
    """The loader's key is enrolled by two people, at the desk of people."""
    public = layout.key(keys.file(lab.home, moving.LOADER)).public_key().public_bytes_raw()
    form = forms.EnrolService(moving.LOADER, Role.LOADER, public, lab.clock() + timedelta(days=60))
    change = moving.govern(lab, "administrator@nord", form, acts.Administer)
    moving.govern(lab, "director@nord", forms.Approve(change.hex(), forms.digest(form).hex()), SignMandate)


def proposed(house: House) -> None:
    page = house.at("director@nord", "/migrations")
    looked_at(page)
    page.keyboard.type("n")
    page.wait_for_url("**/propose")
    draft = house.source.folder / "scope.toml"
    draft.write_text(DRAFT.replace('"NOM"', '"NOM", "MDPWEB"'))
    page.get_by_label("The draft as a file").set_input_files(draft)
    page.get_by_label("Old system").fill("Mega 7.2")
    page.get_by_label("Purpose").fill("moving in")
    page.get_by_label("The processing terms as a file").set_input_files(draft)
    page.get_by_label("Loader").select_option(moving.LOADER)
    page.get_by_label("Patients at most").fill("50")
    page.get_by_label("Until").fill(f"{house.lab.clock() + timedelta(days=20):%Y-%m-%d}")
    page.get_by_role("button", name="Read it in words").click()
    assert "P.MDPWEB" in page.get_by_role("alert").first.inner_text()
    looked_at(page)
    page.get_by_label("Or the draft itself").fill(DRAFT)
    page.get_by_label("The processing terms as a file").set_input_files(draft)
    page.get_by_role("button", name="Read it in words").click()
    page.get_by_text("25 columns in all, and no other is read").wait_for()
    looked_at(page)
    house.first("director@nord", page)
    page = house.second("privacy@nord", looking=True)
    page.get_by_role("link", name="Mega 7.2").click()
    page.wait_for_url("**/migrations/*")
    house.mandate = page.url.rpartition("/")[2]
    looked_at(page)


def mapped(house: House) -> None:
    toml = TOML.replace('mandate = "00"', f'mandate = "{house.mandate}"')
    Path(house.map).write_text(toml)
    house.word("check", house.map)
    page = house.at("biologist@nord")
    page.get_by_role("link", name="Profile").click()
    looked_at(page)
    page.go_back()
    page = house.step("biologist@nord", "map", "Sodium")
    house.sign("biologist@nord", page)
    page.get_by_text("It is in force").wait_for()


def opened(house: House) -> None:
    page = house.step("director@nord", "load", "the map does not name this test")
    house.sign("director@nord", page)
    page.get_by_text("It is in force").wait_for()


def told_apart(house: House) -> None:
    page = house.at("director@nord")
    assert page.get_by_text("may be somebody who is known here: a person decides").is_visible()
    looked_at(page)
    page = house.at("secretary@nord", "/doubts")
    page.get_by_role("link", name="Mega 7.2").click()
    page.get_by_text("1 person of the old system waits to be told apart").wait_for()
    assert page.locator("input[name=choice]:checked").count() == 0
    looked_at(page)
    page.keyboard.press("1")
    page.keyboard.press("v")
    page.get_by_text("They are one person").wait_for()


def compared(house: House) -> None:
    for who in ("biologist@nord", "director@nord"):
        page = house.at(who)
        page.keyboard.type("c")
        page.wait_for_url("**/sample")
        page.keyboard.type("n")
        page.wait_for_url("**/sample/1")
        if who == "biologist@nord":
            looked_at(page)
        while "/sample/" in page.url:
            with page.expect_navigation():
                page.keyboard.press("1")
                page.keyboard.press("v")


def reconciled(house: House) -> None:
    page = house.step("biologist@nord", "reconcile", "Both sides agree")
    house.first("biologist@nord", page)
    house.second("director@nord")


def cut_over(house: House) -> None:
    page = house.step("director@nord", "cut-over", "Both sides agree")
    page.get_by_role("button", name="Read it before you sign").click()
    page.get_by_text("nothing but the loader").wait_for()
    looked_at(page)
    house.first("director@nord", page)
    house.second("privacy@nord")


def closed(house: House) -> None:
    page = house.step("privacy@nord", "close", "What was erased")
    house.first("privacy@nord", page)
    page = house.second("director@nord")
    assert page.get_by_text("This migration is over").is_visible()
    looked_at(page)
    with page.expect_download() as kept:
        page.keyboard.type("p")
    assert Path(kept.value.path()).read_bytes().startswith(b"%PDF")


def left(house: House) -> None:
    """What came in may leave again: proposed with a mistake first, changed, signed by two, followed."""
    departing.exporter(house.lab)
    received = house.source.folder / "receiver.json"
    received.write_text(departing.receiving(house.lab).document)
    page = house.at("director@nord", "/migrations")
    page.keyboard.type("x")
    page.wait_for_url("**/exports/propose")
    page.get_by_label("Receiver", exact=True).fill("Laboratoire du Sud")
    page.get_by_label("Purpose").fill("change of software")
    page.get_by_label("The receiver's signed mandate as a file").set_input_files(received)
    page.get_by_label("Most harmful class").select_option("restricted")
    page.get_by_label("First day").fill("2001-01-01")
    page.get_by_label("Last day").fill("2100-12-31")
    page.get_by_label("Other sites").fill("main")
    page.get_by_label("Exporter").select_option("porter")
    page.get_by_label("Patients at most").fill("1")
    page.get_by_label("Until").fill(f"{house.lab.clock() + timedelta(days=20):%Y-%m-%d}")
    page.get_by_role("button", name="Read it in words").click()
    assert "2 patients are in scope now." in page.get_by_role("alert").first.inner_text()
    looked_at(page)
    page.get_by_label("Patients at most").fill("2")
    page.get_by_role("button", name="Read it in words").click()
    page.get_by_role("heading", name="Sign what leaves").wait_for()
    looked_at(page)
    page.keyboard.type("b")
    page.get_by_label("comments", exact=True).check()
    page.get_by_role("button", name="Read it in words").click()
    house.first("director@nord", page)
    page = house.second("privacy@nord", looking=True)
    assert page.get_by_text("0 of 2 patients").is_visible()
    looked_at(page)
    looked_at(house.at("director@nord", "/migrations"))
