"""A migration at its desk: how far it is, what was signed, what comes next, and what may be read."""

import argparse
import importlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import translation

from aliquot.cli.legacy import command
from aliquot.custody.steps import RULES, State, Step
from aliquot.legacy import guesses, likeness, papers
from aliquot.legacy.fates import Account, Bin
from aliquot.legacy.meanings import Meaning
from aliquot.legacy.papers import Progressed
from aliquot.terms.papers import Reason
from aliquot.web import moving_commands, moving_meanings, moving_words
from tests.custody import moving
from tests.legacy.test_papers import put
from tests.web.browser import Browser, page

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_every_state_step_bin_and_meaning_has_words() -> None:
    assert set(moving_words.STATES) == set(State)
    assert set(moving_words.BINS) == set(Bin)
    assert set(moving_meanings.MEANINGS) == set(Meaning)
    assert set(moving_words.DIFFERS) == set(Reason) - {Reason.NONE}
    assert {step for step, rule in RULES.items() if rule.parts} == set(moving_words.STEPS)
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
    assert shown.xpath("//section[@aria-labelledby='next']//code/text()") == ["aliquot legacy rehearse map.toml SOURCE"]


@pytest.mark.parametrize("step", sorted(set(Step) - {Step.ABORT, Step.EXTEND}))
def test_what_the_integrator_is_told_to_type_is_taken_as_it_stands(step: Step) -> None:
    lines = moving_commands.typed(step, "0f" * 16)
    assert lines
    for _when, line in lines:
        aliquot, room, word, *rest = line.partition(" > ")[0].split()
        assert (aliquot, room, word in command.WORDS) == ("aliquot", "legacy", True)
        parser = argparse.ArgumentParser(exit_on_error=False)
        importlib.import_module(f"aliquot.cli.legacy.{word}").describe(parser)
        chosen = parser.parse_args(rest)
        assert getattr(chosen, "mandate", "0f" * 16) == "0f" * 16


def test_once_the_loading_is_open_load_is_named_and_when_it_has_ended_finish_alone(browser: Browser) -> None:
    move = moving.declared(browser.lab)
    mandate = move.mandate.hex()
    load, finish = "aliquot legacy load map.toml SOURCE", f"aliquot legacy finish {mandate}"
    browser.sign_in("director@nord")

    def named() -> list[str]:
        shown = page(browser.get(f"/migrations/{mandate}"))
        return [str(one) for one in shown.xpath("//section[@aria-labelledby='next']//code/text()")]

    assert named() == [f"aliquot legacy profile {mandate} SOURCE"]
    move.until("load")
    assert named() == [load, finish]
    at = browser.lab.clock()
    ended = Progressed(mandate, "0" * 64, at, at, "ended", "R", 0, 1, 1, 0, -1, Account().sums())
    put(move, papers.PROGRESS, ended)
    assert named() == [finish]
    # The last difference: what stands there is of the load before.
    move.step("finish")
    browser.lab.clock.pass_(timedelta(minutes=1))
    move.step("load")
    assert named() == [load, finish]


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
