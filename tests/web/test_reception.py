"""Looking for somebody: by birth date and letters, by a number, by a tube, and never in an address."""

import pytest

from tests.web import counter
from tests.web.browser import Browser, page, text


def look(browser: Browser, born_on: str, family: str = "", given: str = "") -> str:
    return text(browser.send("/reception", {"by-born_on": born_on, "by-family": family, "by-given": given}))


def number(typed: str, system: str = "") -> dict[str, str]:
    return {"with-number": typed, "with-system": system}


def test_somebody_is_found_by_birth_date_and_letters_and_chosen_with_a_digit(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser)
    found = browser.send("/reception", {"by-born_on": "1961-04-01", "by-family": "zel", "by-given": "od"}, part=True)
    (link,) = page(found).xpath("//ol[@class='choices']//a")
    assert (link.get("href"), link.get("data-keys")) == (patient, "1")
    assert "ZÉLANDE Jeanne Odile" in text(found)
    assert "01/04/1961" in text(found)
    assert not page(found).xpath("//header")


def test_nobody_found_leads_to_registering_with_what_was_typed(browser: Browser) -> None:
    counter.sit_down(browser)
    answer = browser.send("/reception", {"by-born_on": "01041961", "by-family": "zel", "by-given": ""})
    assert "Nobody here fits" in text(answer)
    begun = counter.form(page(answer), "/reception/register")
    filled = page(browser.send("/reception/register", {**begun, "begin": "1"}))
    assert filled.xpath("//input[@name='family']/@value") == ["zel"]
    assert filled.xpath("//input[@name='born_on']/@value") == ["01041961"]


def test_a_sixth_person_of_a_day_asks_for_more_letters_and_names_nobody(browser: Browser) -> None:
    counter.sit_down(browser)
    for name in ("Abel", "Bride", "Cohen", "Duval", "Ernst", "Fabre"):
        counter.register(browser, {**counter.JEANNE, "family": name, "given": "Zoé"})
    assert "More letters are needed" in look(browser, "01041961")
    assert "ABEL" not in look(browser, "01041961")
    assert "ABEL" in look(browser, "01041961", "ab")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("010461", "Type the year with four digits."),
        ("31021961", "There is no such day."),
        ("tomorrow", "Type day, month and year"),
        ("01042961", "Nobody at this desk was born on that day."),
    ],
)
def test_a_birth_date_that_is_none_is_told_in_words(browser: Browser, typed: str, words: str) -> None:
    counter.sit_down(browser)
    answer = browser.send("/reception", {"by-born_on": typed})
    assert answer.status_code == 422
    assert words in text(answer)
    assert page(answer).xpath("//input[@aria-invalid='true']/@name") == ["by-born_on"]


def test_a_number_of_any_kind_opens_the_patient_that_it_names(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser, nir=counter.NIR)
    shown = browser.get(patient)
    (file_number,) = page(shown).xpath("//dt[.='File number']/following-sibling::dd[1]/text()")
    (accession,) = page(browser.get(counter.order(browser, patient))).xpath("//ul[@class='tubes']//a/text()")
    for typed in (file_number, file_number.lower(), "2 61 04 75 059 001 66", accession):
        moved = browser.send("/reception", number(typed), part=True)
        assert moved.headers["HX-Redirect"] == patient, typed
    assert counter.NIR not in shown.content.decode()
    assert "2 61 04 •• ••• ••• ••" in text(shown)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("261047505900167", "its check character does not match"),
        ("R000000000017", "scan one of its tubes"),
        ("A-17", "Say who gave it"),
        ("000000000010", "its check character does not match"),
    ],
)
def test_a_number_that_names_nobody_says_what_is_wrong_with_it(browser: Browser, typed: str, words: str) -> None:
    counter.sit_down(browser)
    answer = browser.send("/reception", number(typed))
    assert answer.status_code == 422
    assert words in text(answer)


def test_nothing_of_a_patient_stands_in_a_title_or_an_address(browser: Browser) -> None:
    counter.sit_down(browser)
    patient = counter.register(browser, nir=counter.NIR)
    work = counter.order(browser, patient)
    for path in ("/reception", patient, f"{patient}/order", work, "/tubes"):
        tree = page(browser.get(path))
        (title,) = tree.xpath("//title/text()")
        said = [title, path, *tree.xpath("//@href"), *tree.xpath("//@action"), *tree.xpath("//@hx-post")]
        assert not [one for one in said if "land" in one.lower() or "1961" in one or counter.NIR in one]


def test_the_day_s_leave_ends_in_a_calm_page_and_the_order_is_taken_all_the_same(browser: Browser) -> None:
    counter.sit_down(browser)
    names = [f"Test{first}{second}" for first in "abcdefghij" for second in "abcdefg"]
    patients = [
        counter.register(browser, {**counter.JEANNE, "family": name, "born_on": f"{n % 28 + 1:02}05{1960 + n // 28}"})
        for n, name in enumerate(names)
    ]
    browser.sign_in("secretary@nord")
    answers = {patient: browser.get(patient) for patient in patients}
    patient, held = next(pair for pair in answers.items() if pair[1].status_code == 429)
    assert "an order can be placed" in text(held)
    n = patients.index(patient)
    letters = names[n][:3], "jea"
    assert "is not shown" in look(browser, f"{n % 28 + 1:02}05{1960 + n // 28}", *letters)
    assert "TEST" not in text(held)
    assert "Identity not shown" in text(browser.get(f"{patient}/order"))
    request = counter.order(browser, patient)
    assert "expected" in text(browser.get(request))
    assert browser.get(f"{request}/labels").content.startswith(b"%PDF")


def test_who_may_look_and_not_register_is_offered_no_register(browser: Browser) -> None:
    counter.sit_down(browser, "biologist@nord")
    for shown in (browser.get("/reception"), browser.send("/reception", {"by-born_on": "01041961"})):
        assert not page(shown).xpath("//main//*[contains(@href, 'register') or contains(@action, 'register')]")
