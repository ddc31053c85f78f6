"""The sample at its desk: the old system's own words beside ours, and a verdict of each person's own."""

from pathlib import Path

import pytest

from tests.custody.moving import Move
from tests.lab import desk
from tests.legacy import move as moves
from tests.legacy.move import Old
from tests.legacy.old import person, result
from tests.web.browser import Browser, page, text
from tests.web.test_moving_mandate import hidden

COLLECTED = ("Day of collection", "Site")


@pytest.fixture
def move(browser: Browser, tmp_path: Path) -> Move:
    """Two dossiers are in, and drawn."""
    desk.publish(browser.lab)
    folder = tmp_path / "old"
    folder.mkdir()
    rows = [result(), result(COD="GLY", UNI="g/l", VAL="0,95", COM="à jeun"), result(dossier="901", HEURE="")]
    mover = moves.mover(browser.lab)
    mover.load(Old(folder, [person()], rows))
    mover.migration.step("finish")
    return mover.migration


def path(move: Move, rest: str = "") -> str:
    return f"/migrations/{move.mandate.hex()}/sample{rest}"


def judge(browser: Browser, address: str, verdict: str) -> str:
    shown = page(browser.get(address))
    sent = browser.send(address, {**hidden(shown, "//main//form"), "verdict": verdict})
    return str(sent.headers.get("Location") or text(sent))


def test_the_old_words_stand_beside_ours_and_no_verdict_is_chosen(browser: Browser, move: Move) -> None:
    browser.sign_in("biologist@nord")
    pages = [browser.get(path(move, f"/{number}")) for number in (1, 2)]
    said = " ".join(map(text, pages))
    for words in (
        "0,95",
        "0.95 g/L",
        "à jeun",
        "GLY · SODIUM",
        "Glucose · LOINC",
        "LEFÈVRE Anne Marie",
        "validated by",
    ):
        assert words in said, words
    # The hour stands there only where the old system said it.
    ours = {(row, str(page(shown).xpath(f"string(//tr[th = '{row}']/td[2])"))) for shown in pages for row in COLLECTED}
    day, site = COLLECTED
    assert ours == {(day, "01/07/2019 08:00"), (day, "01/07/2019"), (site, "main")}
    assert said.count("not kept: read it in the old system, under this number") == 4
    for shown in pages:
        assert page(shown).xpath("//input[@name='verdict' and @checked]") == []
        assert len(page(shown).xpath("//input[@name='verdict']")) == 9


def test_a_verdict_is_kept_for_the_person_and_the_next_dossier_comes(browser: Browser, move: Move) -> None:
    browser.sign_in("biologist@nord")
    assert judge(browser, path(move, "/1"), "agrees") == path(move, "/2")
    assert judge(browser, path(move, "/2"), "value") == path(move)
    listed = text(browser.get(path(move)))
    assert "You have 0 left" in listed
    assert "Biologist Nord: a value differs" in listed
    assert page(browser.get(path(move, "/2"))).xpath("//input[@checked]/@value") == ["value"]
    browser.sign_in("director@nord")
    assert "You have 2 left" in text(browser.get(path(move)))


@pytest.mark.parametrize("verdict", ["", "something"])
def test_without_a_verdict_nothing_is_kept(browser: Browser, move: Move, verdict: str) -> None:
    browser.sign_in("biologist@nord")
    assert "say whether both sides agree" in judge(browser, path(move, "/1"), verdict)
    assert "You have 2 left" in text(browser.get(path(move)))


def test_only_what_was_drawn_is_shown_and_only_to_those_who_compare(browser: Browser, move: Move) -> None:
    browser.sign_in("biologist@nord")
    assert browser.get(path(move, "/3")).status_code == 422
    assert browser.get(path(move, "/0")).status_code == 422
    for who in ("privacy@nord", "secretary@nord", "integrator@nord"):
        browser.sign_in(who)
        for address in (path(move), path(move, "/1")):
            answer = browser.get(address)
            assert answer.status_code == 403
            assert "LEFÈVRE" not in text(answer)
