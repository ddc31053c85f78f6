"""The pages in a real browser: passkeys, keys, contrast, and nothing asked of any other host."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import override_settings
from playwright.sync_api import Browser, Page

from tests.web.served import served
from tests.world import PASSWORD, World

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(chromium: Browser, small_lab: World) -> Iterator[Page]:
    """A screen in front of the gallery's pages; it complains of errors and of questions to other hosts."""
    wrong: list[str] = []
    with override_settings(ROOT_URLCONF="tests.web.gallery"), served(small_lab) as origin:
        context = chromium.new_context(base_url=origin, locale="en-GB", viewport={"width": 1280, "height": 800})
        page = context.new_page()
        asked: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text))
        page.on("request", lambda request: asked.append(request.url))
        yield page
        context.close()
    assert {urlsplit(url).hostname for url in asked} <= {"localhost"}
    assert not [said for said in wrong if "Security Policy" in said or "Error" in said]


def sign_in(desk: Page, lab: World, who: str) -> None:
    desk.goto("/sign-in")
    desk.get_by_label("Login").fill(who)
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_label("One-time code").fill(lab.code(who))
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/")


def focused(desk: Page) -> str | None:
    """The name of the field that has the focus."""
    found = desk.evaluate("document.activeElement.getAttribute('name')")
    return None if found is None else str(found)


def authenticator(desk: Page) -> None:
    """A device that makes passkeys and has always just recognised its owner."""
    session = desk.context.new_cdp_session(desk)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_enrolled_and_signs_in_without_password(desk: Page, small_lab: World) -> None:
    authenticator(desk)
    sign_in(desk, small_lab, "biologist@nord")
    desk.goto("/account")
    assert desk.get_by_text("none yet").is_visible()
    desk.get_by_label("Name of this device").fill("key ring")
    desk.get_by_label("One-time code").fill(small_lab.code("biologist@nord"))
    desk.get_by_role("button", name="Create the passkey").click()
    desk.get_by_text("enrolled").wait_for()
    desk.get_by_role("button", name="Sign out").click()
    desk.get_by_label("Login").fill("biologist@nord")
    desk.get_by_role("button", name="Sign in with a passkey").click()
    desk.wait_for_url("**/")
    assert desk.get_by_text("Good to see you, Biologist Nord").is_visible()


def test_a_person_sees_their_passkeys_and_ends_a_lost_one_with_another(desk: Page, small_lab: World) -> None:
    authenticator(desk)
    sign_in(desk, small_lab, "biologist@nord")
    desk.goto("/account")
    assert desk.get_by_text("You have no passkey yet").is_visible()
    desk.get_by_label("Name of this device").fill("key ring")
    desk.get_by_label("One-time code").fill(small_lab.code("biologist@nord"))
    desk.get_by_role("button", name="Create the passkey").click()
    row = desk.get_by_role("row", name="key ring")
    row.wait_for()
    assert "never" in row.inner_text()
    row.get_by_role("link", name="End it").click()
    assert Axe().run(desk).response["violations"] == []
    desk.get_by_label("Or a one-time code").fill("000000")
    desk.get_by_role("button", name="End this passkey").click()
    desk.get_by_text("The confirmation was not right").wait_for()
    desk.get_by_role("button", name="Confirm with passkey").click()
    desk.get_by_text("The passkey has ended").wait_for()
    entries = small_lab.custodian.custodian.store.db.execute("SELECT entry FROM leaf").fetchall()
    assert sum(b'"passkey-ended"' in entry for (entry,) in entries) == 1
    assert desk.get_by_text("You have no passkey yet").is_visible()


def test_without_a_passkey_the_page_says_what_to_do(desk: Page) -> None:
    authenticator(desk)
    desk.goto("/sign-in")
    desk.get_by_label("Login").fill("biologist@nord")
    desk.get_by_role("button", name="Sign in with a passkey").click()
    desk.get_by_text("The passkey was not used").wait_for()


def test_keys_lead_to_the_desks_and_a_question_mark_lists_them(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.keyboard.type("gv")
    desk.wait_for_url("**/gallery")
    desk.locator("body").click(position={"x": 5, "y": 700})
    desk.keyboard.type("?")
    dialog = desk.get_by_role("dialog", name="Help")
    assert "Validation" in dialog.get_by_role("region", name="Keyboard shortcuts").inner_text()
    assert "See which tubes wait, type values, validate what was measured." in dialog.inner_text()
    dialog.get_by_label("Use single keys").uncheck()
    desk.keyboard.press("Escape")
    desk.goto("/gallery")
    desk.locator("body").click(position={"x": 5, "y": 700})
    desk.keyboard.type("?")
    assert not dialog.is_visible()


def test_a_letter_typed_into_a_field_is_a_letter(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/gallery")
    desk.get_by_label("Comment").click()
    desk.keyboard.type("gs?")
    assert desk.get_by_label("Comment").input_value() == "gs?"


def test_a_telephone_offers_help_by_finger_and_speaks_of_no_key(desk: Page, small_lab: World) -> None:
    desk.set_viewport_size({"width": 360, "height": 740})
    sign_in(desk, small_lab, "technician@nord")
    assert not desk.get_by_text("Press ?").is_visible()
    desk.get_by_role("button", name="Help").click()
    dialog = desk.get_by_role("dialog", name="Help")
    assert "Scan the tubes that come in" in dialog.inner_text()
    assert not dialog.get_by_text("Keyboard shortcuts", exact=True).is_visible()
    assert Axe().run(desk).response["violations"] == []


def test_escape_leaves_the_scan_field_and_says_so(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/tubes")
    assert focused(desk) == "barcode"
    desk.keyboard.press("Escape")
    assert "Keys are shortcuts now" in desk.get_by_role("status").inner_text()
    desk.keyboard.type("gb")
    desk.wait_for_url("**/bench")


def test_two_keys_by_hand_lead_out_of_an_empty_scan_field(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/tubes")
    desk.keyboard.type("A7gb", delay=150)
    assert desk.get_by_label("Barcode").input_value() == "A7gb"
    desk.get_by_label("Barcode").fill("")
    desk.keyboard.type("gb", delay=150)
    desk.wait_for_url("**/bench")


def test_what_a_scanner_types_is_never_a_shortcut(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/tubes")
    taken = desk.get_by_label("Barcode").evaluate(
        """field => ["g", "b"].map(key => {
            const event = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
            field.dispatchEvent(event);
            field.value += key;
            return event.defaultPrevented;
        })"""
    )
    assert (taken, desk.get_by_label("Barcode").input_value()) == ([False, False], "gb")


def test_the_next_scan_comes_back_to_the_field_that_was_left(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/tubes")
    desk.keyboard.press("Escape")
    desk.keyboard.type("293292713470")
    assert desk.get_by_label("Barcode").input_value() == "293292713470"


def test_half_a_barcode_is_no_barcode(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/tubes")
    desk.keyboard.press("Escape")
    desk.keyboard.type("A17")
    assert (desk.get_by_label("Barcode").input_value(), focused(desk)) == ("", None)
    desk.keyboard.press("/")
    assert focused(desk) == "barcode"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/sign-in", "/invitation", "/", "/account", "/gallery"])
def test_axe_finds_nothing_in_either_scheme(desk: Page, small_lab: World, path: str, scheme: str) -> None:
    desk.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    if path not in {"/sign-in", "/invitation"}:
        sign_in(desk, small_lab, "technician@nord")
    desk.goto(path)
    found = Axe().run(desk)
    assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize("path", ["/sign-in", "/account", "/gallery"])
def test_a_small_screen_never_scrolls_sideways(desk: Page, small_lab: World, path: str) -> None:
    desk.set_viewport_size({"width": 360, "height": 740})
    sign_in(desk, small_lab, "technician@nord")
    desk.goto(path)
    assert desk.evaluate("document.documentElement.scrollWidth") == 360


def test_a_page_keeps_nothing_in_the_browser(desk: Page, small_lab: World) -> None:
    sign_in(desk, small_lab, "technician@nord")
    desk.goto("/gallery")
    assert desk.evaluate("Object.keys(localStorage)") == []
    # htmx remembers the address of the page for its own history, and never the page.
    assert desk.evaluate("Object.keys(sessionStorage)") == ["htmx-current-path-for-history"]
    assert desk.evaluate("[htmx.config.historyCacheSize, htmx.config.allowEval, htmx.config.selfRequestsOnly]") == [
        0,
        False,
        True,
    ]
