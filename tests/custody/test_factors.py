"""Passwords, one-time codes, and what of them is ever stored."""

import base64
import timeit
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from aliquot.custody import factors, invitations, people
from aliquot.custody.denial import Denial
from aliquot.custody.factors import Cost, Passwords
from aliquot.custody.people import State
from aliquot.terms.errors import Broken
from tests.custody import staff
from tests.custody.staff import CHEAP, PASSWORD, House

RFC_SECRET = b"12345678901234567890"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return staff.house(tmp_path)


def _accept(house: House, login: str, code: str) -> str:
    hashed = house.passwords.hashed(login, PASSWORD)
    with house.turn() as turn:
        return invitations.accept(turn, house.unlocked, login, code, hashed)


def _confirm(house: House, login: str, code: str, one_time: str) -> None:
    with house.turn() as turn:
        invitations.confirm(turn, house.unlocked, login, code, one_time)


def _denied(house: House, login: str, code: str, one_time: str | None = None) -> str:
    with pytest.raises(Denial) as denied:
        _accept(house, login, code) if one_time is None else _confirm(house, login, code, one_time)
    return f"{denied.value.code}: {denied.value.reason}"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    assert factors.code(RFC_SECRET, seconds // 30) == code


@pytest.mark.parametrize(("away", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_window_is_one_step_on_each_side(away: int, *, taken: bool) -> None:
    step = factors.step_of(RFC_SECRET, factors.code(RFC_SECRET, 1000 + away), 1000, used=0)
    assert step == (1000 + away if taken else None)


def test_a_code_is_good_once_and_so_is_none_before_it() -> None:
    assert factors.step_of(RFC_SECRET, factors.code(RFC_SECRET, 1000), 1000, used=999) == 1000
    assert factors.step_of(RFC_SECRET, factors.code(RFC_SECRET, 1000), 1000, used=1000) is None
    assert factors.step_of(RFC_SECRET, factors.code(RFC_SECRET, 999), 1000, used=1000) is None


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "٢٨٧٠٨٢", "abcdef"])
def test_what_is_no_code_is_no_code(typed: str) -> None:
    assert factors.step_of(RFC_SECRET, typed, 1, used=0) is None


def test_a_password_costs_what_rfc_9106_asks_for() -> None:
    hashed = Passwords().hashed("noor", PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Cost() == Cost(passes=3, memory_kib=65536, lanes=4)


def test_the_right_password_is_right_however_its_accents_were_typed() -> None:
    passwords = Passwords(CHEAP)
    hashed = passwords.hashed("noor", "une girafe e\u0301toile\u0301e")
    assert passwords.right(hashed, "une girafe \u00e9toil\u00e9e")
    assert not passwords.right(hashed, "une girafe etoilee")
    assert not passwords.right(hashed, "x" * (factors.LONGEST + 1))


def test_without_a_login_as_much_work_is_done_and_nothing_is_right() -> None:
    passwords = Passwords(Cost(passes=1, memory_kib=16 * 1024, lanes=1))
    known = passwords.hashed("noor", PASSWORD)
    assert passwords.right(known, PASSWORD)
    assert not passwords.right("", PASSWORD)
    assert _seconds(lambda: passwords.right("", PASSWORD)) > 0.5 * _seconds(lambda: passwords.right(known, PASSWORD))


def _seconds(work: Callable[[], bool]) -> float:
    return min(timeit.repeat(work, number=1, repeat=5))


@pytest.mark.parametrize(
    "password",
    [
        "",
        "onze lettre",
        "moi et noor ici",
        "MOI ET NOOR ICI",
        "Motdepasse2026",
        "P@ssw0rd1234",
        "ababababababa",
        "x" * 1025,
    ],
)
def test_what_anybody_would_try_first_is_no_password(password: str) -> None:
    with pytest.raises(Denial) as denied:
        factors.check_quality("noor", password)
    assert denied.value.code == "weak-password"
    assert not password or password not in denied.value.reason


def test_twelve_characters_are_enough() -> None:
    factors.check_quality("noor", "douze lettre")
    factors.check_quality("le", "douze lettre")


def test_every_common_password_is_refused_for_being_common_alone() -> None:
    for common in factors._COMMON:
        assert len(common) >= factors.SHORTEST, common
        assert common == common.casefold().strip()


def test_the_uri_is_what_an_authenticator_app_reads() -> None:
    uri = urlsplit(factors.uri("zoé@labo", RFC_SECRET))
    said = parse_qs(uri.query)
    assert (uri.scheme, uri.netloc, uri.path) == ("otpauth", "totp", "/Aliquot:zo%C3%A9%40labo")
    assert base64.b32decode(said["secret"][0]) == RFC_SECRET
    assert (said["digits"], said["period"], said["issuer"]) == (["6"], ["30"], ["Aliquot"])


def test_a_factor_moved_to_another_person_does_not_open(house: House) -> None:
    noor, iris = house.colleague("noor"), house.colleague("iris")
    with house.turn() as turn:
        turn.db.execute("DELETE FROM factor WHERE person = ? AND kind = 'password'", (iris.id,))
        turn.db.execute("UPDATE factor SET person = ? WHERE person = ? AND kind = 'password'", (iris.id, noor.id))
        with pytest.raises(Broken):
            factors.password_of(turn, house.unlocked, iris.id)


def test_an_invitation_leads_to_factors_that_nobody_else_has_seen(house: House) -> None:
    invitation = house.enrol("noor")
    noor = house.join(invitation)
    assert house.sign_in(noor).asker.person == noor.id
    assert _denied(house, "noor", invitation.code).startswith("invitation")


def test_an_invitation_may_be_read_aloud_and_typed_carelessly(house: House) -> None:
    code = house.enrol("noor").code
    with house.turn() as turn:
        typed = f" {code.lower().replace('-', ' ')} "
        assert invitations.accept(turn, house.unlocked, "NOOR", typed, house.passwords.hashed("noor", PASSWORD))


def test_a_wrong_an_old_and_an_unknown_invitation_are_refused_alike(house: House) -> None:
    invitation, other = house.enrol("noor"), house.enrol("iris")
    house.wait(invitations.LIFE)
    refusals = {_denied(house, "noor", code) for code in (other.code, "", "1", "AAAA-AAAA-AAAA-AAAA", "é")}
    refusals.add(_denied(house, "nobody", invitation.code))
    house.wait(timedelta(seconds=1))
    refusals.add(_denied(house, "noor", invitation.code))
    assert len(refusals) == 1


def test_an_invitation_begun_but_not_confirmed_opens_nothing_and_may_be_begun_again(house: House) -> None:
    invitation = house.enrol("noor")
    assert _denied(house, "noor", invitation.code, "000000").startswith("one-time-code")
    hashed = house.passwords.hashed("noor", PASSWORD)
    with house.turn() as turn:
        first = invitations.accept(turn, house.unlocked, "noor", invitation.code, hashed)
        person = people.by_login(turn, house.unlocked, people.token(house.unlocked, "noor"))
        assert person is not None
        assert person.state is State.INVITED
    assert _denied(house, "noor", invitation.code, "000000").startswith("one-time-code")
    noor = house.join(invitation)
    assert base64.b32encode(noor.secret).decode() not in first
    assert house.sign_in(noor).ticket


def test_the_code_that_confirmed_cannot_sign_in(house: House) -> None:
    noor = house.colleague("noor")
    with pytest.raises(Denial, match="not right"):
        house.sign_in(noor, house.code(noor, -1))


def test_nobody_accepts_for_a_person_whose_term_is_over(house: House) -> None:
    invitation = house.enrol("noor")
    with house.turn() as turn:
        person = people.by_login(turn, house.unlocked, people.token(house.unlocked, "noor"))
        assert person is not None
        people.renew(turn, person.id, house.now)
    assert _denied(house, "noor", invitation.code).startswith("invitation")


def test_a_new_invitation_makes_the_one_before_worthless(house: House) -> None:
    first = house.enrol("noor")
    with house.turn() as turn:
        person = people.by_login(turn, house.unlocked, people.token(house.unlocked, "noor"))
        assert person is not None
        second = invitations.invite(turn, house.unlocked, person.id, "noor")
    assert _denied(house, "noor", first.code).startswith("invitation")
    assert house.join(second).id == person.id
