"""Questions of the privacy desk: asked by the act that may, answered about the own laboratory."""

from typing import TypeVar

import msgspec
import pytest

from aliquot.cli.scratch import World
from aliquot.custody import answers, holdings
from aliquot.custody.denial import Denial
from aliquot.custody.protocol import Answered, Ask
from aliquot.terms import purposes
from aliquot.vault.keystore import INSTALLATION
from tests.custody.speaker import Speaker, person

A = TypeVar("A", bound=msgspec.Struct)


@pytest.fixture
def officer(small_lab: World) -> Speaker:
    return person(small_lab, "privacy@nord")


def ask(speaker: Speaker, name: str, question: str, form: bytes, kind: type[A]) -> A:
    act = speaker.act(name, holdings.organization(speaker.org), purposes.Purpose.HSYSADMIN)
    grant = speaker.granted(act).grant
    return msgspec.json.decode(speaker.line.ask(Ask(grant, question, form), Answered).body, type=kind)


def refused(speaker: Speaker, name: str, question: str, form: bytes) -> str:
    with pytest.raises(Denial) as denial:
        ask(speaker, name, question, form, answers.Openings)
    return denial.value.code


def test_who_opened_a_patient_is_told_and_of_another_laboratory_nothing(small_lab: World, officer: Speaker) -> None:
    secretary, stranger = person(small_lab, "secretary@nord"), person(small_lab, "secretary@sud")
    for speaker, name in ((secretary, "Secretary Nord"), (stranger, "")):
        patient, _ = speaker.register()
        form = b'{"patient":"%s"}' % patient.hex().encode()
        told = ask(officer, "ReadHistory", "who-opened", form, answers.Openings).openings
        assert {opening.name for opening in told} == ({name} if name else set())


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"{",
        b"[]",
        b'{"patient":"zz"}',
        b'{"patient":"123"}',
        b'{"other":1}',
        b'{"notice":-1}',
        b'{"notice":1e3}',
        b'{"patient":"\xff"}',
    ],
)
def test_a_form_that_cannot_be_read_is_refused(officer: Speaker, form: bytes) -> None:
    assert refused(officer, "ReadHistory", "who-opened", form) == "form"


def test_an_act_asks_its_own_questions_only(officer: Speaker) -> None:
    assert refused(officer, "ReviewNotice", "who-opened", b"{}") == "not-of-this-act"
    assert refused(officer, "ReadHistory", "what-is-this", b"{}") == "not-of-this-act"


def test_an_alarm_of_the_installation_reaches_an_officer_who_acknowledges_it(
    small_lab: World, officer: Speaker
) -> None:
    custodian = small_lab.custodian.custodian
    box = custodian.held.unlocked.box(INSTALLATION)
    body = msgspec.json.encode({"person": "", "n": 1, "subject": "", "leaf": 0})
    custodian.store.db.execute(
        "INSERT INTO notice (org, at, kind, sealed) VALUES (?, 0, 'letter-missing', ?)",
        (INSTALLATION, box.seal("notice", body)),
    )
    (notice,) = ask(officer, "ReviewNotice", "notices", b"{}", answers.Notices).notices
    assert (notice.kind, notice.seen_at) == ("letter-missing", None)
    form = b'{"notice":%d}' % notice.id
    (notice,) = ask(officer, "ReviewNotice", "acknowledge", form, answers.Notices).notices
    assert notice.seen_by == "Privacy Nord"
    # The officer next door hears that it was seen, and not who works here.
    (notice,) = ask(person(small_lab, "privacy@sud"), "ReviewNotice", "notices", b"{}", answers.Notices).notices
    assert (notice.seen_by, notice.seen_at is None) == ("", False)


def test_budgets_and_checkpoints_are_the_own_laboratorys(small_lab: World, officer: Speaker) -> None:
    secretary = person(small_lab, "secretary@nord")
    secretary.register()
    told = ask(officer, "ReadHistory", "checkpoint", b"{}", answers.Checkpoint)
    (size,) = small_lab.custodian.custodian.store.db.execute(
        "SELECT size FROM log WHERE org = ?", (officer.org,)
    ).fetchone()
    # The question is itself in the history, after the checkpoint that it was answered with was signed.
    assert told.size in {size, size - 1}
    assert officer.org.hex() in told.note


def test_whoever_signs_in_beside_a_session_of_theirs_is_on_the_privacy_desk(small_lab: World, officer: Speaker) -> None:
    small_lab.sign_in("secretary@nord")
    assert "second-session" not in [one.kind for one in _notices(officer)]
    small_lab.sign_in("secretary@nord")
    told = [one for one in _notices(officer) if one.kind == "second-session"]
    assert [(one.name, one.n) for one in told] == [("Secretary Nord", 1)]


def _notices(officer: Speaker) -> tuple[answers.Notice, ...]:
    return tuple(ask(officer, "ReviewNotice", "notices", b"{}", answers.Notices).notices)
