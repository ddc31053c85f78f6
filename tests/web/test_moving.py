"""A migration at its desk: how far it is, what was signed, what comes next, and what may be read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

from aliquot.custody.steps import RULES, State, Step
from aliquot.legacy import guesses, likeness
from aliquot.legacy.fates import Bin
from aliquot.legacy.meanings import Meaning
from aliquot.terms.papers import Reason
from aliquot.web import moving_meanings, moving_words
from tests.custody import moving
from tests.web.browser import Browser, page, text

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_every_state_step_bin_and_meaning_has_words() -> None:
    assert set(moving_words.STATES) == set(State)
    assert set(moving_words.BINS) == set(Bin)
    assert set(moving_meanings.MEANINGS) == set(Meaning)
    assert set(moving_words.DIFFERS) == set(Reason) - {Reason.NONE}
    assert {step for step, rule in RULES.items() if rule.parts} == set(moving_words.STEPS)
    assert {step for step, rule in RULES.items() if not rule.parts} == set(moving_words.COMMANDS)
    assert set(Step) == (set(moving_words.ROAD) | set(moving_words.ASIDE)) - {"declare", "lapsed"}


@pytest.mark.parametrize("phrase", moving_meanings.REASONS)
def test_every_phrase_of_a_reason_is_one_that_the_program_gives(phrase: str) -> None:
    sources = "".join(Path(str(one.__file__)).read_text() for one in (guesses, likeness))
    assert phrase in sources


def test_a_reason_is_told_in_french_and_what_a_person_wrote_stays() -> None:
    with translation.override("fr"):
        assert moving_meanings.why("the name says it and the cells fit; 97 % of the cells looked at are units") == (
            "le nom le dit et les cellules conviennent; 97 % des cellules regardées sont des unités"
        )
        assert moving_meanings.why("asked Dr Exemple") == "asked Dr Exemple"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=2, hours=5), ("info", "2 days")),
        (timedelta(hours=23, minutes=5), ("warn", "23 h 05 min")),
        (timedelta(hours=2), ("alarm", "2 h 00 min")),
        (timedelta(0), ("alarm", "over")),
    ],
)
def test_the_time_that_is_left_worries_more_the_less_it_is(left: timedelta, said: tuple[str, str]) -> None:
    with translation.override("en"):
        assert moving_words.left(NOW + left, NOW) == said


def test_the_list_says_what_comes_next_and_who_takes_it(browser: Browser) -> None:
    move = moving.declared(browser.lab).until("finish")
    browser.sign_in("privacy@nord")
    ((source, state, coming, _deadline, used),) = rows(browser)
    assert (source, state, used) == ("ancien reprise", "loaded", "0 / 100")
    assert coming.startswith("Reconciliation biologist with biologist or director")
    move.step("abort")
    ((_, state, coming, deadline, _),) = rows(browser)
    assert (state, coming, deadline) == ("aborted", "–", "–")


def rows(browser: Browser) -> list[list[str]]:
    """The list of migrations, cell by cell."""
    found = page(browser.get("/migrations")).xpath("//table[contains(., 'Old system')]/tbody/tr")
    return [[" ".join(" ".join(cell.itertext()).split()) for cell in row] for row in found]


def test_a_migration_shows_who_signed_what_and_which_columns_may_be_read(browser: Browser) -> None:
    move = moving.declared(browser.lab).until("map")
    browser.sign_in("director@nord")
    shown = page(browser.get(f"/migrations/{move.mandate.hex()}"))
    road = [" ".join(str(one.text_content()).split()) for one in shown.xpath("//ol[@class='road']/li")]
    assert road[0].startswith("Mandate")
    assert road[0].endswith("Director Nord, Privacy Nord")
    assert "Biologist Nord" in road[2]
    assert road[3] == "Rehearsal now · the integrator"
    table = " ".join(str(shown.xpath("//section[@aria-labelledby='mandate']//table")[0].text_content()).split())
    assert "11 columns in all, and no other is read" in table
    assert "NUM, NOM, PRENOM, DDN, NIR, SITE" in table
    assert "whose day in DATE is within the days" in table
    assert "aliquot legacy rehearse" in text(browser.get(f"/migrations/{move.mandate.hex()}"))


def test_a_step_is_offered_to_those_who_may_sign_it_and_to_nobody_else(browser: Browser) -> None:
    move = moving.declared(browser.lab).until("profile")
    path = f"/migrations/{move.mandate.hex()}"
    offered = {}
    for who in ("biologist@nord", "director@nord"):
        browser.sign_in(who)
        links = page(browser.get(path)).xpath("//main//a/@href")
        offered[who] = {str(link).rpartition("/")[2] for link in links if "/steps/" in str(link)}
    assert offered == {"biologist@nord": {"map"}, "director@nord": {"extend", "abort"}}


def test_who_has_no_part_in_a_migration_does_not_see_it(browser: Browser) -> None:
    move = moving.declared(browser.lab)
    for who in ("technician@nord", "secretary@nord", "integrator@nord", "administrator@nord"):
        browser.sign_in(who)
        assert browser.get("/migrations").status_code == 403
        assert browser.get(f"/migrations/{move.mandate.hex()}").status_code == 403
    browser.sign_in("director@sud")
    assert rows(browser) == []
    assert browser.get(f"/migrations/{move.mandate.hex()}").status_code == 409
