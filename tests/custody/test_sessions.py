"""Sessions: what opens one, what ends one, and what a thief of codes, tickets or passkeys gets."""

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody import attempts, people, services, sessions
from aliquot.custody.denial import Denial
from aliquot.custody.people import State
from aliquot.custody.protocol import Act, Factor, PasskeyEnrol
from aliquot.custody.roles import Role
from aliquot.custody.sessions import Opened
from aliquot.custody.store import Store
from aliquot.vault.keystore import INSTALLATION
from tests.custody import staff
from tests.custody.authenticator import Authenticator
from tests.custody.staff import LAB, ORIGIN, Colleague, House

ACT = Act(os.urandom(16), "OpenRestricted", b"patient.........", "care", digest=b"d" * 32, reason="urgence")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return staff.house(tmp_path)


@pytest.fixture
def noor(house: House) -> Colleague:
    return house.colleague("noor", Role.TECHNICIAN)


def _denied(house: House, colleague: Colleague, code: str | None = None, password: str = staff.PASSWORD) -> str:
    with pytest.raises(Denial) as denied:
        house.sign_in(colleague, code, password)
    return f"{denied.value.code}: {denied.value.reason}"


def _asker_code(house: House, ticket: bytes) -> str:
    with house.turn() as turn, pytest.raises(Denial) as denied:
        sessions.asker(turn, house.unlocked, ticket)
    return denied.value.code


def _passkey_sign_in(house: House, login: str, device: Authenticator) -> Opened:
    with house.turn() as turn:
        asked = house.keys.sign_in_options(turn, login)
    signed = device.sign(asked.options)
    with house.turn() as turn:
        return sessions.passkey_sign_in(turn, house.keys, asked.handle, signed)


def test_password_and_code_open_a_session_with_the_roles_of_this_instant(house: House, noor: Colleague) -> None:
    opened = house.sign_in(noor)
    assert (opened.asker.person, opened.asker.name, opened.asker.org) == (noor.id, "Noor Exemple", LAB)
    assert (opened.asker.roles, opened.asker.sites) == (frozenset({"technician"}), frozenset({"centre"}))
    with house.turn() as turn:
        assert sessions.asker(turn, house.unlocked, opened.ticket) == opened.asker
        people.end_role(turn, noor.id, Role.TECHNICIAN, "centre")
        assert sessions.asker(turn, house.unlocked, opened.ticket).roles == frozenset()


def test_a_code_that_was_seen_over_the_shoulder_is_used_up(house: House, noor: Colleague) -> None:
    code = house.code(noor)
    house.sign_in(noor, code)
    assert _denied(house, noor, code).startswith("sign-in")


def test_a_code_of_one_step_ago_is_taken_and_of_two_steps_ago_is_not(house: House, noor: Colleague) -> None:
    house.wait(timedelta(minutes=5))
    assert _denied(house, noor, house.code(noor, -2)).startswith("sign-in")
    assert _denied(house, noor, house.code(noor, 2)).startswith("sign-in")
    assert house.sign_in(noor, house.code(noor, -1)).ticket


def test_whatever_is_wrong_the_refusal_is_the_same(house: House, noor: Colleague) -> None:
    invited = Colleague(noor.id, house.enrol("iris").login, noor.secret, noor.device)
    nobody = Colleague(noor.id, "nobody", noor.secret, noor.device)
    refusals = {
        _denied(house, noor, password="une autre phrase"),
        _denied(house, noor, code="000000"),
        _denied(house, nobody),
        _denied(house, invited),
    }
    with house.turn() as turn:
        people.set_state(turn, noor.id, State.ENDED)
    refusals.add(_denied(house, noor))
    assert len(refusals) == 1


def test_a_person_whose_term_is_over_is_signed_out_and_cannot_sign_in(house: House, noor: Colleague) -> None:
    ticket = house.session(noor).ticket
    with house.turn() as turn:
        people.renew(turn, noor.id, house.now)
    assert _asker_code(house, ticket) == "signed-out"
    assert _denied(house, noor).startswith("sign-in")


def test_guessing_gets_slower_and_the_right_answer_too_and_nobody_learns_who_exists(
    house: House, noor: Colleague
) -> None:
    nobody = Colleague(noor.id, "nobody", noor.secret, noor.device)
    for _ in range(attempts.FREE):
        assert _denied(house, noor, "000000") == _denied(house, nobody, "000000")
    assert _denied(house, noor) == _denied(house, nobody)
    assert _denied(house, noor).startswith("too-many-tries")
    house.wait(timedelta(seconds=30))
    assert _denied(house, noor, "000000").startswith("sign-in")
    house.wait(timedelta(seconds=30))
    assert _denied(house, noor).startswith("too-many-tries")
    house.wait(timedelta(seconds=30))
    assert house.sign_in(noor).ticket


def test_a_right_answer_makes_counting_begin_again(house: House, noor: Colleague) -> None:
    for _ in range(3):
        for _ in range(attempts.FREE - 1):
            _denied(house, noor, "000000")
        house.session(noor)


def test_a_hundred_tries_at_once_are_a_hundred_tries(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        for _ in range(attempts.FREE):
            sessions.begin(turn, house.unlocked, noor.login)
        with pytest.raises(Denial, match="too many tries"):
            sessions.begin(turn, house.unlocked, noor.login)


def test_after_years_of_guessing_the_wait_is_one_hour(house: House, noor: Colleague) -> None:
    login = 7
    with house.turn() as turn:
        turn.db.execute("INSERT INTO attempt VALUES (?, 100000, ?)", (login, turn.at))
    house.wait(attempts.LONGEST_WAIT - timedelta(seconds=1))
    with house.turn() as turn, pytest.raises(Denial):
        attempts.count(turn, login)
    house.wait(timedelta(seconds=1))
    with house.turn() as turn:
        attempts.count(turn, login)
    house.wait(attempts.FORGOTTEN + timedelta(seconds=1))
    with house.turn() as turn:
        for _ in range(attempts.FREE):
            attempts.count(turn, login)


def test_a_password_that_was_replaced_while_it_was_hashed_opens_nothing(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        tried = sessions.begin(turn, house.unlocked, noor.login)
    with house.turn() as turn, pytest.raises(Denial, match="not right"):
        sessions.sign_in(turn, house.unlocked, replace(tried, hashed="old"), house.code(noor), right=True)


def test_an_account_unused_for_thirty_days_is_refused_and_only_its_owner_learns_why(
    house: House, noor: Colleague
) -> None:
    house.give_passkey(noor)
    house.wait(timedelta(days=31))
    assert _denied(house, noor, password="une autre phrase").startswith("sign-in")
    assert _denied(house, noor).startswith("dormant")
    with pytest.raises(Denial, match="unused"):
        _passkey_sign_in(house, "noor", noor.device)


def test_a_session_ends_when_idle_and_at_the_end_of_the_longest_shift(house: House, noor: Colleague) -> None:
    idle, busy = house.session(noor), house.session(noor)
    for _ in range(24):
        house.wait(timedelta(minutes=29))
        with house.turn() as turn:
            sessions.asker(turn, house.unlocked, busy.ticket)
    assert _asker_code(house, idle.ticket) == "signed-out"
    house.wait(timedelta(minutes=25))
    assert _asker_code(house, busy.ticket) == "signed-out"


def test_seen_is_written_at_most_once_a_minute(house: House, noor: Colleague) -> None:
    opened = house.sign_in(noor)
    seen = []
    for seconds in (59, 1, 59):
        house.wait(timedelta(seconds=seconds))
        with house.turn() as turn:
            before = turn.db.total_changes
            sessions.asker(turn, house.unlocked, opened.ticket)
            seen.append(turn.db.total_changes - before)
    assert seen == [0, 1, 0]


def test_signing_out_ends_this_session_and_no_other(house: House, noor: Colleague) -> None:
    first, second = house.session(noor), house.session(noor)
    assert (first.others, second.others) == (0, 1)
    with house.turn() as turn:
        sessions.sign_out(turn, first.ticket)
        assert sessions.asker(turn, house.unlocked, second.ticket).person == noor.id
    assert _asker_code(house, first.ticket) == "signed-out"


def test_nothing_that_the_database_holds_opens_a_session(house: House, noor: Colleague) -> None:
    opened = house.session(noor)
    stored = house.store.db.execute("SELECT ticket FROM session").fetchall()
    assert stored == [(hashlib.sha256(opened.ticket).digest(),)]
    assert _asker_code(house, stored[0][0]) == "signed-out"


def test_a_ticket_planted_before_sign_in_never_becomes_a_session(house: House, noor: Colleague) -> None:
    planted = b"f" * 32
    assert _asker_code(house, planted) == "signed-out"
    assert house.session(noor).ticket != planted
    assert house.session(noor).ticket != house.session(noor).ticket
    assert _asker_code(house, planted) == "signed-out"


def test_a_ticket_of_another_installation_is_nobody(house: House, noor: Colleague, tmp_path: Path) -> None:
    elsewhere = staff.house(tmp_path / "elsewhere")
    ticket = elsewhere.session(elsewhere.colleague("noor", Role.TECHNICIAN)).ticket
    assert _asker_code(house, ticket) == "signed-out"


def test_a_session_survives_a_restart_of_custody(house: House, noor: Colleague, tmp_path: Path) -> None:
    opened = house.sign_in(noor)
    house.store.close()
    house.store = Store(tmp_path / "custody.sqlite")
    with house.turn() as turn:
        found = sessions.who(turn, house.unlocked, opened.ticket)
    assert (found.asker, found.expires, found.ticket, found.passkey) == (opened.asker, opened.expires, b"", False)


def test_a_passkey_alone_signs_in_even_while_codes_are_locked(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    for _ in range(attempts.FREE + 1):
        _denied(house, noor, "000000")
    opened = _passkey_sign_in(house, "noor", noor.device)
    assert (opened.asker.person, opened.passkey) == (noor.id, True)


def test_a_copy_of_a_passkey_shows_at_the_next_sign_in_and_confirmation(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    copy = noor.device.clone()
    _passkey_sign_in(house, "noor", noor.device)
    with pytest.raises(Denial, match="counts backwards"):
        _passkey_sign_in(house, "noor", copy)
    copy = noor.device.clone()
    _confirm(house, noor, ACT, ACT)
    with pytest.raises(Denial, match="counts backwards"):
        _passkey_sign_in(house, "noor", copy)


def test_a_passkey_of_an_ended_person_opens_nothing(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    with house.turn() as turn:
        people.set_state(turn, noor.id, State.ENDED)
    with pytest.raises(Denial, match="not right"):
        _passkey_sign_in(house, "noor", noor.device)


def test_a_passkey_opens_its_owners_login_and_no_other(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    house.colleague("iris")
    for login in ("iris", "nobody"):
        with pytest.raises(Denial, match="not right"):
            _passkey_sign_in(house, login, noor.device)


def _confirm(house: House, colleague: Colleague, signed_act: Act, entered: Act) -> str:
    asker = house.asker(colleague)
    with house.turn() as turn:
        asked = house.keys.act_options(turn, colleague.id, signed_act)
    factor = Factor(handle=asked.handle, response=colleague.device.sign(asked.options))
    with house.turn() as turn:
        return sessions.fresh_factor(turn, house.unlocked, house.keys, asker, _with(entered, factor))


def _with(act: Act, factor: Factor) -> Act:
    return Act(
        act.id, act.name, act.subject, act.purpose, digest=act.digest, work=act.work, reason=act.reason, factor=factor
    )


def test_a_passkey_confirms_exactly_the_act_that_its_owner_saw(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    assert _confirm(house, noor, ACT, ACT) == "passkey"
    others = (
        Act(ACT.id, "CorrectResult", ACT.subject, ACT.purpose, digest=ACT.digest, reason=ACT.reason),
        Act(ACT.id, ACT.name, b"another patient.", ACT.purpose, digest=ACT.digest, reason=ACT.reason),
        Act(ACT.id, ACT.name, ACT.subject, "research", digest=ACT.digest, reason=ACT.reason),
        Act(ACT.id, ACT.name, ACT.subject, ACT.purpose, digest=b"e" * 32, reason=ACT.reason),
        Act(ACT.id, ACT.name, ACT.subject, ACT.purpose, digest=ACT.digest, reason="autre"),
        Act(ACT.id, ACT.name, ACT.subject, ACT.purpose, digest=ACT.digest, reason=ACT.reason, work=b"w"),
    )
    assert {_confirm(house, noor, ACT, other) for other in others} == {""}


def test_a_confirmation_is_fresh_once_and_is_remembered_in_the_session(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    opened = house.session(noor)
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, ACT)
    act = _with(ACT, Factor(handle=asked.handle, response=noor.device.sign(asked.options)))
    answers = []
    for _ in range(2):
        with house.turn() as turn:
            answers.append(sessions.fresh_factor(turn, house.unlocked, house.keys, opened.asker, act))
    assert answers == ["passkey", ""]
    with house.turn() as turn:
        assert sessions.asker(turn, house.unlocked, opened.ticket).factor == turn.at


def test_an_unused_code_confirms_an_act_once(house: House, noor: Colleague) -> None:
    asker = house.asker(noor)
    act = _with(ACT, Factor(code=house.code(noor)))
    with house.turn() as turn:
        answers = [sessions.fresh_factor(turn, house.unlocked, house.keys, asker, act) for _ in range(2)]
    assert answers == ["totp", ""]
    with house.turn() as turn:
        assert sessions.fresh_factor(turn, house.unlocked, house.keys, asker, ACT) == ""


def test_codes_cannot_be_guessed_with_a_stolen_ticket(house: House, noor: Colleague) -> None:
    asker = house.asker(noor)
    act = _with(ACT, Factor(code="000000"))
    with house.turn() as turn:
        for _ in range(attempts.FREE):
            assert sessions.fresh_factor(turn, house.unlocked, house.keys, asker, act) == ""
    with house.turn() as turn, pytest.raises(Denial, match="too many tries"):
        sessions.fresh_factor(turn, house.unlocked, house.keys, asker, act)
    assert _denied(house, noor).startswith("too-many-tries")


def test_a_passkey_is_enrolled_only_with_a_fresh_code(house: House, noor: Colleague) -> None:
    asker = house.asker(noor)
    with house.turn() as turn:
        person = people.by_id(turn, house.unlocked, noor.id)
        assert person is not None
        asked = house.keys.enrol_options(turn, person)
    sent = PasskeyEnrol(b"", asked.handle, noor.device.make(asked.options), "clef", "000000")
    with house.turn() as turn:
        assert not sessions.enrol_passkey(turn, house.unlocked, house.keys, asker, sent)
    with pytest.raises(Denial, match="not right"):
        _passkey_sign_in(house, "noor", noor.device)


@pytest.mark.parametrize("name", ["", "x" * 81])
def test_a_passkey_has_a_name_that_fits_a_line(house: House, noor: Colleague, name: str) -> None:
    asker = house.asker(noor)
    sent = PasskeyEnrol(b"", b"", "", name, house.code(noor))
    with house.turn() as turn, pytest.raises(Denial) as denied:
        sessions.enrol_passkey(turn, house.unlocked, house.keys, asker, sent)
    assert denied.value.code == "passkey-name"


def _service(house: House, key: Ed25519PrivateKey, name: str = "work") -> None:
    with house.turn() as turn:
        public = key.public_key().public_bytes_raw()
        until = house.now + timedelta(days=90)
        services.enrol(turn, INSTALLATION, name, public, role=Role.WORKER, until=until)


def test_a_service_proves_itself_with_its_key_and_holds_one_role(house: House) -> None:
    key = Ed25519PrivateKey.generate()
    _service(house, key)
    signed = services.message("one", "work", b"c" * 32)
    with house.turn() as turn:
        opened = sessions.prove_service(turn, "work", signed, key.sign(signed))
    house.wait(timedelta(hours=11))
    with house.turn() as turn:
        asker = sessions.asker(turn, house.unlocked, opened.ticket)
    assert (asker.service, asker.roles, asker.org) == ("work", frozenset({"worker"}), INSTALLATION)
    assert asker.factor == 0
    house.wait(timedelta(hours=1))
    assert _asker_code(house, opened.ticket) == "signed-out"


def test_a_service_is_refused_alike_for_a_wrong_key_name_challenge_or_term(house: House) -> None:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    _service(house, key)
    _service(house, other, "load")
    signed = services.message("one", "work", b"c" * 32)
    wrong = (
        ("work", signed, other.sign(signed)),
        ("nobody", signed, key.sign(signed)),
        ("load", signed, key.sign(signed)),
        ("work", services.message("one", "work", b"d" * 32), key.sign(signed)),
        ("work", services.message("two", "work", b"c" * 32), key.sign(signed)),
        ("work", signed, b"short"),
    )
    with house.turn() as turn:
        for name, message, signature in wrong:
            with pytest.raises(Denial, match="not enrolled"):
                sessions.prove_service(turn, name, message, signature)
    house.wait(timedelta(days=90))
    with house.turn() as turn, pytest.raises(Denial, match="not enrolled"):
        sessions.prove_service(turn, "work", signed, key.sign(signed))


def test_a_service_confirms_nothing_and_has_no_passkey(house: House) -> None:
    key = Ed25519PrivateKey.generate()
    _service(house, key)
    signed = services.message("one", "work", b"c" * 32)
    with house.turn() as turn:
        asker = sessions.prove_service(turn, "work", signed, key.sign(signed)).asker
        act = _with(ACT, Factor(code="000000"))
        assert sessions.fresh_factor(turn, house.unlocked, house.keys, asker, act) == ""
        with pytest.raises(Denial, match="no passkey"):
            sessions.enrol_passkey(
                turn, house.unlocked, house.keys, asker, PasskeyEnrol(b"", b"", "", "clef", "000000")
            )


def test_no_column_of_a_session_or_person_shows_a_login_name_or_secret(house: House, noor: Colleague) -> None:
    house.give_passkey(noor)
    house.session(noor)
    house.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (_, _, file), *_ = house.store.db.execute("PRAGMA database_list").fetchall()
    raw = Path(file).read_bytes()
    assert raw.count(noor.id) > 1
    for canary in (b"noor", b"Noor", b"argon2", noor.secret, noor.device.credential, b"clef"):
        assert canary not in raw, canary
    assert ORIGIN.encode() not in raw
