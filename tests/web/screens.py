"""A real browser in front of the real pages."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.web.served import served
from tests.world import World

_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium."""
    # Playwright's own loop runs in this thread; what Django does here is over before the loop goes on.
    with pytest.MonkeyPatch.context() as allowing, sync_playwright() as playwright:
        allowing.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        found = os.environ.get("ALIQUOT_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def screen(chromium: Browser, small_lab: World) -> Iterator[Page]:
    """A screen in front of the pages; it complains of errors and of what the policy drops."""
    wrong: list[str] = []
    with served(small_lab) as origin:
        context = chromium.new_context(
            base_url=origin, locale="en-GB", viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text))
        yield page
        context.close()
    assert not [said for said in wrong if "Security Policy" in said or "Error" in said]
