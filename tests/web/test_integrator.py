"""The integrator's view in front of a real custodian: reasons and codes, repair and retry, and nobody's identity."""

from collections.abc import Iterator

import pytest

from aliquot.access import acts
from aliquot.intake import quarantine
from aliquot.intake.fates import Cause
from aliquot.web import quarantine_words
from tests.intake.test_worker import Bench, oru
from tests.plan import NORD
from tests.web.browser import Browser, page, text

NAME, BORN, VALUE = "QUICHERAT", "19610401", "141.73"


@pytest.fixture
def bench(browser: Browser) -> Iterator[Bench]:
    """A bench whose analyser says who the patient is, and uses a code that nobody knows."""
    made = Bench(browser.lab)
    yield made
    made.slot.close()
    made.worker.close()


def unclear(bench: Bench) -> str:
    """A message with a name in it waits; the answer is the address of its page."""
    _, placed = bench.order("NA")
    said = oru(bench, placed.tubes[0].need.accession, ("XX", VALUE, "mmol/L"))
    head, _, rest = said.partition(b"OBR")
    bench.post(head + f"PID|1||P1^^^LAB||{NAME}^JEANNE||{BORN}|F\r".encode() + b"OBR" + rest)
    bench.worker.step()
    (message,) = quarantine.waiting(acts.organization(NORD), quarantine.WAITING, 10)
    return f"/quarantine/{message.hex()}"


def filled(browser: Browser, address: str, action: str, **typed: str) -> dict[str, str]:
    """The form of a page with some fields typed anew."""
    (form,) = page(browser.get(address)).xpath(f"//form[@action='{action}']")
    fields = {str(one.get("name")): str(one.get("value", "")) for one in form.xpath(".//input")}
    del fields["csrfmiddlewaretoken"]
    return {**fields, **typed}


def test_what_waits_is_listed_by_reason_with_place_and_analyser(browser: Browser, bench: Bench) -> None:
    browser.sign_in("integrator@nord")
    assert "Every message was understood" in text(browser.get("/quarantine"))
    address = unclear(bench)
    shown = browser.get("/quarantine")
    (caption,) = page(shown).xpath("//caption")
    assert "This analyser's code is mapped to no test." in caption.text_content()
    (row,) = page(shown).xpath("//tbody/tr")
    assert row.xpath(".//a/@href") == [address]
    assert [cell.text_content() for cell in row][1:4] == ["ANALYSER-1", "nord", "OBX[1]-3"]


def test_nothing_of_identity_and_no_value_is_on_any_page(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    answers = [browser.get("/quarantine"), browser.get(address)]
    repair = filled(browser, address, f"{address}/repair")
    answers += [browser.send(f"{address}/repair", repair), browser.get(address), browser.get(address, part=True)]
    for answer in answers:
        for planted in (NAME, "JEANNE", BORN, "1961", VALUE, "141"):
            assert planted not in answer.content.decode()
    assert "AAAAAAAAA^AAAAAA" in answers[1].content.decode()
    assert "999.99" in answers[1].content.decode()


def test_the_unclear_place_is_marked_and_a_code_can_be_typed_there(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    shown = page(browser.get(address))
    (unclear_cell,) = shown.xpath("//div[contains(@class, 'cell--unclear')]")
    assert unclear_cell.get("id") == "at-OBX[1]-3"
    assert unclear_cell.xpath(".//input/@value") == ["XX^XX^L"]
    assert "NA2^^L" in shown.xpath(f"//datalist[@id='{unclear_cell.xpath('.//input/@list')[0]}']/option/@value")
    assert shown.xpath("//a[@href='#at-OBX[1]-3']")
    names = {str(one) for one in shown.xpath("//input/@name")}
    assert "field-OBX[1]-6" in names
    assert not [name for name in names if "PID" in name or name.endswith("OBX[1]-5")]


def test_the_codes_that_the_analyser_may_send_are_listed_with_the_tubes_open_tests_first(
    browser: Browser, bench: Bench
) -> None:
    _, placed = bench.order("K", "NA")
    bench.post(oru(bench, placed.tubes[0].need.accession, ("XX", VALUE, "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(acts.organization(NORD), quarantine.WAITING, 10)
    browser.sign_in("integrator@nord")
    rows = page(browser.get(f"/quarantine/{message.hex()}")).xpath("//main//table//tbody/tr")
    listed = [[" ".join(cell.text_content().split()) for cell in row] for row in rows]
    assert listed[:2] == [["K2^^L", "Potassium", "open"], ["NA2^^L", "Sodium", "open"]]
    assert len(listed) > 10
    assert {row[2] for row in listed[2:]} == {"–"}


def test_codes_of_a_message_without_a_known_tube_are_listed_by_their_tests(browser: Browser, bench: Bench) -> None:
    bench.post(oru(bench, "999999999999", ("NA2", VALUE, "mmol/L")))
    bench.worker.step()
    (message,) = quarantine.waiting(acts.organization(NORD), quarantine.WAITING, 10)
    browser.sign_in("integrator@nord")
    rows = page(browser.get(f"/quarantine/{message.hex()}")).xpath("//main//table//tbody/tr")
    assert {row[2].text_content().strip() for row in rows} == {"–"}
    tests = [row[1].text_content().strip() for row in rows]
    assert tests == sorted(tests)


def test_a_corrected_code_is_tried_again_by_the_worker_and_filed(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    typed = {"field-OBX[1]-3": "NA2^Sodium^L", "comment": "code of the old firmware"}
    sent = browser.send(f"{address}/repair", filled(browser, address, f"{address}/repair", **typed))
    assert sent.headers["Location"] == address
    assert "will be tried again" in text(browser.get(address))
    assert bench.worker.step().retried == 1
    assert "filed" in text(browser.get(address, part=True))
    assert address in [str(link) for link in page(browser.get("/quarantine?state=filed")).xpath("//td/a/@href")]


def test_a_message_that_was_sent_again_while_it_waited_is_closed_with_the_reason(
    browser: Browser, bench: Bench
) -> None:
    _, placed = bench.order("NA")
    accession = placed.tubes[0].need.accession
    bench.post(oru(bench, accession, ("XX", VALUE, "mmol/L")))
    bench.post(oru(bench, accession, ("NA2", VALUE, "mmol/L"), control="2"))
    bench.worker.step()
    (message,) = quarantine.waiting(acts.organization(NORD), quarantine.WAITING, 10)
    address = f"/quarantine/{message.hex()}"
    browser.sign_in("integrator@nord")
    typed = {"field-OBX[1]-3": "NA2^Sodium^L"}
    browser.send(f"{address}/repair", filled(browser, address, f"{address}/repair", **typed))
    bench.worker.step()
    assert "was filed before" in text(browser.get(address))
    assert "The same measurement is filed: same analyser, tube, test, time and value." in text(browser.get(address))
    assert address in [str(link) for link in page(browser.get("/quarantine?state=duplicate")).xpath("//td/a/@href")]


def test_a_retry_without_a_correction_comes_back_with_its_reason(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    browser.send(f"{address}/repair", filled(browser, address, f"{address}/repair"))
    assert bench.worker.step().retried == 1
    again = browser.get(address)
    assert "This analyser's code is mapped to no test." in text(again)
    assert "touched 2 times" in text(again)


def test_a_message_is_refused_with_a_comment_and_not_without(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    silent = browser.send(f"{address}/refuse", filled(browser, address, f"{address}/refuse"))
    assert silent.status_code == 422
    refused = filled(browser, address, f"{address}/refuse", comment="a test of the supplier")
    assert browser.send(f"{address}/refuse", refused).status_code == 303
    assert bench.worker.step().retried == 0
    assert "refused" in text(browser.get(address))
    assert "Every message was understood" in text(browser.get("/quarantine"))


def test_a_form_made_for_an_earlier_try_is_not_taken(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@nord")
    old = filled(browser, address, f"{address}/repair")
    browser.send(f"{address}/repair", filled(browser, address, f"{address}/repair"))
    bench.worker.step()
    late = browser.send(f"{address}/repair", old)
    assert late.status_code == 422
    assert "open it again" in text(late)


def test_another_laboratory_has_no_such_message(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    browser.sign_in("integrator@sud")
    assert browser.get(address).status_code == 422
    assert "Every message was understood" in text(browser.get("/quarantine"))


def test_nobody_but_an_integrator_sees_messages(browser: Browser, bench: Bench) -> None:
    address = unclear(bench)
    for who in ("technician@nord", "administrator@nord", "privacy@nord"):
        browser.sign_in(who)
        assert browser.get("/quarantine").status_code == 403
        assert browser.get(address).status_code == 403


def test_every_cause_has_words() -> None:
    assert set(quarantine_words.CAUSES) == set(Cause)
