"""Reports: what is previewed is issued, copies are registered, and a correction says what it replaces."""

import io
import json

import pytest
from pypdf import PdfReader

from aliquot.record.models import Version
from aliquot.terms.kinds import Kind
from tests.lab import office
from tests.lab.office import Case, Office, number
from tests.web import results
from tests.web.browser import Browser, page, text


@pytest.fixture
def here(browser: Browser) -> Office:
    return results.at_work(browser.lab)


def issue(browser: Browser, case: Case) -> int:
    """The biologist reads the preview and issues it; the status of the answer."""
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}/report"
    return browser.send(f"{path}/issue", results.form(browser, path, f"{path}/issue")).status_code


def copy(browser: Browser, case: Case, version: int, form: str, recipient: str = "patient") -> tuple[bytes, str]:
    """Take a copy of a version; the answer and the name of its file."""
    path = f"/reports/{case.work.hex()}"
    shown = page(browser.get(f"{path}?version={version}"))
    begun = shown.xpath("//form[.//input[@value=$form]]//input[@name='act']", form=form)
    fields = {"act": str(begun[0].get("value")), "form": form, "recipient": recipient}
    got = browser.send(f"{path}/{version}", fields)
    assert got.status_code == 200, text(got)
    return got.content, got.headers["Content-Disposition"]


def test_every_word_is_read_before_it_is_issued_and_the_paper_says_the_same(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140"), "K": number("5.3")})
    browser.sign_in("biologist@nord")
    before = text(browser.get(f"/validation/{case.work.hex()}/report"))
    assert "Kaliémie" in before
    assert issue(browser, case) == 303
    after = text(browser.get(f"/reports/{case.work.hex()}"))
    for words in (
        "ZÉLANDE Jeanne Odile",
        "Kaliémie",
        "5,3",
        "haut",
        "3,5 – 5,1",
        "Biologist Nord",
        "Journal",
    ):
        assert words in after
    pdf, name = copy(browser, case, 1, "pdf")
    pages = PdfReader(io.BytesIO(pdf)).pages
    paper = " ".join(pages[0].extract_text().split())
    assert "Kaliémie" in paper
    assert "Page 1 sur 1" in paper.replace("\xa0", " ")
    assert "Zélande" not in name
    bundle, _ = copy(browser, case, 1, "fhir")
    assert json.loads(bundle)["type"] == "document"


def test_the_log_on_the_paper_is_how_far_history_reached(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140")})
    assert issue(browser, case) == 303
    (report,) = here.read(case).reports
    assert report.history_size > 20
    assert len(bytes.fromhex(report.history_root)) == 32
    assert report.history_root != "0a" * 32


def test_a_preview_that_is_no_longer_true_is_not_issued(browser: Browser, here: Office) -> None:
    case = results.measured(here, {"NA": number("140"), "K": number("4.1")})
    here.technically(case, here.choice(case, "NA"), here.choice(case, "K"))
    here.medically(case, here.choice(case, "NA"))
    browser.sign_in("biologist@nord")
    path = f"/validation/{case.work.hex()}/report"
    seen = results.form(browser, path, f"{path}/issue")
    here.medically(case, here.choice(case, "K"))
    refused = browser.send(f"{path}/issue", seen)
    assert refused.status_code == 409
    assert not Version.objects.filter(kind=Kind.REPORT)


def test_a_copy_names_nobody_outside_and_stands_in_the_register(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140")})
    assert issue(browser, case) == 303
    browser.sign_in("secretary@nord")
    _, name = copy(browser, case, 1, "pdf", "prescriber")
    assert "Zélande" not in name
    assert case.placed.number not in name
    shown = browser.get(f"/reports/{case.work.hex()}")
    cells = [str(each.text_content()) for each in page(shown).xpath("//div[@class='noprint']//tbody//td")]
    assert cells[1:] == ["1", "PDF", "the prescriber", "Secretary Nord"]
    assert Version.objects.filter(kind=Kind.DISCLOSURE).count() == 1
    assert "Correct a result" not in text(shown)


def test_the_same_copy_sent_twice_is_one_line_of_the_register(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140")})
    assert issue(browser, case) == 303
    path = f"/reports/{case.work.hex()}"
    begun = page(browser.get(path)).xpath("//form[.//input[@value='pdf']]//input[@name='act']/@value")
    fields = {"act": str(begun[0]), "form": "pdf", "recipient": "patient"}
    assert browser.send(f"{path}/1", fields).status_code == 200
    browser.send(f"{path}/1", fields)
    assert Version.objects.filter(kind=Kind.DISCLOSURE).count() == 1


def test_reports_are_found_by_a_barcode_and_nothing_else_is_in_the_address(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"NA": number("140")})
    browser.sign_in("secretary@nord")
    sent = browser.send("/reports", {"accession": case.placed.tubes[0].need.accession})
    assert sent.headers["Location"] == f"/reports/{case.work.hex()}"
    assert "No report was issued yet" in text(browser.get(f"/reports/{case.work.hex()}"))
    assert "No tube has this barcode here" in text(browser.send("/reports", {"accession": "NOT-ONE-OF-OURS"}))


def test_a_correction_needs_a_factor_and_the_next_version_says_what_it_replaces(browser: Browser, here: Office) -> None:
    case = results.signed(here, {"K": number("5.30")})
    assert issue(browser, case) == 303
    result = here.choice(case, "K").observation.hex()
    path = f"/reports/{case.work.hex()}/correct/{result}"
    filled = {"kind": "analysis", "reason": "dilution non prise en compte", "number": "4,10", "comparator": ""}
    asked = browser.send(path, {**results.form(browser, path), **filled})
    assert (asked.status_code, "A correction needs your confirmation" in text(asked)) == (422, True)
    assert page(asked).xpath("//input[@name='number']/@value") == ["4,10"]
    code = browser.lab.code("biologist@nord")
    sent = browser.send(path, {**results.form(browser, path), **filled, "factor-code": code})
    assert sent.status_code == 303
    here.verify(case, office.BY_HAND)
    here.technically(case, here.choice(case, "K"), who="second")
    here.medically(case, here.choice(case, "K"))
    assert issue(browser, case) == 303
    shown = text(browser.get(f"/reports/{case.work.hex()}"))
    assert "This version replaces version 1" in shown
    assert "5,30 mmol/L (haut)" in shown
    assert "4,10 mmol/L" in shown
    assert "dilution non prise en compte" in shown
    old = text(browser.get(f"/reports/{case.work.hex()}?version=1"))
    assert "This version is replaced by version 2" in old
    paper = " ".join(PdfReader(io.BytesIO(copy(browser, case, 2, "pdf")[0])).pages[0].extract_text().split())
    assert "remplace la version 1" in paper


@pytest.mark.parametrize(
    "filled", [{"reason": ""}, {"kind": ""}, {"number": "4.1", "absent": "error"}, {"number": "x"}]
)
def test_a_correction_that_is_not_clear_is_asked_for_again(
    browser: Browser, here: Office, filled: dict[str, str]
) -> None:
    case = results.signed(here, {"K": number("5.30")})
    assert issue(browser, case) == 303
    path = f"/reports/{case.work.hex()}/correct/{here.choice(case, 'K').observation.hex()}"
    fields = {**results.form(browser, path), "kind": "analysis", "reason": "dilution", **filled}
    answer = browser.send(path, {**fields, "factor-code": browser.lab.code("biologist@nord")})
    assert answer.status_code == 422
    assert "Please look at these again" in text(answer)
    assert here.found(case).observations[0].state == "released"
