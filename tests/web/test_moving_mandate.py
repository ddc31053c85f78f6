"""A mandate is proposed from the integrator's draft, read in words, and signed by two people."""

import hashlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from aliquot.access.acts import SignMandate
from aliquot.custody import forms
from aliquot.terms import mandates
from aliquot.web import settings
from tests.custody import moving
from tests.web.browser import Browser, page, text

DRAFT = """
since = 2019-01-01
until = 2020-12-31
sites = ["NORD"]

[[tables]]
name = "PATIENT"
columns = ["NUM", "NOM", "DDN", "SITE"]
sited = "SITE"

[[tables]]
name = "RESULTAT"
columns = ["NUM", "VAL", "DATE"]
dated = "DATE"
follows = { column = "NUM", table = "PATIENT", of = "NUM" }
"""
TERMS = b"the processing terms"


@pytest.fixture
def director(browser: Browser) -> Browser:
    moving.loader(browser.lab)
    browser.sign_in("director@nord")
    return browser


def fields(browser: Browser, **said: str) -> dict[str, str]:
    usual = {
        "draft": DRAFT,
        "source": "Mega 7.2",
        "purpose": "moving in",
        "annex": hashlib.sha256(TERMS).hexdigest(),
        "service": moving.LOADER,
        "allowed": "500",
        "until": f"{browser.lab.clock() + timedelta(days=20):%Y-%m-%d}",
        "sender": "",
    }
    return usual | said


def hidden(shown: object, action: str) -> dict[str, str]:
    """What the page's form carries, without its secret."""
    found = shown.xpath(f"{action}//input[@type='hidden']")  # type: ignore[attr-defined]  # lxml has no types
    form = {str(one.get("name")): str(one.get("value", "")) for one in found}
    form.pop("csrfmiddlewaretoken", None)
    return form


def test_a_mandate_is_read_in_words_signed_by_two_and_then_in_force(director: Browser) -> None:
    asked = director.send("/migrations/propose", fields(director))
    assert asked.status_code == 200, text(asked)
    said = text(asked)
    for words in ("7 columns in all", "01/01/2019 – 31/12/2020", "NORD", "whose NUM is the NUM of a row of PATIENT"):
        assert words in said, words
    form = hidden(page(asked), "//form[@action='/migrations/mandate']")
    assert forms.change(form["form"].encode()).scope == mandates.parse(DRAFT)  # type: ignore[union-attr]  # a mandate
    signed = director.send("/migrations/mandate", {**form, "factor-code": director.lab.code("director@nord")})
    assert signed.headers["Location"] == "/migrations?said=waiting"

    director.sign_in("privacy@nord")
    (link,) = page(director.get("/migrations")).xpath("//ul[@class='choices']//a/@href")
    shown = director.get(str(link))
    assert "7 columns in all" in text(shown)
    decision = {**hidden(page(shown), "//main//form"), "decision": "approve"}
    done = director.send(str(link), {**decision, "factor-code": director.lab.code("privacy@nord")})
    assert done.headers["Location"] == "/migrations?said=in-force"
    ((source, *_),) = page(director.get("/migrations")).xpath("//table/tbody/tr")
    assert "Mega 7.2" in str(source.text_content())


def test_who_signed_first_does_not_sign_second(director: Browser) -> None:
    form = hidden(page(director.send("/migrations/propose", fields(director))), "//form[@action='/migrations/mandate']")
    director.send("/migrations/mandate", {**form, "factor-code": director.lab.code("director@nord")})
    (link,) = page(director.get("/migrations")).xpath("//ul[@class='choices']//a/@href")
    shown = page(director.get(str(link)))
    assert shown.xpath("//input[@name='decision']/@value") == ["reject"]
    decision = {**hidden(shown, "//main//form"), "decision": "approve"}
    refused = director.send(str(link), {**decision, "factor-code": director.lab.code("director@nord")})
    assert "Somebody else must approve this" in text(refused)


def test_without_a_fresh_factor_nothing_is_signed(director: Browser) -> None:
    form = hidden(page(director.send("/migrations/propose", fields(director))), "//form[@action='/migrations/mandate']")
    refused = director.send("/migrations/mandate", form)
    assert refused.status_code == 403
    assert page(director.get("/migrations")).xpath("//ul[@class='choices']") == []


@pytest.mark.parametrize(
    ("draft", "said"),
    [
        (DRAFT.replace('"NOM"', '"MDPWEB", "SESSION_ID"'), "never travel: PATIENT.MDPWEB, PATIENT.SESSION_ID"),
        (DRAFT.replace('"PATIENT"', '"USER_SESSION"'), "never travel: USER_SESSION.NUM"),
        (DRAFT.replace("sited", "site"), "mandate: Object contains unknown field `site` - at `$.tables[0]`"),
        (DRAFT.replace('dated = "DATE"', 'dated = "JOUR"'), "table RESULTAT: a column that decides"),
        (DRAFT.replace("[[tables]]", "[[tables", 1), "at line 6"),
        ("", "Give the draft"),
    ],
)
def test_what_cannot_be_signed_is_refused_by_its_place(director: Browser, draft: str, said: str) -> None:
    asked = director.send("/migrations/propose", fields(director, draft=draft))
    assert asked.status_code == 422
    assert said in text(asked), text(asked)
    assert page(asked).xpath("//form[@action='/migrations/mandate']") == []


def test_draft_and_terms_may_come_as_files_and_only_a_hash_of_the_terms_is_kept(director: Browser) -> None:
    director.get("/migrations/propose")
    secret = director.client.cookies[settings.CSRF_COOKIE_NAME].value
    files = {
        "file": SimpleUploadedFile("scope.toml", DRAFT.encode()),
        "terms": SimpleUploadedFile("terms.pdf", TERMS, content_type="application/pdf"),
    }
    sent = {**fields(director, draft="", annex=""), **files, "csrfmiddlewaretoken": secret}
    asked = director.client.post("/migrations/propose", sent)
    form = hidden(page(asked), "//form[@action='/migrations/mandate']")["form"]
    read = forms.change(form.encode())
    assert isinstance(read, forms.SignMigration)
    assert (read.annex, read.scope) == (hashlib.sha256(TERMS).hexdigest(), mandates.parse(DRAFT))
    assert TERMS.decode() not in form


def test_a_form_of_another_kind_is_not_signed_at_this_desk(director: Browser) -> None:
    form = hidden(page(director.send("/migrations/propose", fields(director))), "//form[@action='/migrations/mandate']")
    other = '{"change":"EndMandate","mandate":"' + "0" * 32 + '"}'
    sent = {**form, "form": other, "factor-code": director.lab.code("director@nord")}
    assert "open the page again" in text(director.send("/migrations/mandate", sent))
    assert page(director.get("/migrations")).xpath("//ul[@class='choices']") == []


def test_who_signs_reads_whether_the_source_was_moved_before(director: Browser) -> None:
    moving.declared(director.lab, moving.loader(director.lab, "first"), service="first", source="Mega 7.2")
    began = f"{director.lab.clock():%d/%m/%Y}"
    director.sign_in("director@nord")
    assert page(director.get("/migrations/propose")).xpath("//datalist[@id='sources']/option/@value") == ["Mega 7.2"]
    assert "never, under this name" in text(director.send("/migrations/propose", fields(director, source="Mega 7.3")))
    asked = director.send("/migrations/propose", fields(director, source="MEGA 7.2"))
    assert f"since {began}: what came in is recognised, and left as it is" in text(asked)
    # The tables are those of the first, and their columns are not.
    form = hidden(page(asked), "//form[@action='/migrations/mandate']")
    refused = director.send("/migrations/mandate", {**form, "factor-code": director.lab.code("director@nord")})
    assert "was moved before, with the table PATIENT: name it, too, with the same columns" in text(refused)


def test_who_signs_reads_that_what_came_before_sources_were_named_comes_twice(director: Browser) -> None:
    lab = director.lab
    old = moving.declared(lab, moving.loader(lab, "first"), service="first", source="Mega 7.2")
    # What the numbered migration of custody's database leaves of it.
    query = "UPDATE migration SET source = mandate, named = signed WHERE mandate = ?"
    lab.custodian.custodian.store.db.execute(query, (old.mandate,))
    day = f"{lab.clock():%d/%m/%Y}"
    lab.clock.pass_(timedelta(days=1))
    director.sign_in("director@nord")
    said = text(director.send("/migrations/propose", fields(director, source="Mega 7.2")))
    assert f"on {day}, by an earlier version of Aliquot: what came in then is not recognised" in said
    assert "never, under this name" not in said
    assert "what came in is recognised" not in said
    moving.declared(lab, moving.loader(lab, "second"), service="second", source="mega 7.2")
    director.sign_in("director@nord")
    both = text(director.send("/migrations/propose", fields(director, source="Mega 7.2")))
    assert f"since {lab.clock():%d/%m/%Y}: what came in is recognised" in both
    assert f"on {day}, by an earlier version" in both


def test_who_signs_second_reads_it_too(director: Browser) -> None:
    lab = director.lab
    move = moving.declared(lab, moving.loader(lab, "first"), service="first")
    form = moving.mandate_form(lab, source="Ancien")
    proposed = moving.govern(lab, "director@nord", form, SignMandate)
    assert proposed != move.mandate
    director.sign_in("privacy@nord")
    (link,) = page(director.get("/migrations")).xpath("//ul[@class='choices']//a/@href")
    assert f"since {lab.clock():%d/%m/%Y}: what came in" in text(director.get(str(link)))
    # What is in force says nothing of it: it was signed.
    assert "what came in is recognised" not in text(director.get(f"/migrations/{move.mandate.hex()}"))
