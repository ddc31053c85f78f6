"""Addresses of another laboratory: they open nothing, and do not even tell what is there."""

import re

import pytest

from tests.lab import desk, office
from tests.lab.office import Case, number
from tests.web import results
from tests.web.browser import Browser, text

PAGES = [
    ("secretary", "/patients/{patient}"),
    ("secretary", "/patients/{patient}/order"),
    ("secretary", "/patients/{patient}/requests/{work}"),
    ("secretary", "/patients/{patient}/requests/{work}/labels"),
    ("secretary", "/tubes/{tube}"),
    ("secretary", "/reports/{work}"),
    ("technician", "/bench/{work}"),
    ("biologist", "/validation/{work}"),
    ("biologist", "/validation/{work}/report"),
    ("biologist", "/reports/{work}"),
    ("biologist", "/glass/{patient}"),
    ("biologist", "/glass/{patient}/dossier"),
    ("privacy", "/privacy/patients/{patient}"),
    ("integrator", "/quarantine/{work}"),
]
NOBODY = "0123456789abcdef"


@pytest.fixture
def theirs(browser: Browser) -> Case:
    """A patient of the first laboratory, with an issued report; the second one is open too."""
    here = results.at_work(browser.lab)
    case = results.signed(here, {"NA": number("141")})
    here.release(case)
    desk.publish(browser.lab, office.CATALOGUE, "director@sud")
    return case


def test_a_page_answers_the_same_for_what_another_laboratory_has_and_what_it_has_not(
    browser: Browser, theirs: Case
) -> None:
    real = {"patient": theirs.patient.hex(), "work": theirs.work.hex(), "tube": theirs.tube.hex()}
    invented = {name: there[:16] + NOBODY for name, there in real.items()}
    for who, path in PAGES:
        browser.sign_in(f"{who}@sud")
        told = [answer(browser, path.format(**ids)) for ids in (real, invented)]
        assert told[0] == told[1], path
        assert "Zélande" not in told[0][1]
        assert "141" not in told[0][1]


def answer(browser: Browser, path: str) -> tuple[int, str]:
    """A page's status and words, without the ids that it repeats."""
    shown = browser.get(path)
    return shown.status_code, re.sub("[0-9a-f]{32}", "", text(shown))
