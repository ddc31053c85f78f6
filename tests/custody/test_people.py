"""People, their terms and their roles."""

from datetime import timedelta
from pathlib import Path

import pytest

from aliquot.custody import people, store
from aliquot.custody.denial import Denial
from aliquot.custody.people import Held, Named, State
from aliquot.custody.roles import Role
from aliquot.terms import ids
from aliquot.terms.errors import Broken, Unclear
from tests.custody import staff
from tests.custody.staff import LAB, OTHER_LAB, House


@pytest.fixture
def house(tmp_path: Path) -> House:
    return staff.house(tmp_path)


def test_a_new_installation_has_no_account_at_all(house: House) -> None:
    tables = ("person", "factor", "role", "service", "listener", "device", "session")
    assert [house.store.db.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables] == [(0,)] * 7


def test_a_person_is_known_by_login_however_it_is_typed_and_is_read_back_whole(house: House) -> None:
    until = house.now + timedelta(days=90)
    with house.turn() as turn:
        person = people.enrol(turn, house.unlocked, LAB, Named("Noor.B", "Noor Bénard"), until=until)
        known = people.by_login(turn, house.unlocked, people.token(house.unlocked, " noor.b "))
    assert known == people.Person(person, LAB, State.INVITED, "Noor.B", "Noor Bénard", turn.at, 0, store.micros(until))
    assert ids.org_of(person) == LAB


@pytest.mark.parametrize("org", [LAB, OTHER_LAB])
def test_a_login_is_unique_in_the_installation_and_never_passes_on(house: House, org: ids.Org) -> None:
    noor = house.colleague("noor")
    with house.turn() as turn:
        people.set_state(turn, noor.id, State.ENDED)
        with pytest.raises(Denial) as denied:
            people.enrol(turn, house.unlocked, org, Named("NOOR", "Autre"), until=house.now + timedelta(days=1))
    assert denied.value.code == "login-taken"


def test_nobody_is_enrolled_without_a_login(house: House) -> None:
    with house.turn() as turn, pytest.raises(Unclear):
        people.enrol(turn, house.unlocked, LAB, Named("  ", "Sans"), until=house.now + timedelta(days=1))


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_no_account_is_for_ever_nor_for_the_past(house: House, days: int) -> None:
    with house.turn() as turn, pytest.raises(Denial) as denied:
        people.enrol(turn, house.unlocked, LAB, Named("noor", "Noor"), until=house.now + timedelta(days=days))
    assert denied.value.code == "term"


def test_a_role_ends_by_itself_and_may_be_held_at_several_sites(house: House) -> None:
    noor = house.colleague("noor", Role.TECHNICIAN)
    with house.turn() as turn:
        soon = Held(Role.SAMPLER, "nord", store.micros(house.now + timedelta(hours=8)))
        people.grant(turn, noor.id, soon)
        held = people.held(turn, noor.id)
    assert people.roles(held) == {"technician", "sampler"}
    assert people.sites(held) == {"centre", "nord"}
    house.wait(timedelta(hours=8))
    with house.turn() as turn:
        assert people.held(turn, noor.id) == (Held("technician", "centre", None),)


def test_a_role_granted_again_has_the_new_term(house: House) -> None:
    noor = house.colleague("noor", Role.TECHNICIAN)
    with house.turn() as turn:
        people.grant(turn, noor.id, Held(Role.TECHNICIAN, "centre", turn.at + 1))
        assert people.held(turn, noor.id) == (Held("technician", "centre", turn.at + 1),)


def test_the_inventory_names_everybody_of_one_organization_with_an_end(house: House) -> None:
    house.enrol("noor", org=LAB)
    house.enrol("iris", org=LAB)
    house.enrol("zoe", org=OTHER_LAB)
    with house.turn() as turn:
        inventory = people.of(turn, house.unlocked, LAB)
    assert sorted(person.login for person in inventory) == ["iris", "noor"]
    assert all(person.until > store.micros(house.now) for person in inventory)


def test_holders_are_those_who_could_still_use_the_role(house: House) -> None:
    noor, iris = house.colleague("noor", Role.DIRECTOR), house.colleague("iris", Role.DIRECTOR)
    zoe = house.colleague("zoe", Role.DIRECTOR, org=OTHER_LAB)
    with house.turn() as turn:
        assert people.holders(turn, LAB, Role.DIRECTOR) == {noor.id, iris.id}
        people.set_state(turn, iris.id, State.ENDED)
        assert people.holders(turn, LAB, Role.DIRECTOR) == {noor.id}
        people.renew(turn, noor.id, house.now)
        assert people.holders(turn, LAB, Role.DIRECTOR) == set()
        people.grant(turn, zoe.id, Held(Role.DIRECTOR, "centre", turn.at))
        assert people.holders(turn, OTHER_LAB, Role.DIRECTOR) == set()


def test_a_name_moved_to_another_person_does_not_open(house: House) -> None:
    noor, iris = house.colleague("noor"), house.colleague("iris")
    with house.turn() as turn:
        (other,) = turn.db.execute("SELECT sealed FROM person WHERE id = ?", (noor.id,)).fetchone()
        turn.db.execute("UPDATE person SET sealed = ? WHERE id = ?", (other, iris.id))
        with pytest.raises(Broken):
            people.by_id(turn, house.unlocked, iris.id)
