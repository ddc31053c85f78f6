"""Registering somebody: once, with provisional trust, and never over somebody who is known."""

import pytest

from aliquot.record.models import Subject
from tests.web import counter
from tests.web.browser import Browser, page, text

PATH = "/reception/register"


def asked(browser: Browser, **more: str) -> dict[str, str]:
    return {**counter.form(page(browser.get(PATH)), PATH), **counter.JEANNE, **more}


def test_a_new_patient_is_shown_as_provisional(browser: Browser) -> None:
    counter.sit_down(browser)
    sent = browser.send(PATH, asked(browser, city="Paris", postcode="75001", phone="01 99 00 00 01"))
    shown = browser.get(sent.headers["Location"])
    assert "ZÉLANDE Jeanne Odile" in text(shown)
    assert "Registered" in text(shown)
    assert page(shown).xpath("//dt[.='Trust']/following-sibling::dd[1]/span/text()") == ["provisional"]
    assert "75001 Paris" in text(shown)


def test_the_same_form_sent_twice_registers_one_person(browser: Browser) -> None:
    counter.sit_down(browser)
    form = asked(browser)
    before = Subject.objects.count()
    first, second = browser.send(PATH, form), browser.send(PATH, form)
    assert first.headers["Location"] == second.headers["Location"]
    assert Subject.objects.count() == before + 1


def test_a_number_that_is_taken_is_refused_and_leads_to_its_person(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser, nir=counter.NIR)
    other = asked(browser, family="Autre", given="Paule", nir=counter.NIR)
    refused = browser.send(PATH, other)
    assert refused.status_code == 409
    assert "This number is another person's already" in text(refused)
    assert page(refused).xpath("//a[contains(., 'Open that patient')]/@href") == [patient]
    again = counter.form(page(refused), PATH)
    assert again["act"] != other["act"]
    right = {**counter.JEANNE, "family": "Autre", "given": "Paule"}
    assert browser.send(PATH, {**again, **right}).status_code == 303


def test_somebody_similar_is_proposed_once_before_a_second_file_is_made(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    form = asked(browser, given="Jeannine")
    proposed = browser.send(PATH, form)
    assert proposed.status_code == 409
    assert "names that begin alike" in text(proposed)
    assert page(proposed).xpath("//ol[@class='choices']//a/@href") == [patient]
    (seen,) = page(proposed).xpath("//input[@name='seen']/@value")
    made = browser.send(PATH, {**form, "seen": seen})
    assert made.status_code == 303
    assert not made.headers["Location"].startswith(patient)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"sex": "male"}, "of another sex"),
        ({"born_on": "01041962"}, "of another birth year"),
        ({"born_on": "01051961"}, "of another birth month"),
    ],
)
def test_a_national_number_that_says_something_else_is_told(browser: Browser, more: dict[str, str], words: str) -> None:
    counter.sit_down(browser)
    told = browser.send(PATH, asked(browser, nir=counter.NIR, **more))
    assert told.status_code == 409
    assert words in text(told)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("nir", "2610475059001", "15 characters"),
        ("nir", counter.NIR[:-1] + "0", "the key does not match"),
        ("family", "", "required"),
        ("birthplace_insee", "Paris", "An INSEE code has five characters"),
        ("born_on", "010461", "four digits"),
    ],
)
def test_what_is_not_right_is_told_beside_its_field(browser: Browser, field: str, value: str, words: str) -> None:
    counter.sit_down(browser)
    told = browser.send(PATH, asked(browser, **{field: value}))
    assert told.status_code == 422
    assert page(told).xpath("//input[@aria-invalid='true']/@name") == [field]
    assert words in text(told)


def test_a_technician_registers_nobody(browser: Browser) -> None:
    counter.sit_down(browser, "technician@nord")
    assert browser.get(PATH).status_code == 403
