"""Ordering: tests and panels, the tubes that they need, labels that carry the tubes' barcodes."""

import re
import subprocess
from pathlib import Path

import pypdf

from aliquot.record.models import Requisition
from tests.web import counter
from tests.web.browser import Browser, page, text


def accessions(browser: Browser, request: str) -> list[str]:
    found: list[str] = page(browser.get(request)).xpath("//ul[@class='tubes']//a/text()")
    return found


def test_the_catalogue_is_offered_by_section_without_what_cannot_be_ordered(browser: Browser) -> None:
    counter.sit_down(browser)
    form = page(browser.get(f"{counter.register(browser)}/order"))
    assert form.xpath("//fieldset[@class='offers']/legend/text()") == [
        "Panels",
        "Biochemistry",
        "Haematology",
        "Serology",
    ]
    assert form.xpath("//input[@name='panels']/@value") == ["IONS"]
    assert "OLD" not in form.xpath("//input[@name='tests']/@value")
    assert "ZÉLANDE Jeanne Odile" in form.text_content()


def test_a_test_that_comes_in_a_panel_is_ordered_once_and_its_tubes_have_colours_in_words(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    placed = browser.get(counter.order(browser, patient, "NA", panels="IONS", priority="stat"))
    (tube,) = page(placed).xpath("//ul[@class='tubes']/li")
    words = " ".join(tube.text_content().split())
    assert "yellow" in words
    assert "serum · NA K" in words
    assert tube.xpath(".//span[@class='tube tube--yellow']")
    assert "at once" in text(placed)


def test_the_tubes_are_told_while_tests_are_chosen(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    told = browser.send(f"{patient}/order/tubes", {"tests": "HB", "panels": "IONS"}, part=True)
    assert [one.text_content().strip() for one in page(told).xpath("//span[starts-with(@class, 'tube ')]")] == [
        "purple",
        "yellow",
    ]
    assert Requisition.objects.count() == 0


def test_the_same_form_sent_twice_is_one_order(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    form = counter.form(page(browser.get(f"{patient}/order")), f"{patient}/order")
    sent = [browser.send(f"{patient}/order", {**form, "tests": "NA", "prescriber": "Dr Exemple"}) for _ in range(2)]
    assert len({one.headers["Location"] for one in sent}) == 1
    assert Requisition.objects.count() == 1
    assert "waits for its tubes" in text(browser.get(patient))


def test_an_order_without_a_test_is_told_and_not_placed(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    form = counter.form(page(browser.get(f"{patient}/order")), f"{patient}/order")
    told = browser.send(f"{patient}/order", {**form, "prescriber": "Dr Exemple"})
    assert told.status_code == 422
    assert "Choose at least one test or panel." in text(told)
    assert Requisition.objects.count() == 0


def test_labels_carry_the_barcodes_of_the_tubes(browser: Browser, tmp_path: Path) -> None:
    counter.sit_down(browser)
    request = counter.order(browser, counter.register(browser), "NA")
    printed = browser.get(f"{request}/labels")
    assert printed.headers["Content-Type"] == "application/pdf"
    assert printed.headers["Content-Disposition"] == 'inline; filename="labels.pdf"'
    (tmp_path / "labels.pdf").write_bytes(printed.content)
    subprocess.run(["pdftoppm", "-r", "406", "-png", tmp_path / "labels.pdf", tmp_path / "label"], check=True)
    scanned = [
        subprocess.run(["zbarimg", "-q", "--raw", image], check=True, capture_output=True, text=True).stdout.strip()
        for image in sorted(tmp_path.glob("*.png"))
    ]
    assert scanned == accessions(browser, request)
    (words,) = [sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "labels.pdf").pages]
    for said in ("ZÉLANDE J.", "01/04/1961", "sérum · jaune"):
        assert said in words


def test_an_order_is_confirmed_with_a_fresh_code_and_not_with_another(browser: Browser) -> None:
    counter.sit_down(browser)
    request = counter.order(browser, counter.register(browser))
    shown = browser.get(request)
    assert "Earlier results stay closed" in text(shown)
    form = counter.form(page(shown), f"{request}/confirm")
    refused = browser.send(f"{request}/confirm", {**form, "factor-code": "000000"})
    assert refused.status_code == 422
    code = browser.lab.code("secretary@nord")
    confirmed = browser.send(f"{request}/confirm", {**form, "factor-code": code})
    assert confirmed.headers["Location"] == f"{request}?said=confirmed"
    assert "You stand for this order" in text(browser.get(confirmed.headers["Location"]))


def test_a_technician_reads_a_request_without_its_person(browser: Browser) -> None:
    counter.sit_down(browser)
    request = counter.order(browser, counter.register(browser))
    browser.sign_in("technician@nord")
    shown = browser.get(request)
    assert shown.status_code == 200
    assert accessions(browser, request)
    assert not re.search("z.lande|jeanne", shown.content.decode(), re.IGNORECASE)
