"""Records leave: proposed at a desk, read in words, signed by two people, followed to the end."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from lxml import html  # type: ignore[import-untyped]  # it has no types

from aliquot.access.acts import SignMandate
from aliquot.access.door import Actor
from aliquot.custody import forms
from aliquot.terms import ids
from tests.custody import departing, moving
from tests.custody.departing import Receiving
from tests.custody.test_exports import denied, patients
from tests.plan import NORD
from tests.web.browser import Browser, page, text
from tests.web.test_moving_mandate import hidden

PROPOSE, SIGN = "/migrations/exports/propose", "/migrations/exports/mandate"
Fields = dict[str, str | list[str]]


@pytest.fixture
def to(browser: Browser) -> Receiving:
    return departing.receiving(browser.lab)


@pytest.fixture
def porter(browser: Browser) -> Actor:
    return departing.exporter(browser.lab)


def fields(browser: Browser, to: Receiving, **said: str | list[str]) -> Fields:
    usual: Fields = {
        "recipient": "Laboratoire du Sud",
        "purpose": "départ",
        "receiver": to.document,
        "kinds": list(departing.KINDS),
        "free_text": ["comment"],
        "harm": "sensitive",
        "history": "on",
        "first_on": "2026-11-01",
        "last_on": "2026-12-31",
        "sites": ["nord"],
        "other_sites": "annexe",
        "service": "porter",
        "allowed": "20",
        "until": f"{browser.lab.clock() + timedelta(days=10):%Y-%m-%d}",
    }
    return usual | said


def facts(shown: html.HtmlElement) -> list[tuple[str, str]]:
    """What is about to be signed, word for word."""
    (told,) = shown.xpath("//section[.//dt[text()='Kinds']]//dl")
    return [(str(label.text_content()), str(label.getnext().text_content())) for label in told.xpath("./dt")]


def test_two_people_sign_the_same_words_and_follow_what_leaves_to_its_end(
    browser: Browser, to: Receiving, porter: Actor
) -> None:
    there = patients(browser.lab, 2)
    first, link = signed_once(browser, to)
    nobody_else_approves(browser, link)
    change = approved(browser, link, first)
    followed(browser, change, first)
    assert denied(departing.leave(browser.lab, porter, bytes.fromhex(change)), there[0][0]) == ""
    assert "1 of 2 patients" in text(browser.get(f"/migrations/exports/{change}", part=True))
    ((receiver, state, _, n),) = page(browser.get("/migrations")).xpath("//table[.//th[text()='Receiver']]/tbody/tr")
    assert "Laboratoire du Sud" in receiver.text_content()
    assert (state.text_content().strip(), n.text_content().strip()) == ("leaving", "1 / 2")
    ended(browser, change)


def signed_once(browser: Browser, to: Receiving) -> tuple[dict[str, str], str]:
    """The director proposes an export of two patients and signs it: what was read, and where the second one reads."""
    lab = browser.lab
    browser.sign_in("director@nord")
    assert PROPOSE in page(browser.get("/migrations")).xpath("//main//a/@href")
    assert departing.own_sender(lab).fingerprint in text(browser.get(PROPOSE))
    asked = browser.send(PROPOSE, fields(browser, to))
    assert asked.status_code == 200, text(asked)
    assert "2 patients are in scope now." in text(asked)
    first = dict(facts(page(asked)))
    assert (first["Receiver"], first["Purpose"], first["Sites"]) == ("Laboratoire du Sud", "départ", "nord, annexe")
    assert (first["Patients at most"], first["Days"]) == ("20", "01/11/2026 - 31/12/2026")
    assert "comments" in first["Kinds"]
    assert "notes about the patient" not in first["Kinds"]
    form = hidden(page(asked), f"//form[@action='{SIGN}']")

    # Before it is signed everything may be changed, and nothing of it is typed again.
    again = page(browser.send(PROPOSE, {"form": form["form"]}))
    assert kept(again) == fields(browser, to)

    refused = browser.send(SIGN, form)
    assert refused.status_code == 403
    assert dict(facts(page(refused))) == first
    assert "You have no passkey" in text(browser.send(SIGN, {**form, "factor-options": "yes"}))
    assert page(browser.get("/migrations")).xpath("//ul[@class='choices']") == []
    signed = browser.send(SIGN, {**form, "factor-code": lab.code("director@nord")})
    assert signed.headers["Location"] == "/migrations?said=waiting"
    (link,) = page(browser.get("/migrations")).xpath("//ul[@class='choices']//a/@href")
    return first, str(link)


def nobody_else_approves(browser: Browser, link: str) -> None:
    """Neither who proposed it, nor somebody without this task."""
    alone = page(browser.get(link))
    assert alone.xpath("//input[@name='decision']/@value") == ["reject"]
    decision = {**hidden(alone, "//main//form"), "decision": "approve"}
    refused = browser.send(link, {**decision, "factor-code": browser.lab.code("director@nord")})
    assert "Somebody else must approve this" in text(refused)
    for who, status in (("biologist@nord", 404), ("administrator@nord", 403)):
        browser.sign_in(who)
        assert browser.get(link).status_code == status, who
        assert browser.get(PROPOSE).status_code == 403, who


def approved(browser: Browser, link: str, first: dict[str, str]) -> str:
    """The privacy officer reads the same words and approves: what the export is called."""
    browser.sign_in("privacy@nord")
    change = link.rpartition("/")[2]
    assert browser.get(f"/staff/changes/{change}").headers["Location"] == link
    shown = browser.get(link)
    assert dict(facts(page(shown))) == first
    assert "2 patients are in scope now." in text(shown)
    decision = {**hidden(page(shown), "//main//form"), "decision": "approve"}
    done = browser.send(link, {**decision, "factor-code": browser.lab.code("privacy@nord")})
    assert done.headers["Location"] == f"/migrations/exports/{change}?said=in-force"
    return change


def followed(browser: Browser, change: str, first: dict[str, str]) -> None:
    """Its own page says who signed what, how far it is and what to do next."""
    shown = browser.get(f"/migrations/exports/{change}")
    assert dict(facts(page(shown))) == first
    assert "0 of 2 patients" in text(shown)
    assert "Director Nord, Privacy Nord" in text(shown)
    assert f"aliquot export seal {change} FOLDER" in text(shown)


def ended(browser: Browser, change: str) -> None:
    """Once it is ended its page says so, and who may not sign never sees it."""
    moving.govern(browser.lab, "director@nord", forms.EndMandate(change), SignMandate)
    own = f"/migrations/exports/{change}"
    over = browser.get(own)
    assert "ended before its time" in text(over)
    assert "aliquot export seal" not in text(over)
    browser.sign_in("biologist@nord")
    assert "There is no such mandate in force" in text(browser.get(own))
    assert page(browser.get("/migrations")).xpath("//table[.//th[text()='Receiver']]") == []


def kept(shown: html.HtmlElement) -> Fields:
    """What stands in the fields of the form, and which boxes are ticked."""
    found: Fields = {}
    (form,) = shown.xpath("//main//form[@enctype]")
    for name in ("recipient", "purpose", "first_on", "last_on", "allowed", "until"):
        found[name] = str(form.xpath(f".//input[@name='{name}']/@value")[0])
    for name in ("receiver", "other_sites"):
        found[name] = str(form.xpath(f".//textarea[@name='{name}']")[0].text or "").removeprefix("\n")
    for name in ("harm", "service"):
        found[name] = "".join(form.xpath(f".//select[@name='{name}']/option[@selected]/@value"))
    for name in ("kinds", "free_text", "sites"):
        found[name] = list(map(str, form.xpath(f".//input[@name='{name}' and @checked]/@value")))
    found["history"] = "".join("on" for _ in form.xpath(".//input[@name='history' and @checked]"))
    return found


def test_what_cannot_be_signed_is_told_beside_its_field_and_nothing_typed_is_lost(
    browser: Browser, to: Receiving, porter: Actor
) -> None:
    lab = browser.lab
    patients(lab, 2)
    other = departing.receiving(lab, sender="ee" * 32).document
    late = f"{lab.clock() + timedelta(days=40):%Y-%m-%d}"
    wrong: list[tuple[Fields, str, str]] = [
        ({"purpose": "d\u202epart"}, "purpose", "A character stands in it that nobody sees"),
        ({"recipient": "Sud\u200b"}, "recipient", "A character stands in it that nobody sees"),
        ({"receiver": "{}"}, "receiver", "The receiver's mandate is not right"),
        ({"receiver": to.document.replace("reprise", "surprise")}, "receiver", "The receiver's mandate is not right"),
        ({"receiver": other}, "receiver", f"Tell the receiver your own key. {departing.own_sender(lab).fingerprint}"),
        ({"receiver": ""}, "receiver", "Give the receiver's signed mandate"),
        ({"kinds": [], "free_text": []}, "kinds", "Choose what leaves"),
        ({"harm": ""}, "harm", "This field is required"),
        ({"first_on": "2027-01-01"}, "last_on", "The last day lies before the first"),
        ({"last_on": "2026-11-02"}, "last_on", "Nobody has a request of these days at these sites"),
        ({"sites": [], "other_sites": ""}, "sites", "Choose at least one site"),
        ({"other_sites": "an\u202enexe"}, "other_sites", "A character stands in it that nobody sees"),
        ({"other_sites": "a" * 81}, "other_sites", "A name of a site is longer than any is"),
        ({"service": ""}, "service", "This field is required"),
        ({"allowed": "1"}, "allowed", "2 patients are in scope now"),
        ({"until": late}, "until", "The end date is not right"),
    ]
    browser.sign_in("privacy@nord")
    for changed, beside, said in wrong:
        typed = fields(browser, to) | changed
        asked = browser.send(PROPOSE, typed)
        assert asked.status_code == 422, changed
        (told,) = page(asked).xpath(f"//*[@id='id_{beside}_error']")
        assert said in str(told.text_content()), changed
        assert f"#id_{beside}" in page(asked).xpath("//div[@role='alert']//a/@href"), changed
        assert page(asked).xpath(f"//form[@action='{SIGN}']") == []
        assert kept(page(asked)) == typed, changed


def test_what_the_receiver_signed_may_come_as_a_file_and_stands_in_the_form_then(
    browser: Browser, to: Receiving, porter: Actor
) -> None:
    browser.sign_in("director@nord")
    file = SimpleUploadedFile("receiver.json", f"{to.document}\n".encode())
    asked = browser.send(PROPOSE, {**fields(browser, to, receiver="", service=""), "file": file})
    assert str(kept(page(asked))["receiver"]).strip() == to.document
    patients(browser.lab, 1)
    asked = browser.send(
        PROPOSE, {**fields(browser, to, receiver=""), "file": SimpleUploadedFile("r", to.document.encode())}
    )
    form = forms.change(hidden(page(asked), f"//form[@action='{SIGN}']")["form"].encode())
    assert isinstance(form, forms.SignExport)
    assert form.receiver == to.document


def test_another_form_than_what_leaves_is_neither_signed_nor_changed_here(browser: Browser) -> None:
    browser.sign_in("director@nord")
    other = {"form": '{"change":"EndMandate","mandate":"' + "0" * 32 + '"}'}
    assert "open the page again" in text(browser.send(PROPOSE, other))
    act = {"act": ids.new(NORD, browser.lab.clock()).hex(), "factor-code": browser.lab.code("director@nord")}
    assert "open the page again" in text(browser.send(SIGN, {**other, **act}))
