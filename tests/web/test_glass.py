"""Breaking the glass at the desk: a reason, a finger, an hour, and an officer who is told."""

from datetime import timedelta

from aliquot.terms.ids import Id
from aliquot.web import glass_words
from tests.lab import desk
from tests.web.browser import Browser, page, text

WORDS = "unconscious in the emergency room, allergic history unknown"


def known(browser: Browser) -> Id:
    """A patient with an order that nothing has confirmed: a biologist has no other way in."""
    desk.publish(browser.lab)
    secretary = desk.desk(browser.lab, "secretary@nord")
    patient = secretary.register()
    secretary.place(patient, desk.wanted("NA"))
    return patient


def asked(browser: Browser, patient: Id, **typed: str) -> dict[str, str]:
    """The form of a broken glass, filled in."""
    shown = page(browser.get(f"/glass/{patient.hex()}"))
    act = str(shown.xpath("//main//input[@name='act']/@value")[0])
    return {"act": act, "why": "emergency", "words": WORDS, **typed}


def test_the_glass_is_broken_with_a_reason_and_a_code_and_the_officer_reads_why(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("biologist@nord")
    sent = browser.send(
        f"/glass/{patient.hex()}", asked(browser, patient, **{"factor-code": browser.lab.code("biologist@nord")})
    )
    assert sent.headers["Location"] == f"/glass/{patient.hex()}/dossier"
    shown = browser.get(sent.headers["Location"])
    assert "ZÉLANDE Jeanne Odile" in text(shown)
    assert "The glass is broken" in text(shown)
    assert "Sodium" in text(shown)
    assert not page(shown).xpath("//main//form")
    browser.sign_in("privacy@nord")
    assert f"Emergency: care cannot wait: {WORDS}" in text(browser.get("/privacy"))


def test_without_a_code_or_a_reason_nothing_opens_and_the_page_says_what_is_missing(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("biologist@nord")
    bare = browser.send(f"/glass/{patient.hex()}", asked(browser, patient))
    assert bare.status_code == 403
    assert "Breaking the glass needs more" in text(bare)
    assert WORDS in text(bare)
    silent = browser.send(
        f"/glass/{patient.hex()}",
        asked(browser, patient, words=" ", **{"factor-code": browser.lab.code("biologist@nord")}),
    )
    assert silent.status_code == 422
    led = browser.get(f"/glass/{patient.hex()}/dossier")
    assert led.headers["Location"] == f"/glass/{patient.hex()}"


def test_after_an_hour_the_question_is_asked_again(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("biologist@nord")
    form = asked(browser, patient, **{"factor-code": browser.lab.code("biologist@nord")})
    browser.send(f"/glass/{patient.hex()}", form)
    for _ in range(3):
        browser.lab.clock.pass_(timedelta(minutes=19))
        assert browser.get(f"/glass/{patient.hex()}/dossier").status_code == 200
    browser.lab.clock.pass_(timedelta(minutes=4))
    assert browser.get(f"/glass/{patient.hex()}/dossier").headers["Location"] == f"/glass/{patient.hex()}"


def test_a_critical_result_can_be_telephoned_under_the_same_glass(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("biologist@nord")
    form = asked(browser, patient, why="critical", **{"factor-code": browser.lab.code("biologist@nord")})
    browser.send(f"/glass/{patient.hex()}", form)
    shown = browser.get(f"/glass/{patient.hex()}/contact")
    assert shown.status_code == 200
    assert "Contact" in text(shown)


def test_somebody_is_found_by_file_number_without_showing_a_name(browser: Browser) -> None:
    known(browser)
    browser.sign_in("biologist@nord")
    found = browser.send("/glass", {"born_on": "01041961", "family": "zel"})
    assert page(found).xpath("//ol[@class='choices']//a/@href")
    unknown = browser.send("/glass", {"number": "261047505900166"})
    assert "Nobody here fits" in text(unknown)
    assert browser.send("/glass", {"number": "hello"}).status_code == 422


def test_who_does_not_answer_for_patients_has_no_glass_to_break(browser: Browser) -> None:
    patient = known(browser)
    for who in ("secretary@nord", "technician@nord", "administrator@nord", "director@nord"):
        browser.sign_in(who)
        assert browser.get(f"/glass/{patient.hex()}").status_code == 403


def test_the_privacy_officer_breaks_the_glass_from_a_patients_history_and_not_from_the_menu(browser: Browser) -> None:
    patient = known(browser)
    browser.sign_in("privacy@nord")
    assert browser.get("/reception").status_code == 403
    assert browser.get("/glass").status_code == 403
    history = f"/privacy/patients/{patient.hex()}"
    assert page(browser.get(history)).xpath("//a[@href=$to]", to=f"/glass/{patient.hex()}")
    form = asked(browser, patient, why="legal", **{"factor-code": browser.lab.code("privacy@nord")})
    sent = browser.send(f"/glass/{patient.hex()}", form)
    shown = browser.get(sent.headers["Location"])
    assert "Sodium" in text(shown)
    assert page(shown).xpath("//nav[@class='crumbs']//a/@href") == [history]


def test_a_reason_is_kept_by_its_code_and_told_in_words() -> None:
    assert glass_words.typed("legal", " a court asks ") == "legal: a court asks"
    assert glass_words.told("legal: a court asks") == "A court, an authority or the patient asks: a court asks"
    assert glass_words.told("typed by hand: so") == "typed by hand: so"
