"""What went wrong is told in words, with a status that machines understand, and without its inside."""

import ast
import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import RequestFactory, override_settings

from aliquot import custody
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.terms.errors import Broken, Refused, Unclear
from aliquot.web import answers, denials, logs, process
from tests.web.breaking import CANARY
from tests.web.browser import Browser, page, text


def codes() -> Iterator[str]:
    """Every code that a line of custody gives a refusal."""
    for file in Path(next(iter(custody.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name("Denial"), args=[ast.Constant(str(code)), *_]):
                    yield code
                case ast.Call(func=ast.Name("Failed"), args=[ast.Constant("refused"), ast.Constant(str(code)), *_]):
                    yield code


def test_every_refusal_of_custody_has_words_and_a_next_step() -> None:
    given = set(codes())
    assert len(given) > 40
    assert given <= set(denials.DENIALS), given - set(denials.DENIALS)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Denial("forbidden", "r"), 403),
        (Denial("conflict", "r"), 409),
        (Denial("budget-person", "r"), 429),
        (Denial("weak-password", "r"), 422),
        (Denial("a-code-of-tomorrow", "custody's own words"), 403),
        (Refused("act: open the form again"), 422),
        (Unclear("OBX-5", "not a number"), 422),
        (CustodyGone("away"), 503),
        (Broken("an invariant"), 500),
    ],
)
def test_each_failure_has_its_status(error: Refused | Broken, status: int) -> None:
    said = answers.words(error)
    assert said.status == status
    assert said.title
    assert said.then


def test_a_failure_is_told_to_a_page_to_a_part_and_to_a_script() -> None:
    error = Denial("conflict", "r")
    whole = answers.answer(RequestFactory().get("/x"), error)
    part = answers.answer(RequestFactory().get("/x", headers={"hx-request": "true"}), error)
    script = answers.answer(RequestFactory().get("/x", headers={"accept": "application/json"}), error)
    assert whole.status_code == part.status_code == script.status_code == 409
    assert page(whole).xpath("//main//h1")
    assert part.headers["HX-Retarget"] == "#problem"
    assert b"<html" not in part.content
    assert set(json.loads(script.content)) == {"title", "then"}


def test_an_unknown_path_is_answered_with_a_page(browser: Browser) -> None:
    answer = browser.get(f"/nowhere/{CANARY}")
    assert answer.status_code == 404
    assert "There is no such page" in text(answer)
    assert CANARY not in page(answer).xpath("string(//main)")


def test_a_form_without_its_secret_is_refused(browser: Browser) -> None:
    answer = browser.client.post("/sign-in", {"login": "a", "password": "b", "code": "c"})
    assert answer.status_code == 403
    assert "This form is too old" in text(answer)


def test_without_custody_the_pages_say_so_and_come_back_with_it(browser: Browser) -> None:
    browser.sign_in("technician@nord")
    assert browser.get("/").status_code == 200
    process.line().hang_up()
    browser.lab.hang_up()
    browser.lab.custodian.stop()
    away = browser.get("/")
    assert away.status_code == 503
    assert "The custodian does not answer" in text(away)
    browser.lab.custodian.start()
    assert browser.get("/").status_code == 200


@contextmanager
def events(logger: str) -> Iterator[list[str]]:
    """The lines that one of the process's loggers writes meanwhile."""
    said, lines = io.StringIO(), list[str]()
    handler = logging.StreamHandler(said)
    handler.setFormatter(logs.Events())
    logging.getLogger(logger).addHandler(handler)
    try:
        yield lines
    finally:
        logging.getLogger(logger).removeHandler(handler)
        lines += said.getvalue().splitlines()


@pytest.mark.parametrize(
    ("path", "logger", "kind"), [("breaks", "django.request", "KeyError"), ("broken", "aliquot.web", "Broken")]
)
def test_what_breaks_shows_nothing_of_its_inside_and_is_logged_by_type_and_place(
    browser: Browser, path: str, logger: str, kind: str
) -> None:
    browser.client.raise_request_exception = False
    with override_settings(ROOT_URLCONF="tests.web.breaking"), events(logger) as lines:
        answer = browser.get(f"/{path}?{CANARY}")
    assert answer.status_code == 500
    assert "Something is not as it must be" in text(answer)
    assert CANARY not in page(answer).xpath("string(//main)")
    assert kind not in answer.content.decode()
    (event,) = [json.loads(line) for line in lines]
    assert (event["event"], event["error"]) == ("failed", kind)
    assert event["place"].startswith("aliquot/web/gate.py:")
    assert CANARY not in "".join(lines)


def test_a_complaint_without_an_error_is_told_by_who_complains_and_not_by_its_words() -> None:
    with events("django.security") as lines:
        logging.getLogger("django.security").error("%s", CANARY)
    (event,) = [json.loads(line) for line in lines]
    assert (event["event"], event["source"]) == ("complained", "django.security")
    assert CANARY not in "".join(lines)


def test_the_process_writes_events_and_nothing_else() -> None:
    # A logger without a handler is not silent: Python then writes the message and the whole trace by itself.
    for name in ("django", "django.security", "django.server", "aliquot", None):
        logger = logging.getLogger(name)
        # The test runner adds its own handlers, of classes of its own.
        (ours,) = [one for one in logger.handlers if type(one) is logging.StreamHandler]
        assert isinstance(ours.formatter, logs.Events)
        assert name is None or not logger.propagate
