"""A browser in front of the real pages, and a real custodian behind them."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from aliquot.web import process
from tests.web.browser import Browser
from tests.web.screens import chromium as chromium
from tests.web.screens import screen as screen
from tests.world import World


@pytest.fixture
def browser(small_lab: World) -> Iterator[Browser]:
    """Somebody's browser that nobody has signed in with yet."""
    with override_settings(INSTALLATION=small_lab.installation):
        yield Browser(small_lab)
        process.line().hang_up()
