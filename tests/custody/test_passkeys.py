"""Passkeys, attacked: replayed, moved, copied, made elsewhere, made without their owner."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.custody import factors, passkeys, people, sessions
from aliquot.custody.denial import Denial
from aliquot.custody.passkey_protocol import EndPasskey, PasskeyKept
from aliquot.custody.passkeys import Passkeys
from aliquot.custody.people import Person
from aliquot.custody.protocol import Act, Factor, PasskeyOptions
from aliquot.custody.store import Turn
from aliquot.terms.ids import Id
from tests.custody import staff
from tests.custody.authenticator import Authenticator, web
from tests.custody.staff import ORIGIN, Colleague, House

ACT = Act(b"a" * 16, "OpenRestricted", b"patient.........", "care")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return staff.house(tmp_path)


@pytest.fixture
def noor(house: House) -> Colleague:
    noor = house.colleague("noor")
    house.give_passkey(noor)
    return noor


def _asked(house: House, colleague: Colleague) -> PasskeyOptions:
    with house.turn() as turn:
        return house.keys.sign_in_options(turn, colleague.login)


def _recognised(house: House, handle: bytes, response: str) -> bool:
    with house.turn() as turn:
        found = house.keys.recognise(turn, handle, response)
        if found is not None:
            passkeys.advance(turn, found[1])
    return found is not None


def _signs_in(house: House, colleague: Colleague, device: Authenticator) -> bool:
    asked = _asked(house, colleague)
    return _recognised(house, asked.handle, device.sign(asked.options))


def _made(house: House, colleague: Colleague, device: Authenticator) -> str:
    with house.turn() as turn:
        asked = house.keys.enrol_options(turn, _person_in(house, colleague))
    with house.turn() as turn:
        try:
            house.keys.made(turn, colleague.id, asked.handle, device.make(asked.options))
        except Denial as denied:
            return denied.code
    return "made"


def _person_in(house: House, colleague: Colleague) -> Person:
    person = people.by_id(Turn(house.store.db, house.now), house.unlocked, colleague.id)
    assert person is not None
    return person


def test_a_passkey_signs_in_again_and_again(house: House, noor: Colleague) -> None:
    assert [_signs_in(house, noor, noor.device) for _ in range(3)] == [True, True, True]


def test_who_has_left_signs_in_with_no_passkey(house: House, noor: Colleague) -> None:
    asked = _asked(house, noor)
    with house.turn() as turn:
        sessions.leave(turn, Id(noor.id))
    assert not _recognised(house, asked.handle, noor.device.sign(asked.options))


def test_a_replayed_answer_opens_nothing(house: House, noor: Colleague) -> None:
    asked = _asked(house, noor)
    answer = noor.device.sign(asked.options)
    assert _recognised(house, asked.handle, answer)
    assert not _recognised(house, asked.handle, answer)
    assert not _recognised(house, _asked(house, noor).handle, answer)


def test_a_failed_answer_spends_the_challenge(house: House, noor: Colleague) -> None:
    asked = _asked(house, noor)
    assert not _recognised(house, asked.handle, "{}")
    assert not _recognised(house, asked.handle, noor.device.sign(asked.options))


def test_a_challenge_is_good_for_five_minutes(house: House, noor: Colleague) -> None:
    early, late = _asked(house, noor), _asked(house, noor)
    house.wait(passkeys.LIFE - timedelta(seconds=1))
    assert _recognised(house, early.handle, noor.device.sign(early.options))
    house.wait(timedelta(seconds=1))
    assert not _recognised(house, late.handle, noor.device.sign(late.options))


def test_a_restart_forgets_challenges(house: House, noor: Colleague) -> None:
    asked = _asked(house, noor)
    house.keys = Passkeys(house.unlocked, ORIGIN)
    assert not _recognised(house, asked.handle, noor.device.sign(asked.options))


@pytest.mark.parametrize(
    ("origin", "party"),
    [
        ("https://aliquot.example", "aliquot.test"),
        ("https://evil.aliquot.test", "aliquot.test"),
        ("http://aliquot.test", "aliquot.test"),
        ("https://aliquot.test:8443", "aliquot.test"),
        ("https://aliquot.test", "aliquot.example"),
    ],
)
def test_what_was_signed_for_another_place_opens_nothing(
    house: House, noor: Colleague, origin: str, party: str
) -> None:
    lured = noor.device.clone()
    lured.origin, lured.party, lured.counter = origin, party, 100
    assert not _signs_in(house, noor, lured)
    lured.origin, lured.party = ORIGIN, ""
    assert _signs_in(house, noor, lured)


def test_a_copied_passkey_shows_by_its_count(house: House, noor: Colleague) -> None:
    copy = noor.device.clone()
    assert _signs_in(house, noor, noor.device)
    with pytest.raises(Denial) as denied:
        _signs_in(house, noor, copy)
    assert denied.value.code == "passkey-cloned"
    assert _signs_in(house, noor, noor.device)


def test_a_device_that_never_counts_is_taken_and_one_that_stops_is_not(house: House) -> None:
    iris = house.colleague("iris")
    iris.device.counts = False
    house.give_passkey(iris)
    assert [_signs_in(house, iris, iris.device) for _ in range(2)] == [True, True]
    iris.device.counts = True
    assert _signs_in(house, iris, iris.device)
    iris.device.counts, iris.device.counter = False, 0
    with pytest.raises(Denial, match="counts backwards"):
        _signs_in(house, iris, iris.device)


def test_a_device_that_has_not_verified_its_owner_opens_nothing(house: House, noor: Colleague) -> None:
    found = noor.device.clone()
    found.verifies = False
    assert not _signs_in(house, noor, found)
    assert _made(house, noor, Authenticator(ORIGIN, verifies=False)) == "passkey"


def test_another_key_under_the_same_credential_opens_nothing(house: House, noor: Colleague) -> None:
    forged = Authenticator(ORIGIN, counter=100, credential=noor.device.credential, owner=noor.id)
    assert not _signs_in(house, noor, forged)


def test_an_answer_that_names_another_owner_opens_nothing(house: House, noor: Colleague) -> None:
    noor.device.owner = b"somebody else..."
    assert not _signs_in(house, noor, noor.device)


def test_a_challenge_is_good_only_for_what_it_was_asked_for(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        for_act = house.keys.act_options(turn, noor.id, ACT)
        for_making = house.keys.enrol_options(turn, _person_in(house, noor))
    assert not _recognised(house, for_act.handle, noor.device.sign(for_act.options))
    assert not _recognised(house, for_making.handle, noor.device.sign(for_making.options))
    signed_in = _asked(house, noor)
    factor = Factor(handle=signed_in.handle, response=noor.device.sign(signed_in.options))
    with house.turn() as turn:
        assert house.keys.confirmed(turn, noor.id, ACT, factor) is None


def test_an_act_is_confirmed_by_its_own_person_alone(house: House, noor: Colleague) -> None:
    iris = house.colleague("iris")
    house.give_passkey(iris)
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, ACT)
        factor = Factor(handle=asked.handle, response=iris.device.sign(asked.options))
        assert house.keys.confirmed(turn, iris.id, ACT, factor) is None
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, ACT)
        factor = Factor(handle=asked.handle, response=iris.device.sign(asked.options))
        assert house.keys.confirmed(turn, noor.id, ACT, factor) is None


def test_the_same_act_never_has_the_same_challenge_twice(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        asked = [json.loads(house.keys.act_options(turn, noor.id, ACT).options)["publicKey"] for _ in range(2)]
    assert asked[0]["challenge"] != asked[1]["challenge"]
    assert asked[0]["userVerification"] == "required"
    assert [one["id"] for one in asked[0]["allowCredentials"]] == [web(noor.device.credential)]


def test_signing_in_shows_of_no_login_whether_it_exists(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        said = [
            json.loads(house.keys.sign_in_options(turn, login).options)["publicKey"] for login in ("noor", "nobody")
        ]
    for one in said:
        one.pop("challenge")
    assert said[0] == said[1] == {"rpId": "aliquot.test", "userVerification": "required"}


def test_whoever_has_no_passkey_is_told_to_use_a_code(house: House) -> None:
    iris = house.colleague("iris")
    with house.turn() as turn, pytest.raises(Denial, match="one-time code"):
        house.keys.act_options(turn, iris.id, ACT)


def test_a_passkey_is_enrolled_once_and_for_whom_it_was_made(house: House, noor: Colleague) -> None:
    iris = house.colleague("iris")
    assert _made(house, iris, noor.device.clone()) == "passkey-known"
    with house.turn() as turn:
        asked = house.keys.enrol_options(turn, _person_in(house, noor))
        with pytest.raises(Denial, match="not made as asked"):
            house.keys.made(turn, iris.id, asked.handle, Authenticator(ORIGIN).make(asked.options))
    assert _made(house, iris, Authenticator(ORIGIN)) == "made"


@pytest.mark.parametrize(
    "device",
    [
        Authenticator("https://aliquot.example", "aliquot.test"),
        Authenticator(ORIGIN, "aliquot.example"),
        Authenticator(ORIGIN, algorithm=-65535),
        Authenticator(ORIGIN, algorithm=-7777),
    ],
)
def test_a_passkey_made_elsewhere_or_with_another_algorithm_is_not_enrolled(
    house: House, noor: Colleague, device: Authenticator
) -> None:
    assert _made(house, noor, device) == "passkey"


@pytest.mark.parametrize(
    "response",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 60_000,
        "x" * (passkeys.LONGEST_RESPONSE + 1),
        '{"id":"AA","rawId":"AA","response":{"clientDataJSON":"AA","authenticatorData":"AA","signature":"AA"}}',
        '{"id":"AA","rawId":"AB","response":{}}',
        '{"id":1,"rawId":1,"response":{"clientDataJSON":"W10","attestationObject":"gYGBgQ"}}',
    ],
)
def test_hostile_bytes_are_refused_and_break_nothing(house: House, noor: Colleague, response: str) -> None:
    assert not _recognised(house, _asked(house, noor).handle, response)
    with house.turn() as turn:
        asked = house.keys.enrol_options(turn, _person_in(house, noor))
        with pytest.raises(Denial, match="not made as asked"):
            house.keys.made(turn, noor.id, asked.handle, response)


def test_an_answer_longer_than_any_authenticators_is_not_even_read(house: House, noor: Colleague) -> None:
    short, long = _asked(house, noor), _asked(house, noor)
    padding = " " * (passkeys.LONGEST_RESPONSE - 2000)
    assert _recognised(house, short.handle, padding + noor.device.sign(short.options))
    assert not _recognised(house, long.handle, padding + " " * 2000 + noor.device.sign(long.options))


def test_attestation_that_nests_without_end_is_refused(house: House, noor: Colleague) -> None:
    with house.turn() as turn:
        asked = house.keys.enrol_options(turn, _person_in(house, noor))
        answer = json.loads(Authenticator(ORIGIN).make(asked.options))
        answer["response"]["attestationObject"] = web(b"\x81" * 20_000)
        with pytest.raises(Denial, match="not made as asked"):
            house.keys.made(turn, noor.id, asked.handle, json.dumps(answer))


def test_strangers_cannot_fill_the_memory_with_challenges(
    house: House, noor: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MOST_WAITING", 3)
    asked = [_asked(house, noor) for _ in range(4)]
    answers = [_recognised(house, one.handle, noor.device.sign(one.options)) for one in asked]
    assert answers == [False, True, True, True]
    assert len(house.keys._waiting) == 0


def test_a_person_has_at_most_ten_passkeys(house: House, noor: Colleague) -> None:
    for _ in range(passkeys.MOST_PER_PERSON - 1):
        noor.device = Authenticator(ORIGIN)
        house.give_passkey(noor)
    with house.turn() as turn, pytest.raises(Denial, match="at most"):
        house.keys.enrol_options(turn, _person_in(house, noor))


def _end(house: House, colleague: Colleague, passkey: int, code: str = "", factor: Factor | None = None) -> str:
    """What became of the wish to end a passkey."""
    asker = house.asker(colleague)
    said = factor or Factor(code=code or house.code(colleague))
    asked = EndPasskey(b"", passkey, said.code, said.handle, said.response)
    with house.turn() as turn:
        try:
            return "ended" if sessions.end_passkey(turn, house.unlocked, house.keys, asker, asked) else "factor"
        except Denial as denied:
            return denied.code


def _listed(house: House, colleague: Colleague) -> tuple[PasskeyKept, ...]:
    with house.turn() as turn:
        return house.keys.listed(turn, colleague.id)


def _second(house: House, colleague: Colleague) -> Colleague:
    """The same person with another device, which is enrolled too."""
    other = replace(colleague, device=Authenticator(ORIGIN))
    house.give_passkey(other, "telephone")
    return other


def test_a_person_sees_their_passkeys_by_name_with_when_each_signed_last(house: House, noor: Colleague) -> None:
    enrolled = house.now - timedelta(seconds=30)
    _second(house, noor)
    house.wait(timedelta(hours=1))
    assert _signs_in(house, noor, noor.device)
    first, second = _listed(house, noor)
    assert (first.name, first.enrolled_at, first.used_at) == ("clef", enrolled, house.now)
    assert (second.name, second.used_at) == ("telephone", None)


def test_an_ended_passkey_opens_nothing_and_the_other_one_goes_on(house: House, noor: Colleague) -> None:
    other = _second(house, noor)
    lost = _listed(house, noor)[0]
    assert _end(house, noor, lost.id) == "ended"
    assert [one.name for one in _listed(house, noor)] == ["telephone"]
    house.wait(timedelta(seconds=30))
    assert not _signs_in(house, noor, noor.device)
    assert _signs_in(house, other, other.device)


def test_a_passkey_does_not_end_without_a_fresh_factor_of_its_own_person(house: House, noor: Colleague) -> None:
    (mine,) = _listed(house, noor)
    used = house.code(noor)
    assert _end(house, noor, mine.id, code=used) == "factor"
    assert _end(house, noor, mine.id, code="000000") == "factor"
    stranger = house.colleague("sasha")
    assert _end(house, stranger, mine.id) == "no-such-passkey"
    assert len(_listed(house, noor)) == 1


def test_a_passkey_confirms_the_end_of_the_named_passkey_and_of_no_other(house: House, noor: Colleague) -> None:
    _second(house, noor)
    first, second = _listed(house, noor)
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, passkeys.ending(noor.id, first.id))
    signed = Factor(handle=asked.handle, response=noor.device.sign(asked.options))
    assert _end(house, noor, second.id, factor=signed) == "factor"
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, passkeys.ending(noor.id, first.id))
    signed = Factor(handle=asked.handle, response=noor.device.sign(asked.options))
    assert _end(house, noor, first.id, factor=signed) == "ended"


def test_the_last_factor_does_not_end(house: House, noor: Colleague) -> None:
    (mine,) = _listed(house, noor)
    with house.turn() as turn:
        asked = house.keys.act_options(turn, noor.id, passkeys.ending(noor.id, mine.id))
    signed = Factor(handle=asked.handle, response=noor.device.sign(asked.options))
    asker = house.asker(noor)
    wish = EndPasskey(b"", mine.id, "", signed.handle, signed.response)
    with house.turn() as turn:
        turn.db.execute("DELETE FROM factor WHERE person = ? AND kind = ?", (noor.id, factors.CODE))
        with pytest.raises(Denial) as refused:
            sessions.end_passkey(turn, house.unlocked, house.keys, asker, wish)
    assert refused.value.code == "last-factor"
    assert len(_listed(house, noor)) == 1


def test_who_is_signed_in_with_a_passkey_is_signed_out_when_one_ends(house: House, noor: Colleague) -> None:
    (mine,) = _listed(house, noor)
    asked = _asked(house, noor)
    with house.turn() as turn:
        thief = sessions.passkey_sign_in(turn, house.keys, asked.handle, noor.device.sign(asked.options))
    own = house.session(noor)
    wish = EndPasskey(b"", mine.id, house.code(noor))
    with house.turn() as turn:
        assert sessions.end_passkey(turn, house.unlocked, house.keys, own.asker, wish)
    with house.turn() as turn:
        assert sessions.asker(turn, house.unlocked, own.ticket).person == noor.id
        with pytest.raises(Denial, match="sign in again"):
            sessions.asker(turn, house.unlocked, thief.ticket)
