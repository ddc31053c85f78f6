"""Administration: what one person may do, what needs two, and what an administrator on their own cannot bring about."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from aliquot.custody import changes, forms, people, services, sessions, store
from aliquot.custody.changes import Founder
from aliquot.custody.denial import Denial
from aliquot.custody.forms import Change, Form
from aliquot.custody.invitations import Invitation
from aliquot.custody.people import State
from aliquot.custody.protocol import Governed
from aliquot.custody.roles import TWO_PEOPLE, Role
from aliquot.terms import canonical
from aliquot.vault.keystore import INSTALLATION
from tests.custody import staff
from tests.custody.staff import LAB, OTHER_LAB, START, Colleague, House

KEY = b"k" * 32
SOON = START + timedelta(days=20)


class Cast:
    """A founded laboratory: Adèle administers, Diane directs, Pia guards privacy, Noor works at the bench."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.adele, self.diane, self.pia = house.founders()
        self.noor = house.colleague("noor", Role.TECHNICIAN)

    def govern(self, colleague: Colleague, form: Form) -> Governed:
        """The colleague sends a form."""
        asker = self.house.asker(colleague)
        with self.house.turn() as turn:
            return changes.govern(turn, self.house.unlocked, asker, form)

    def denied(self, colleague: Colleague, form: Form) -> str:
        """The code with which the colleague's form is refused; nothing has changed by it."""
        asker = self.house.asker(colleague)
        with self.house.turn() as turn:
            before = turn.db.total_changes
            with pytest.raises(Denial) as denied:
                changes.govern(turn, self.house.unlocked, asker, form)
            assert turn.db.total_changes == before
        return denied.value.code

    def approve(self, waiting: Governed, change: Change) -> forms.Approve:
        """The form that approves what waits."""
        return forms.Approve(waiting.id.hex(), forms.digest(change).hex())

    def roles(self, colleague: Colleague) -> frozenset[str]:
        """The roles that a colleague holds."""
        with self.house.turn() as turn:
            return people.roles(people.held(turn, colleague.id))


@pytest.fixture
def cast(tmp_path: Path) -> Cast:
    return Cast(staff.house(tmp_path))


def _grant(colleague: Colleague, role: Role) -> forms.GrantRole:
    return forms.GrantRole(colleague.id.hex(), role, "centre")


def _invitation(governed: Governed) -> Invitation:
    return msgspec.json.decode(governed.once, type=Invitation)


def test_an_administrator_enrols_somebody_and_is_told_an_invitation_once(cast: Cast) -> None:
    governed = cast.govern(cast.adele, forms.EnrolPerson("iris", "Iris Exemple", SOON))
    iris = cast.house.join(_invitation(governed))
    assert governed.state == "in-force"
    assert cast.house.asker(iris).roles == frozenset()
    assert cast.govern(cast.adele, _grant(iris, Role.TECHNICIAN)).state == "in-force"
    assert cast.roles(iris) == {"technician"}
    for (sealed,) in cast.house.store.db.execute("SELECT sealed FROM change"):
        assert b"iris" not in sealed.lower()


@pytest.mark.parametrize("role", sorted(TWO_PEOPLE))
def test_a_role_that_could_undo_the_rest_waits_for_a_second_person(cast: Cast, role: Role) -> None:
    change = _grant(cast.noor, role)
    waiting = cast.govern(cast.adele, change)
    assert waiting.state == "waiting"
    assert cast.roles(cast.noor) == {"technician"}
    approved = cast.govern(cast.pia, cast.approve(waiting, change))
    assert (approved.state, approved.id) == ("in-force", waiting.id)
    assert cast.roles(cast.noor) == {"technician", role}


def test_one_person_alone_is_not_two(cast: Cast) -> None:
    change = _grant(cast.noor, Role.BIOLOGIST)
    waiting = cast.govern(cast.adele, change)
    assert cast.denied(cast.adele, cast.approve(waiting, change)) == "second-person"
    assert cast.denied(cast.noor, cast.approve(waiting, change)) == "not-yours"
    assert cast.roles(cast.noor) == {"technician"}


def test_nobody_approves_what_favours_themselves(cast: Cast) -> None:
    change = _grant(cast.pia, Role.ADMINISTRATOR)
    waiting = cast.govern(cast.adele, change)
    assert cast.denied(cast.pia, cast.approve(waiting, change)) == "second-person"
    assert cast.govern(cast.diane, cast.approve(waiting, change)).state == "in-force"


def test_nobody_grants_renews_or_resets_themselves(cast: Cast) -> None:
    own = cast.adele.id.hex()
    asked = (_grant(cast.adele, Role.TECHNICIAN), forms.RenewPerson(own, SOON), forms.ResetFactors(own))
    assert {cast.denied(cast.adele, form) for form in asked} == {"own"}


def test_whoever_does_not_administer_asks_for_nothing(cast: Cast) -> None:
    for colleague in (cast.noor, cast.pia):
        assert cast.denied(colleague, forms.EnrolPerson("iris", "Iris", SOON)) == "not-yours"
    service = replace(cast.house.asker(cast.adele), service="work")
    with cast.house.turn() as turn, pytest.raises(Denial, match="another role"):
        changes.propose(turn, cast.house.unlocked, service, forms.EnrolPerson("iris", "Iris", SOON))


def test_an_administrator_reaches_nobody_in_another_laboratory(cast: Cast) -> None:
    ulla, dora, pola = cast.house.founders(OTHER_LAB, "-autre")
    theirs = dora.id.hex()
    asked: tuple[Form, ...] = (
        _grant(dora, Role.TECHNICIAN),
        forms.EndRole(theirs, Role.DIRECTOR, "centre"),
        forms.EndPerson(theirs),
        forms.RenewPerson(theirs, SOON),
        forms.ResetFactors(theirs),
    )
    nobody = forms.EndPerson("00" * 16)
    assert {cast.denied(cast.adele, form) for form in (*asked, nobody)} == {"no-such-person"}
    change = _grant(pola, Role.BIOLOGIST)
    waiting = cast.govern(ulla, change)
    assert cast.denied(cast.pia, cast.approve(waiting, change)) == "no-such-change"
    assert cast.denied(cast.pia, forms.Reject(waiting.id.hex())) == "no-such-change"
    with cast.house.turn() as turn:
        assert changes.waiting(turn, cast.house.unlocked, LAB) == ()
        (listed,) = changes.waiting(turn, cast.house.unlocked, OTHER_LAB)
    assert (listed.id, listed.proposed_by, listed.change) == (waiting.id, ulla.id, change)
    assert listed.digest == forms.digest(change)


def test_what_is_approved_is_what_was_seen(cast: Cast) -> None:
    change, other = _grant(cast.noor, Role.BIOLOGIST), _grant(cast.noor, Role.DIRECTOR)
    waiting = cast.govern(cast.adele, change)
    assert cast.denied(cast.pia, cast.approve(waiting, other)) == "other-form"


def test_what_was_approved_rejected_or_has_lapsed_cannot_be_approved_again(cast: Cast) -> None:
    change = _grant(cast.noor, Role.BIOLOGIST)
    approved, rejected, lapsed = (cast.govern(cast.adele, change) for _ in range(3))
    cast.govern(cast.pia, cast.approve(approved, change))
    cast.govern(cast.diane, forms.Reject(rejected.id.hex()))
    assert cast.denied(cast.diane, cast.approve(approved, change)) == "no-such-change"
    assert cast.denied(cast.diane, cast.approve(rejected, change)) == "no-such-change"
    cast.house.wait(changes.WAITING)
    assert cast.denied(cast.diane, cast.approve(lapsed, change)) == "lapsed"
    with cast.house.turn() as turn:
        assert changes.waiting(turn, cast.house.unlocked, LAB) == ()


def test_the_one_who_asked_may_withdraw_it_and_a_technician_may_not(cast: Cast) -> None:
    first, second = (cast.govern(cast.adele, _grant(cast.noor, Role.BIOLOGIST)) for _ in range(2))
    assert cast.denied(cast.noor, forms.Reject(first.id.hex())) == "not-yours"
    assert cast.govern(cast.adele, forms.Reject(first.id.hex())).id == first.id
    with cast.house.turn() as turn:
        assert [one.id for one in changes.waiting(turn, cast.house.unlocked, LAB)] == [second.id]


def test_what_somebody_asked_for_before_they_left_is_not_approved(cast: Cast) -> None:
    ada = cast.house.colleague("ada", Role.ADMINISTRATOR)
    change = _grant(cast.noor, Role.BIOLOGIST)
    by_term, by_role, by_state = (cast.govern(ada, change) for _ in range(3))
    with cast.house.turn() as turn:
        people.renew(turn, ada.id, cast.house.now)
    assert cast.denied(cast.pia, cast.approve(by_term, change)) == "not-yours"
    with cast.house.turn() as turn:
        people.renew(turn, ada.id, SOON)
    cast.govern(cast.adele, forms.EndRole(ada.id.hex(), Role.ADMINISTRATOR, "centre"))
    assert cast.denied(cast.pia, cast.approve(by_role, change)) == "not-yours"
    cast.govern(cast.adele, forms.EndPerson(ada.id.hex()))
    assert cast.denied(cast.pia, cast.approve(by_state, change)) == "not-yours"


def test_whoever_left_before_the_second_person_came_gets_nothing(cast: Cast) -> None:
    change = _grant(cast.noor, Role.BIOLOGIST)
    waiting = cast.govern(cast.adele, change)
    cast.govern(cast.adele, forms.EndPerson(cast.noor.id.hex()))
    assert cast.denied(cast.pia, cast.approve(waiting, change)) == "no-such-person"


def test_an_administrator_cannot_become_the_director_by_a_reset(cast: Cast) -> None:
    change = forms.ResetFactors(cast.diane.id.hex())
    ticket = cast.house.session(cast.diane).ticket
    waiting = cast.govern(cast.adele, change)
    assert (waiting.state, waiting.once) == ("waiting", b"")
    assert cast.denied(cast.diane, cast.approve(waiting, change)) == "second-person"
    with cast.house.turn() as turn:
        assert sessions.asker(turn, cast.house.unlocked, ticket).person == cast.diane.id
    approved = cast.govern(cast.pia, cast.approve(waiting, change))
    assert cast.house.join(_invitation(approved)).id == cast.diane.id


def test_a_reset_ends_sessions_and_makes_every_old_factor_worthless(cast: Cast) -> None:
    cast.house.give_passkey(cast.noor)
    ticket = cast.house.session(cast.noor).ticket
    governed = cast.govern(cast.adele, forms.ResetFactors(cast.noor.id.hex()))
    with cast.house.turn() as turn, pytest.raises(Denial, match="sign in again"):
        sessions.asker(turn, cast.house.unlocked, ticket)
    with pytest.raises(Denial, match="not right"):
        cast.house.sign_in(cast.noor)
    again = cast.house.join(_invitation(governed))
    opened = cast.house.session(again)
    assert (again.id, opened.passkey) == (cast.noor.id, False)
    with cast.house.turn() as turn, pytest.raises(Denial, match="sign in again"):
        sessions.asker(turn, cast.house.unlocked, ticket)
    assert cast.roles(again) == {"technician"}


def test_a_reset_wakes_a_dormant_account(cast: Cast) -> None:
    cast.house.wait(timedelta(days=20))
    for colleague in (cast.adele, cast.diane):
        cast.house.session(colleague)
    cast.house.wait(timedelta(days=20))
    governed = cast.govern(cast.adele, forms.ResetFactors(cast.noor.id.hex()))
    assert cast.house.session(cast.house.join(_invitation(governed))).asker.person == cast.noor.id


def test_whoever_leaves_is_out_at_once_and_for_good(cast: Cast) -> None:
    ticket = cast.house.session(cast.noor).ticket
    cast.govern(cast.adele, forms.EndPerson(cast.noor.id.hex()))
    with cast.house.turn() as turn:
        with pytest.raises(Denial, match="sign in again"):
            sessions.asker(turn, cast.house.unlocked, ticket)
        person = people.by_id(turn, cast.house.unlocked, cast.noor.id)
    assert person is not None
    assert person.state is State.ENDED
    assert cast.roles(cast.noor) == frozenset()
    for left in ("SELECT 1 FROM factor WHERE person = ?", "SELECT 1 FROM session WHERE person = ? AND ended IS NULL"):
        assert cast.house.store.db.execute(left, (cast.noor.id,)).fetchone() is None
    for form in (forms.ResetFactors(cast.noor.id.hex()), forms.RenewPerson(cast.noor.id.hex(), SOON)):
        assert cast.denied(cast.adele, form) == "no-such-person"


def test_the_last_who_watches_stays_until_there_is_another(cast: Cast) -> None:
    for colleague, role in ((cast.diane, Role.DIRECTOR), (cast.pia, Role.PRIVACY_OFFICER)):
        assert cast.denied(cast.adele, forms.EndPerson(colleague.id.hex())) == "last-of-role"
        assert cast.denied(cast.adele, forms.EndRole(colleague.id.hex(), role, "centre")) == "last-of-role"
    assert cast.denied(cast.adele, forms.EndPerson(cast.adele.id.hex())) == "last-of-role"
    cast.house.colleague("pol", Role.PRIVACY_OFFICER)
    assert cast.govern(cast.adele, forms.EndPerson(cast.pia.id.hex())).state == "in-force"


def test_a_kept_role_may_end_at_one_of_two_sites(cast: Cast) -> None:
    change = forms.GrantRole(cast.diane.id.hex(), Role.DIRECTOR, "nord")
    cast.govern(cast.adele, change)
    (waiting,) = _waiting(cast)
    cast.govern(cast.pia, forms.Approve(waiting.id.hex(), waiting.digest.hex()))
    cast.govern(cast.adele, forms.EndRole(cast.diane.id.hex(), Role.DIRECTOR, "nord"))
    assert cast.denied(cast.adele, forms.EndRole(cast.diane.id.hex(), Role.DIRECTOR, "nord")) == "no-such-role"


def _waiting(cast: Cast) -> tuple[changes.Waiting, ...]:
    with cast.house.turn() as turn:
        return changes.waiting(turn, cast.house.unlocked, LAB)


def test_no_person_holds_the_role_of_a_service(cast: Cast) -> None:
    assert cast.denied(cast.adele, _grant(cast.noor, Role.WORKER)) == "role"


def test_no_role_or_term_is_for_the_past_or_longer_than_a_year(cast: Cast) -> None:
    for until in (START, START + timedelta(days=400)):
        role = forms.GrantRole(cast.noor.id.hex(), Role.SAMPLER, "centre", until)
        term = forms.RenewPerson(cast.noor.id.hex(), until)
        enrolment = forms.EnrolPerson("iris", "Iris", until)
        assert {cast.denied(cast.adele, form) for form in (role, term, enrolment)} == {"term"}


def test_a_renewed_person_stays_longer(cast: Cast) -> None:
    until = START + timedelta(days=366)
    cast.govern(cast.adele, forms.RenewPerson(cast.noor.id.hex(), until))
    with cast.house.turn() as turn:
        person = people.by_id(turn, cast.house.unlocked, cast.noor.id)
    assert person is not None
    assert person.until == store.micros(until)


def test_a_service_of_ones_own_waits_for_a_second_person(cast: Cast) -> None:
    change = forms.EnrolService("load", Role.LOADER, KEY, SOON)
    waiting = cast.govern(cast.adele, change)
    with cast.house.turn() as turn:
        assert services.find(turn, "load") is None
    cast.govern(cast.diane, cast.approve(waiting, change))
    with cast.house.turn() as turn:
        service = services.find(turn, "load")
    assert service is not None
    assert (service.org, service.role, service.public_key) == (LAB, "loader", KEY)
    assert cast.denied(cast.adele, change) == "name-taken"
    assert cast.denied(cast.adele, forms.EnrolService("x", Role.BIOLOGIST, KEY, SOON)) == "role"


def test_an_ended_service_is_out_at_once(cast: Cast) -> None:
    key = Ed25519PrivateKey.generate()
    signed = services.message("one", "load", b"c" * 32)
    with cast.house.turn() as turn:
        services.enrol(turn, LAB, "load", key.public_key().public_bytes_raw(), role=Role.LOADER, until=SOON)
        ticket = sessions.prove_service(turn, "load", signed, key.sign(signed)).ticket
        assert sessions.asker(turn, cast.house.unlocked, ticket).org == LAB
    cast.govern(cast.adele, forms.EndService("load"))
    with cast.house.turn() as turn:
        with pytest.raises(Denial, match="sign in again"):
            sessions.asker(turn, cast.house.unlocked, ticket)
        with pytest.raises(Denial, match="not enrolled"):
            sessions.prove_service(turn, "load", signed, key.sign(signed))


def test_a_listener_of_ones_own_waits_too_and_hears_one_laboratory(cast: Cast) -> None:
    change = forms.EnrolListener("ecoute", KEY)
    waiting = cast.govern(cast.adele, change)
    assert cast.house.store.db.execute("SELECT * FROM listener").fetchall() == []
    cast.govern(cast.pia, cast.approve(waiting, change))
    assert cast.house.store.db.execute("SELECT name, public_key, next, org FROM listener").fetchall() == [
        ("ecoute", KEY, 1, LAB)
    ]
    assert cast.denied(cast.adele, change) == "name-taken"
    cast.govern(cast.adele, forms.EndListener("ecoute"))
    assert cast.denied(cast.adele, forms.EndListener("ecoute")) == "no-such-listener"


def test_a_laboratory_does_not_end_what_serves_the_others(cast: Cast) -> None:
    with cast.house.turn() as turn:
        services.enrol(turn, INSTALLATION, "work", KEY, role=Role.WORKER, until=SOON)
        services.enrol_listener(turn, INSTALLATION, "listener-1", KEY)
    assert cast.denied(cast.adele, forms.EndService("work")) == "no-such-service"
    assert cast.denied(cast.adele, forms.EndListener("listener-1")) == "no-such-listener"


def test_a_device_is_enrolled_ended_and_keeps_its_id_when_it_comes_back(cast: Cast) -> None:
    governed = cast.govern(cast.adele, forms.EnrolDevice("sysmex-1", "centre"))
    assert cast.denied(cast.adele, forms.EnrolDevice("sysmex-1", "nord")) == "name-taken"
    ulla, *_ = cast.house.founders(OTHER_LAB, "-autre")
    assert cast.denied(ulla, forms.EndDevice("sysmex-1")) == "no-such-device"
    cast.govern(cast.adele, forms.EndDevice("sysmex-1"))
    assert cast.denied(cast.adele, forms.EndDevice("sysmex-1")) == "no-such-device"
    assert cast.denied(ulla, forms.EnrolDevice("sysmex-1", "centre")) == "name-taken"
    cast.govern(cast.adele, forms.EnrolDevice("sysmex-1", "nord"))
    assert cast.house.store.db.execute("SELECT id, org, name, site, until FROM device").fetchall() == [
        (governed.id, LAB, "sysmex-1", "nord", None)
    ]


def test_a_mandate_is_signed_by_two_and_not_by_two_administrators(cast: Cast) -> None:
    ada = cast.house.colleague("ada", Role.ADMINISTRATOR)
    with cast.house.turn() as turn:
        services.enrol(turn, INSTALLATION, "work", KEY, role=Role.WORKER, until=SOON)
    change = forms.SignMandate("load", "work", 500, SOON)
    waiting = cast.govern(cast.adele, change)
    assert cast.denied(ada, cast.approve(waiting, change)) == "not-yours"
    assert cast.house.store.db.execute("SELECT * FROM mandate").fetchall() == []
    cast.govern(cast.pia, cast.approve(waiting, change))
    rows = "SELECT id, org, purpose, service, allowed, used, until, state FROM mandate"
    assert cast.house.store.db.execute(rows).fetchall() == [
        (waiting.id, LAB, "load", "work", 500, 0, store.micros(SOON), "in-force")
    ]
    cast.govern(cast.adele, forms.EndMandate(waiting.id.hex()))
    assert cast.denied(cast.adele, forms.EndMandate(waiting.id.hex())) == "no-such-mandate"


def test_a_mandate_has_a_service_of_this_laboratory_and_an_end_within_a_month(cast: Cast) -> None:
    with cast.house.turn() as turn:
        services.enrol(turn, OTHER_LAB, "theirs", KEY, role=Role.LOADER, until=SOON)
        services.enrol(turn, LAB, "ours", KEY, role=Role.LOADER, until=START + timedelta(hours=1))
    cast.house.wait(timedelta(hours=1))
    for name in ("theirs", "ours", "nobody"):
        assert cast.denied(cast.adele, forms.SignMandate("load", name, 1, SOON)) == "no-such-service"
    assert cast.denied(cast.adele, forms.SignMandate("load", "ours", 1, START + timedelta(days=32))) == "term"


def _founders(*roles: tuple[Role, ...]) -> tuple[Founder, ...]:
    return tuple(Founder(f"f{number}", f"F {number}", held, "centre") for number, held in enumerate(roles))


def test_an_organization_is_founded_once_and_it_is_on_the_record(cast: Cast) -> None:
    with cast.house.turn() as turn:
        rows = turn.db.execute("SELECT kind, state, proposed_by FROM change WHERE org = ?", (LAB,)).fetchall()
        assert rows == [("Founding", "in-force", b"")]
        with pytest.raises(Denial) as denied:
            changes.found(turn, cast.house.unlocked, LAB, _founders((Role.ADMINISTRATOR,)))
    assert denied.value.code == "founded"


@pytest.mark.parametrize(
    "founders",
    [
        (),
        _founders((Role.ADMINISTRATOR,), (Role.DIRECTOR,)),
        _founders((Role.ADMINISTRATOR, Role.PRIVACY_OFFICER), (Role.DIRECTOR,)),
        _founders((Role.ADMINISTRATOR,), (Role.DIRECTOR, Role.PRIVACY_OFFICER)),
        _founders((Role.ADMINISTRATOR,), (Role.DIRECTOR,), (Role.PRIVACY_OFFICER,), (Role.WORKER,)),
        _founders((Role.ADMINISTRATOR,), (Role.DIRECTOR,), (Role.PRIVACY_OFFICER,)) * 2,
    ],
)
def test_a_laboratory_begins_with_three_people_who_watch_each_other(
    tmp_path: Path, founders: tuple[Founder, ...]
) -> None:
    house = staff.house(tmp_path)
    with house.turn() as turn, pytest.raises(Denial) as denied:
        changes.found(turn, house.unlocked, LAB, founders)
    assert denied.value.code == "founders"


def test_a_form_is_read_only_in_its_one_canonical_spelling(cast: Cast) -> None:
    form = _grant(cast.noor, Role.SAMPLER)
    assert forms.read("GrantRole", canonical.encode(form)) == form
    spaced = canonical.encode(form).replace(b",", b", ")
    wrong = (
        ("EndRole", canonical.encode(form)),
        ("GrantRole", spaced),
        ("GrantRole", b"{}"),
        ("GrantRole", b"{"),
        ("GrantRole", b'"\xff"'),
    )
    for name, raw in wrong:
        with pytest.raises(Denial) as denied:
            forms.read(name, raw)
        assert denied.value.code == "form"


@pytest.mark.parametrize(
    ("form", "place"),
    [
        (b'{"change":"EnrolPerson","login":"","name":"canari","until":"2026-04-01T00:00:00Z"}', "$.login"),
        (b'{"change":"EnrolPerson","login":"canari\\n","name":"n","until":"2026-04-01T00:00:00Z"}', "$.login"),
        (b'{"change":"EnrolPerson","login":"l","name":"n","until":"2026-04-01T00:00:00"}', "$.until"),
        (b'{"change":"EndPerson","person":"canari"}', "$.person"),
        (b'{"change":"EndPerson","person":"' + b"0" * 32 + b'","canari":1}', "its head"),
        (b'{"change":"canari"}', "$.change"),
        (b'{"change":"EnrolListener","name":"l","public_key":"AAAA"}', "$.public_key"),
        (
            b'{"change":"SignMandate","purpose":"p","service":"s","allowed":0,"until":"2026-04-01T00:00:00Z"}',
            "$.allowed",
        ),
    ],
)
def test_a_wrong_form_is_refused_by_its_place_and_never_by_its_words(form: bytes, place: str) -> None:
    with pytest.raises(Denial) as denied:
        forms.read("EnrolPerson", form)
    assert denied.value.reason == f"this form is not right at {place}"
    assert "canari" not in denied.value.reason
