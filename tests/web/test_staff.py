"""People and what they may do, changed at the desk: in words, with a fresh factor, and by two where it weighs much."""

from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.access.acts import SignMandate
from aliquot.custody import forms
from aliquot.custody.answers import Equipment
from aliquot.terms.mandates import Follows, Scope, Table
from aliquot.web import change_words
from tests.custody import moving
from tests.custody.test_inventory import told
from tests.web import counter
from tests.web.browser import Browser, page, text

DAY = date(2019, 1, 1)


def confirm(browser: Browser, who: str, kind: str, fields: dict[str, str]) -> str:
    """Fill a change in and confirm it as this person; the answer is where it led, or its words."""
    asked = browser.send(f"/staff/ask/{kind}", fields)
    assert asked.status_code == 200, text(asked)
    hidden = page(asked).xpath("//form[@action='/staff/changes']//input[@type='hidden']")
    form = {str(one.get("name")): str(one.get("value", "")) for one in hidden}
    del form["csrfmiddlewaretoken"]
    sent = browser.send("/staff/changes", {**form, "factor-code": browser.lab.code(who)})
    return str(sent.headers.get("Location") or text(sent))


def person(browser: Browser, login: str) -> str:
    return next(one.person for one in told(browser.lab, "administrator@nord").accounts if one.login == login)


def until(browser: Browser, days: int = 90) -> str:
    return f"{browser.lab.clock() + timedelta(days=days):%Y-%m-%d}"


def decide(browser: Browser, who: str, decision: str, code: bool = True) -> str:
    """Decide about the change that waits longest."""
    (link, *_) = page(browser.get("/staff")).xpath("//ul[@class='choices']//a/@href")
    shown = page(browser.get(str(link)))
    hidden = shown.xpath("//main//form//input[@type='hidden']")
    form = {str(one.get("name")): str(one.get("value", "")) for one in hidden}
    del form["csrfmiddlewaretoken"]
    factor = {"factor-code": browser.lab.code(who)} if code else {}
    sent = browser.send(str(link), {**form, "decision": decision, **factor})
    return str(sent.headers.get("Location") or text(sent))


def test_somebody_is_enrolled_and_the_invitation_is_shown_once(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    shown = confirm(
        browser,
        "administrator@nord",
        "enrol",
        {"name": "Nadia Essai", "login": "nadia@nord", "until": until(browser)},
    )
    assert "Invitation, shown once" in shown
    assert "nadia@nord" in shown
    desk = browser.get("/staff")
    assert "Nadia Essai" in text(desk)
    assert "invited" in text(desk)


def test_the_change_is_read_in_words_before_it_is_confirmed(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    technician = person(browser, "technician@nord")
    asked = browser.send("/staff/ask/grant", {"person": technician, "role": "secretary", "site": "nord", "until": ""})
    facts = page(asked).xpath("//main//dl[@class='facts']/*")
    assert [" ".join(one.text_content().split()) for one in facts] == [
        "Person",
        "Technician Nord (technician@nord)",
        "Role",
        "Secretary",
        "Site",
        "nord",
        "Until",
        "as long as the person stays",
    ]
    assert told(browser.lab, "administrator@nord").waiting == ()


def test_a_role_of_little_weight_is_in_force_at_once_and_can_be_ended(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    technician = person(browser, "technician@nord")
    fields = {"person": technician, "role": "secretary", "site": "nord", "until": ""}
    assert confirm(browser, "administrator@nord", "grant", fields) == "/staff?said=in-force"
    assert "Secretary · nord" in text(browser.get(f"/staff/{technician}"))
    ended = {"person": technician, "held": "secretary@nord"}
    assert confirm(browser, "administrator@nord", "end-role", ended) == "/staff?said=in-force"
    shown = page(browser.get(f"/staff/{technician}"))
    assert shown.xpath("//select[@name='held']/option/@value") == ["technician@nord"]


def test_a_role_that_validates_waits_until_a_second_person_has_read_and_approved_it(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    technician = person(browser, "technician@nord")
    fields = {"person": technician, "role": "biologist", "site": "nord", "until": ""}
    assert confirm(browser, "administrator@nord", "grant", fields) == "/staff?said=waiting"
    assert "Withdraw it" in text(browser.get(f"/staff/changes/{told(browser.lab, 'director@nord').waiting[0].id}"))
    browser.sign_in("director@nord")
    desk = browser.get("/staff")
    (waiting,) = told(browser.lab, "director@nord").waiting
    assert "Grant a role asked by Administrator Nord" in text(desk)
    assert waiting.digest[:12] in text(desk)
    shown = text(browser.get(f"/staff/changes/{waiting.id}"))
    assert "Technician Nord (technician@nord)" in shown
    assert "Biologist" in shown
    assert decide(browser, "director@nord", "approve") == "/staff?said=in-force"
    assert "Biologist · nord" in text(browser.get(f"/staff/{technician}"))


def test_who_asked_does_not_approve_and_is_told_so(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    fields = {"person": person(browser, "technician@nord"), "role": "biologist", "site": "nord", "until": ""}
    confirm(browser, "administrator@nord", "grant", fields)
    assert "Somebody else must approve this" in decide(browser, "administrator@nord", "approve")
    assert decide(browser, "administrator@nord", "reject") == "/staff?said=rejected"
    assert told(browser.lab, "director@nord").waiting == ()


def test_without_a_fresh_factor_nothing_changes_and_the_form_comes_back(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    fields = {"person": person(browser, "technician@nord"), "role": "biologist", "site": "nord", "until": ""}
    confirm(browser, "administrator@nord", "grant", fields)
    browser.sign_in("privacy@nord")
    assert "Your roles do not allow this here" in decide(browser, "privacy@nord", "approve", code=False)
    assert len(told(browser.lab, "privacy@nord").waiting) == 1
    assert decide(browser, "privacy@nord", "approve") == "/staff?said=in-force"


def test_an_approval_of_another_form_than_the_one_that_was_read_is_refused(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    fields = {"person": person(browser, "technician@nord"), "role": "biologist", "site": "nord", "until": ""}
    confirm(browser, "administrator@nord", "grant", fields)
    browser.sign_in("director@nord")
    (waiting,) = told(browser.lab, "director@nord").waiting
    act = str(page(browser.get(f"/staff/changes/{waiting.id}")).xpath("//main//input[@name='act']/@value")[0])
    other = {"act": act, "digest": "00" * 32, "decision": "approve", "factor-code": browser.lab.code("director@nord")}
    refused = browser.send(f"/staff/changes/{waiting.id}", other)
    assert refused.status_code == 409
    assert "This is not the change that waits" in text(refused)


def test_a_reset_of_a_biologist_needs_two_and_the_second_gets_the_invitation(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    fields = {"person": person(browser, "biologist@nord")}
    assert confirm(browser, "administrator@nord", "reset", fields) == "/staff?said=waiting"
    browser.sign_in("director@nord")
    assert "Invitation, shown once" in decide(browser, "director@nord", "approve")


def test_devices_come_and_go(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    assert confirm(browser, "administrator@nord", "device", {"name": "ANALYSER-7", "site": "nord"}).endswith("in-force")
    assert "ANALYSER-7" in text(browser.get("/staff"))
    assert confirm(browser, "administrator@nord", "end-device", {"device": "ANALYSER-7"}).endswith("in-force")
    assert "ANALYSER-7" not in text(browser.get("/staff"))


KEY = "0f" * 32


def service(browser: Browser, **other: str) -> dict[str, str]:
    return {"name": "load-1", "role": "loader", "key": KEY, "until": until(browser), **other}


@pytest.mark.parametrize("role", ["loader", "exporter", "worker"])
def test_a_service_is_enrolled_with_the_key_that_was_printed_and_comes_in_when_a_second_has_approved(
    browser: Browser, role: str
) -> None:
    browser.sign_in("administrator@nord")
    key = Ed25519PrivateKey.generate()
    printed = key.public_key().public_bytes_raw().hex()
    asked = service(browser, role=role, key=f" {printed.upper()} ")
    assert confirm(browser, "administrator@nord", "service", asked) == "/staff?said=waiting"
    browser.sign_in("director@nord")
    (waiting,) = told(browser.lab, "director@nord").waiting
    shown = text(browser.get(f"/staff/changes/{waiting.id}"))
    for words in ("load-1", f"{role.title()} service", printed):
        assert words in shown, words
    assert decide(browser, "director@nord", "approve") == "/staff?said=in-force"
    assert Equipment("service", "load-1", role) in told(browser.lab, "director@nord").equipment
    assert browser.lab.service("load-1", key).session().ticket


def test_a_service_is_ended_by_the_name_in_the_list_and_is_out_at_once(browser: Browser) -> None:
    moving.loader(browser.lab)
    browser.sign_in("administrator@nord")
    offered = page(browser.get("/staff/ask/end-service")).xpath("//select[@name='enrolled']/option/@value")
    assert moving.LOADER in offered
    ended = confirm(browser, "administrator@nord", "end-service", {"enrolled": moving.LOADER})
    assert ended == "/staff?said=in-force"
    assert moving.LOADER not in [one.name for one in told(browser.lab, "administrator@nord").equipment]


@pytest.mark.parametrize("key", ["", "0f" * 31, "0f" * 33, "xy" * 32, f"public key: {KEY}"])
def test_what_is_no_key_of_32_bytes_is_told_at_its_field(browser: Browser, key: str) -> None:
    browser.sign_in("administrator@nord")
    refused = browser.send("/staff/ask/service", service(browser, key=key))
    assert refused.status_code == 422
    assert page(refused).xpath("//*[@aria-invalid='true']/@name") == ["key"]
    said = page(refused).xpath("string(//*[@id='id_key_error'])")
    assert ("32 bytes" in said) == bool(key), said


def test_somebody_who_leaves_is_gone_at_once_and_nothing_more_can_be_asked_about_them(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    technician = person(browser, "technician@nord")
    assert confirm(browser, "administrator@nord", "end", {"person": technician}).endswith("in-force")
    shown = browser.get(f"/staff/{technician}")
    assert "has left" in text(shown)
    assert not page(shown).xpath("//main//form")


def test_a_term_that_is_too_long_is_told_in_words_beside_the_form(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    fields = {"name": "Nadia Essai", "login": "nadia@nord", "until": until(browser, 9000)}
    assert "The end date is not right" in confirm(browser, "administrator@nord", "enrol", fields)


@pytest.mark.parametrize("kind", ["enrol", "device", "service", "end-service", "mandate"])
def test_an_empty_form_points_to_its_fields(browser: Browser, kind: str) -> None:
    browser.sign_in("director@nord")
    assert browser.get(f"/staff/ask/{kind}").status_code == 200
    empty = browser.send(f"/staff/ask/{kind}", {})
    assert empty.status_code == 422
    assert page(empty).xpath("//*[@aria-invalid='true']")


def test_the_desk_is_for_those_who_answer_for_people(browser: Browser) -> None:
    for who, status in (("administrator@nord", 200), ("director@nord", 200), ("privacy@nord", 200)):
        browser.sign_in(who)
        assert browser.get("/staff").status_code == status
    for who in ("technician@nord", "integrator@nord", "quality@nord"):
        browser.sign_in(who)
        assert browser.get("/staff").status_code == 403


def test_a_change_that_was_made_up_is_refused(browser: Browser) -> None:
    browser.sign_in("administrator@nord")
    for made_up in ("", "{}", '{"change":"EnrolDevice","name":"","site":"nord"}'):
        assert browser.send("/staff/changes", {"form": made_up, "act": ""}).status_code == 422
    assert browser.get("/staff/ask/nothing").status_code == 422


def test_every_change_that_custody_knows_can_be_read_in_words() -> None:
    known = set(forms.Change.__args__)
    assert set(change_words.WORDS) == known


def test_an_officer_asks_for_a_patient_to_be_erased_and_the_director_approves(browser: Browser) -> None:
    patient = registered(browser)
    browser.sign_in("privacy@nord")
    shown = page(browser.get(f"/privacy/patients/{patient}"))
    links = [str(link) for link in shown.xpath("//section[@aria-labelledby='keeping']//a/@href")]
    assert links == [f"/staff/ask/{kind}?patient={patient}" for kind in ("hold", "lift", "shred")]
    asking = browser.get(links[2])
    assert page(asking).xpath("//input[@name='patient']/@value") == [patient]
    assert page(asking).xpath("//select[@name='reason']/option[1]/@value") == [""]
    assert page(asking).xpath("//option[@selected]/@value") == [""]
    assert "ZÉLANDE Jeanne Odile" in text(asking)
    assert "Nobody can undo it" in text(asking)
    asked = {"patient": patient, "reason": "request"}
    assert confirm(browser, "privacy@nord", "shred", asked) == "/staff?said=waiting"
    browser.sign_in("director@nord")
    assert decide(browser, "director@nord", "approve") == "/staff?said=in-force"
    browser.sign_in("privacy@nord")
    gone = browser.get(f"/privacy/patients/{patient}")
    assert gone.status_code == 410
    assert "Everything about this patient was erased" in text(gone)


def test_a_legal_hold_is_placed_at_the_privacy_desk_and_keeps_the_patient(browser: Browser) -> None:
    patient = registered(browser)
    browser.sign_in("director@nord")
    held = {"patient": patient, "reason": "litigation"}
    assert confirm(browser, "director@nord", "hold", held) == "/staff?said=in-force"
    browser.sign_in("privacy@nord")
    asked = {"patient": patient, "reason": "request"}
    assert "Nobody can undo it" not in text(browser.get(f"/staff/ask/hold?patient={patient}"))
    assert "A legal hold stands on this patient" in confirm(browser, "privacy@nord", "shred", asked)


def registered(browser: Browser) -> str:
    """Somebody whom the secretary has registered."""
    browser.sign_in("secretary@nord")
    return counter.register(browser).rpartition("/")[2]


def test_a_mandate_to_move_is_read_in_words_and_signed_at_its_own_desk(browser: Browser) -> None:
    table = Table("R", ("NUM", "JOUR", "SITE"), "JOUR", "SITE", Follows("NUM", "P", "ID"))
    form = moving.mandate_form(browser.lab, scope=Scope((Table("P", ("ID",)), table), DAY, DAY, ("01",)))
    moving.loader(browser.lab)
    proposed = moving.govern(browser.lab, "director@nord", form, SignMandate).hex()
    browser.sign_in("administrator@nord")
    said = text(browser.get(f"/staff/changes/{proposed}"))
    assert "P: ID; all rows" in said
    assert "R: NUM, JOUR, SITE; only days in JOUR that are within the days; only sites in SITE that are named" in said
    assert "only rows whose NUM is the ID of a row of P that is read" in said
    browser.sign_in("privacy@nord")
    assert browser.get(f"/staff/changes/{proposed}").headers["Location"] == f"/migrations/signatures/{proposed}"
