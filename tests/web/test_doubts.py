"""Who is whom, at the desk: one at a time, nothing chosen beforehand, and only what was offered can be chosen."""

from datetime import date

import pytest

from aliquot.custody.migration_protocol import Incoming
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from tests.custody import moving
from tests.custody.moving import Move
from tests.custody.test_matching import compared, register
from tests.web import counter
from tests.web.browser import Browser, page, text
from tests.web.test_moving_mandate import hidden

COMING = Demography("Zelande", ("Jeanne",), date(1961, 4, 1), Sex.FEMALE)
"""As the old system calls somebody who is known here."""


@pytest.fixture
def move(browser: Browser) -> Move:
    """Two people of the source who may be the one that is known here."""
    browser.sign_in("secretary@nord")
    counter.register(browser)
    made = moving.declared(browser.lab).until("load")
    verdicts = compared(made, Incoming("1", COMING), Incoming("2", COMING))
    assert {one.says for one in verdicts} == {"doubtful"}
    browser.sign_in("secretary@nord")
    return made


def path(move: Move) -> str:
    return f"/doubts/{move.mandate.hex()}"


def send(browser: Browser, move: Move, choice: str) -> str:
    shown = page(browser.get(path(move)))
    sent = browser.send(path(move), {**hidden(shown, "//main//form"), "choice": choice})
    return str(sent.headers.get("Location") or text(sent))


def test_the_incoming_person_stands_beside_who_is_known_and_nothing_is_chosen(browser: Browser, move: Move) -> None:
    listed = page(browser.get("/doubts"))
    assert listed.xpath("//main//td[@class='number']/text()") == ["2"]
    assert listed.xpath("//main//td/a/@href") == [path(move)]
    shown = page(browser.get(path(move)))
    assert [cell.text for cell in shown.xpath("//tr[th='Family name']/td")] == ["Zelande", "Zélande"]
    assert "2 people of the old system wait" in text(browser.get(path(move)))
    assert [one.get("value") for one in shown.xpath("//input[@type='radio']")][-1] == "none"
    assert shown.xpath("//input[@type='radio' and @checked]") == []
    assert shown.xpath("//td[@class='differs']") != []


def test_the_same_person_is_decided_and_the_next_one_comes(browser: Browser, move: Move) -> None:
    (known,) = page(browser.get(path(move))).xpath("//input[@name='offered']/@value")
    assert send(browser, move, str(known)) == f"{path(move)}?said=same"
    assert "1 person of the old system waits" in text(browser.get(path(move)))
    verdicts = {one.says for one in compared(move, Incoming("1", COMING), Incoming("2", COMING))}
    assert verdicts == {"same", "doubtful"}


def test_somebody_else_is_nobody_of_those_who_were_offered(browser: Browser, move: Move) -> None:
    assert send(browser, move, "none") == f"{path(move)}?said=other"
    verdicts = {one.says for one in compared(move, Incoming("1", COMING), Incoming("2", COMING))}
    assert verdicts == {"nobody", "doubtful"}


def test_later_shows_the_next_one_and_then_begins_again(browser: Browser, move: Move) -> None:
    first = page(browser.get(path(move)))
    (later,) = first.xpath("//a[@data-keys='l']/@href")
    second = page(browser.get(str(later)))
    rows = [each.xpath("//input[@name='row']/@value") for each in (first, second)]
    assert rows[0] != rows[1]
    (end,) = second.xpath("//a[@data-keys='l']/@href")
    assert "Begin again with those who were left for later" in text(browser.get(str(end)))


@pytest.mark.parametrize("choice", ["", "00" * 16])
def test_without_a_choice_or_for_somebody_who_was_not_offered_nothing_is_decided(
    browser: Browser, move: Move, choice: str
) -> None:
    assert "choose one of them, or nobody" in send(browser, move, choice)
    assert "2 people of the old system wait" in text(browser.get(path(move)))


def test_an_old_page_about_somebody_who_came_in_meanwhile_is_told_so_and_decides_nothing(
    browser: Browser, move: Move
) -> None:
    stale = page(browser.get(path(move)))
    (known,) = stale.xpath("//input[@name='offered']/@value")
    (row,) = stale.xpath("//input[@name='row']/@value")
    assert send(browser, move, "none") == f"{path(move)}?said=other"
    register(move.speaker(), COMING, (), move.mandate, Id(bytes.fromhex(str(row))))
    browser.sign_in("secretary@nord")
    late = browser.send(path(move), {**hidden(stale, "//main//form"), "choice": str(known)})
    assert late.status_code == 409
    assert "This person came in meanwhile" in text(late)
    assert move.row("SELECT same FROM matched") == (0,)


def test_a_patient_is_not_sent_as_a_row(browser: Browser, move: Move) -> None:
    shown = page(browser.get(path(move)))
    (known,) = shown.xpath("//input[@name='offered']/@value")
    forged = {**hidden(shown, "//main//form"), "row": str(known), "choice": str(known)}
    assert browser.send(path(move), forged).status_code == 409
    assert move.row("SELECT count(*) FROM matched") == (0,)


def test_who_decides_about_nobody_sees_nobody(browser: Browser, move: Move) -> None:
    for who in ("director@nord", "privacy@nord", "technician@nord", "integrator@nord"):
        browser.sign_in(who)
        for address in ("/doubts", path(move)):
            answer = browser.get(address)
            assert answer.status_code == 403
            assert "Zelande" not in text(answer)
