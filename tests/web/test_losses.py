"""Work that was lost, at the privacy desk: seen by an officer, acknowledged by two."""

from datetime import timedelta

from aliquot.access import settlement
from aliquot.terms import ids
from aliquot.terms.ids import Id
from tests.access import dying
from tests.web.browser import Browser, page, text
from tests.web.test_staff import decide


def lose(browser: Browser) -> Id:
    """A registration whose process is killed between sealing and storing; settlement finds it lost."""
    lab = browser.lab
    secretary = lab.sign_in("secretary@nord")
    patient = ids.new(secretary.org, lab.clock())
    assert dying.register(lab.home, lab.installation.custody.socket, secretary.ticket, patient, "prepared") == -9
    lab.clock.pass_(timedelta(seconds=settlement.PATIENCE_S + 1))
    (settled,) = settlement.settle(lab.worker())
    assert settled.outcome == "lost"
    return patient


def table(browser: Browser) -> list[list[str]]:
    """The rows of the list, or none where there is no list."""
    rows = page(browser.get("/privacy")).xpath("//table[contains(., 'Work that was lost')]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]


def confirm(browser: Browser, who: str) -> str:
    """Sign the list as this officer; where it led."""
    shown = browser.get("/privacy/lost")
    form = {
        str(one.get("name")): str(one.get("value", ""))
        for one in page(shown).xpath("//form[@action='/staff/changes']//input[@type='hidden']")
    }
    del form["csrfmiddlewaretoken"]
    sent = browser.send("/staff/changes", {**form, "factor-code": browser.lab.code(who)})
    return str(sent.headers.get("Location") or text(sent))


def test_two_officers_read_one_list_and_acknowledge_it(browser: Browser) -> None:
    patient = lose(browser)
    browser.sign_in("privacy@nord")
    ((_, again, who, pseudonym),) = table(browser)
    assert again.startswith("registered the patient")
    assert "name, birth date, sex" in again
    assert who == "Secretary Nord"
    assert len(pseudonym) == 32
    assert pseudonym != patient.hex()
    assert confirm(browser, "privacy@nord") == "/staff?said=waiting"
    assert len(table(browser)) == 1
    assert "Somebody else must approve this" in decide(browser, "privacy@nord", "approve")
    browser.sign_in("director@nord")
    (link,) = page(browser.get("/staff")).xpath("//ul[@class='choices']//a/@href")
    shown = text(browser.get(str(link)))
    assert "Acknowledge work that was lost" in shown
    assert pseudonym in shown
    assert decide(browser, "director@nord", "approve") == "/staff?said=in-force"
    assert table(browser) == []
    assert browser.get("/privacy/lost").headers["Location"] == "/privacy"


def test_who_is_no_officer_neither_sees_nor_signs_the_list(browser: Browser) -> None:
    lose(browser)
    browser.sign_in("administrator@nord")
    assert browser.get("/privacy").status_code == 403
    assert browser.get("/privacy/lost").status_code == 403
