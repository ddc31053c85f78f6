"""The privacy desk in front of a real custodian: notices, budgets, the checkpoint, and who opened whom."""

import dataclasses
import re
from pathlib import Path

import pytest

from aliquot import custody
from aliquot.access import door
from aliquot.access.acts import OpenDossier, OpenIdentity
from aliquot.custody import answers
from aliquot.custody.portions import PORTIONS
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from aliquot.web import glass_words, history_words, notice_words
from tests.lab import desk
from tests.web.browser import Browser, page, text

CUSTODY = Path(next(iter(custody.__path__)))
REASON = "the ward asks for an earlier haemoglobin"


def known(browser: Browser) -> Id:
    """A patient with a file number whom the secretary has opened without work."""
    secretary = desk.desk(browser.lab, "secretary@nord")
    patient = secretary.register()
    door.note(secretary.actor, OpenIdentity(patient), secretary.meant(purpose=Purpose.PATADMIN))
    return patient


def broken(browser: Browser, patient: Id) -> None:
    """A biologist breaks the glass."""
    biologist = desk.desk(browser.lab, "biologist@nord")
    meant = biologist.meant(purpose=Purpose.BTG)
    typed = glass_words.typed("prescriber", REASON)
    meant = dataclasses.replace(meant, reason=typed, factor=browser.lab.factor("biologist@nord"))
    door.note(biologist.actor, OpenDossier(patient), meant)


def test_a_broken_glass_is_on_the_desk_with_its_reason_until_an_officer_has_seen_it(browser: Browser) -> None:
    patient = known(browser)
    broken(browser, patient)
    browser.sign_in("privacy@nord")
    shown = browser.get("/privacy")
    assert "1 notice to look at" in text(shown)
    assert "Somebody broke the glass" in text(shown)
    assert f"The prescriber asks about an earlier result: {REASON}" in text(shown)
    (form,) = page(shown).xpath("//article//form")
    assert page(shown).xpath("//article//a/@href") == [f"/privacy/patients/{patient.hex()}"]
    sent = browser.send(form.get("action"), {"act": str(form.xpath(".//input[@name='act']/@value")[0])})
    assert sent.headers["Location"] == "/privacy"
    after = browser.get("/privacy")
    assert "0 notices to look at" in text(after)
    (row,) = page(after).xpath("//table[contains(., 'Notices that were seen')]/tbody/tr")
    assert "Somebody broke the glass" in row.text_content()
    assert "Privacy Nord" in row.text_content()


def test_a_desk_on_which_nothing_rang_says_so_and_offers_nothing_to_press(browser: Browser) -> None:
    browser.sign_in("privacy@nord")
    nothing = page(browser.get("/privacy")).xpath("//div[@class='empty']")
    assert "Nothing rang that nobody has seen" in nothing[0].text_content()
    assert [box.xpath(".//a | .//button") for box in nothing] == [[] for box in nothing]


def test_who_opened_a_patient_is_told_by_person_day_and_portion_and_what_is_not_explained_stands_first(
    browser: Browser,
) -> None:
    patient = known(browser)
    broken(browser, patient)
    browser.sign_in("privacy@nord")
    shown = browser.get(f"/privacy/patients/{patient.hex()}")
    headings = [" ".join(one.text_content().split()) for one in page(shown).xpath("//section/h2")]
    assert headings[:2] == ["Secretary Nord Secretary", "Biologist Nord Biologist"]
    rows = [[" ".join(cell.text_content().split()) for cell in row] for row in page(shown).xpath("//tbody/tr")]
    assert [row[1] for row in rows] == ["opened the identity", "registered the patient", "opened the whole dossier"]
    assert rows[0][4].startswith("nothing followed")
    assert rows[0][2] == "address and telephone, name, birth date, sex, numbers, birth name and birthplace"
    assert rows[0][3] == "reception and administration of patients"
    assert REASON in rows[2][3]
    assert "2 openings need an answer" in text(shown)
    assert "Somebody broke the glass" in text(shown)


def test_the_statement_for_the_patient_tells_roles_and_names_only_when_asked(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("privacy@nord")
    told = browser.get(f"/privacy/patients/{patient.hex()}/statement")
    assert told.headers["Content-Type"] == "text/plain; charset=utf-8"
    words = told.content.decode()
    assert "Secretary\n" in words
    assert "opened the identity (1 ×)" in words
    assert "Nord\n" not in words.replace("Laboratoire Nord\n", "")
    named = browser.get(f"/privacy/patients/{patient.hex()}/statement?names=yes")
    assert "Secretary Nord (Secretary)" in named.content.decode()


def test_no_page_of_the_desk_and_no_address_names_the_patient(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("privacy@nord")
    for path in ("/privacy", f"/privacy/patients/{patient.hex()}", f"/privacy/patients/{patient.hex()}/statement"):
        answer = browser.get(path)
        assert answer.status_code == 200
        for planted in ("Zélande", "Zelande", "ZÉLANDE", "Jeanne", "1961"):
            assert planted not in answer.content.decode()


def test_a_patient_is_found_by_birth_date_and_a_search_that_finds_nobody_says_so(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("privacy@nord")
    found = browser.send("/privacy/patients", {"born_on": "01041961", "family": "zel"})
    assert page(found).xpath("//ol[@class='choices']//a/@href") == [f"/privacy/patients/{patient.hex()}"]
    nobody = browser.send("/privacy/patients", {"born_on": "02041961"})
    assert "Nobody here fits" in text(nobody)
    assert browser.send("/privacy/patients", {}).status_code == 422


def test_the_checkpoint_is_downloaded_as_the_signed_note(browser: Browser) -> None:
    browser.sign_in("privacy@nord")
    shown = text(browser.get("/privacy"))
    got = browser.get("/privacy/checkpoint")
    body, _, signatures = got.content.decode().partition("\n\n")
    assert "attachment" in got.headers["Content-Disposition"]
    assert re.fullmatch(r"checkpoint-\d+\.txt", got.headers["Content-Disposition"].partition('"')[2].rstrip('"'))
    assert len(body.splitlines()) >= 3
    assert signatures.startswith("— ")
    assert "Entries" in shown


@pytest.mark.parametrize(
    ("who", "parts"),
    [
        ("privacy@nord", {"unseen-title", "budgets-title", "checkpoint-title"}),
        ("director@nord", {"unseen-title", "budgets-title"}),
        ("quality@nord", {"budgets-title"}),
    ],
)
def test_each_role_sees_the_parts_that_are_its_own(browser: Browser, who: str, parts: set[str]) -> None:
    known(browser)
    browser.sign_in(who)
    shown = page(browser.get("/privacy"))
    assert {str(one) for one in shown.xpath("//main//h2/@id")} & {
        "unseen-title",
        "budgets-title",
        "checkpoint-title",
    } == parts


def test_a_budget_is_told_in_words_and_not_only_as_a_bar(browser: Browser) -> None:
    known(browser)
    browser.sign_in("quality@nord")
    shown = page(browser.get("/privacy"))
    row = next(row for row in shown.xpath("//tbody/tr") if "Secretary Nord" in row.text_content())
    words = " ".join(row.text_content().split())
    assert re.search(r"1 of \d+", words)
    assert "enough left" in words
    assert shown.xpath("//meter/@aria-label")
    assert not shown.xpath("//@style")


def test_a_bench_has_no_privacy_desk(browser: Browser) -> None:
    browser.sign_in("technician@nord")
    assert browser.get("/privacy").status_code == 403
    browser.sign_in("director@nord")
    assert browser.get("/privacy/patients").status_code == 403


def test_every_act_purpose_portion_and_explanation_has_words() -> None:
    assert set(history_words.ACTS) == set(PORTIONS)
    assert set(history_words.PURPOSES) == set(Purpose)
    kinds = {kind.name.lower() for kind in Kind} - {"card"}
    assert set(history_words.PORTIONS) == kinds
    assert set(history_words.HOWS) == {*answers.GRAVEST_FIRST, answers.FORGOTTEN, "own"}


def test_every_notice_of_custody_has_words_and_a_next_step() -> None:
    sources = "\n".join(file.read_text() for file in CUSTODY.glob("*.py"))
    rung = set(re.findall(r'Alarm\(\s*"([a-z-]+)"', sources))
    rung |= set(re.findall(r'\.alarm\(\s*turn,\s*[\w.]+,\s*"([a-z-]+)"', sources))
    rung |= set(re.findall(r'\("(unexplained-[a-z]+)", ', sources))
    rung |= {"budget-all", "budget-person", "budget-laboratory", "budget-installation", "budget-service"}
    rung |= {"another-site", "mandate", "break-glass-refused", "act-lost", "act-broken"}
    assert rung <= set(notice_words.KINDS), rung - set(notice_words.KINDS)
    assert set(notice_words.KINDS) <= rung, set(notice_words.KINDS) - rung
