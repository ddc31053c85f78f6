"""What leaves a laboratory: two people, a counted list that custody makes, one receiver, an end; and it can be told."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import pytest

from aliquot.access import acts, door, exporting, migrating
from aliquot.access.acts import ReadMigration, SignMandate
from aliquot.access.door import Actor
from aliquot.access.exporting import Leave
from aliquot.access.grant import Grant
from aliquot.cli.scratch import World
from aliquot.custody import forms
from aliquot.custody.denial import Denial
from aliquot.custody.portions import PORTIONS
from aliquot.custody.protocol import Denied
from aliquot.custody.roles import Role
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from tests.custody import departing, moving
from tests.custody import speaker as speakers
from tests.custody.departing import Receiving, export_form, leave
from tests.custody.moving import refusal
from tests.custody.speaker import JEANNE, Speaker, notices, observation, person
from tests.plan import NORD

T = TypeVar("T")


@pytest.fixture
def to(small_lab: World) -> Receiving:
    return departing.receiving(small_lab)


@pytest.fixture
def porter(small_lab: World) -> Actor:
    return departing.exporter(small_lab)


def patients(lab: World, n: int, site: str = "nord") -> list[tuple[Id, Id]]:
    """So many patients with an order each, and their requisitions."""
    secretary = person(lab, "secretary@nord")
    found = []
    for _ in range(n):
        patient, _ = secretary.register(JEANNE)
        work, _ = secretary.order(patient, site)
        found.append((patient, work))
    return found


def denied(under: Leave, patient: Id) -> str:
    """The code with which a patient is not opened, or nothing."""
    try:
        with under.opening(patient):
            return ""
    except Denial as denial:
        return denial.code


def test_two_people_sign_and_custody_lists_who_is_in_scope(small_lab: World, to: Receiving, porter: Actor) -> None:
    there = patients(small_lab, 3)
    outside, _ = person(small_lab, "secretary@nord").register(JEANNE)
    under = leave(small_lab, porter, departing.signed(small_lab, export_form(small_lab, to)))
    assert list(exporting.listed(under)) == sorted(patient for patient, _ in there)
    assert [denied(under, patient) for patient, _ in there] == ["", "", ""]
    assert denied(under, outside) == "mandate"
    with under.running() as grant:
        told = exporting.told(grant)
    assert (told.listed, told.opened, told.recipient) == (3, 3, "Laboratoire du Sud")


def test_who_signs_what_leaves_follows_it_and_nobody_else_is_told(
    small_lab: World, to: Receiving, porter: Actor
) -> None:
    there = patients(small_lab, 2)
    form = export_form(small_lab, to)
    proposed = moving.govern(small_lab, "director@nord", form, SignMandate)
    for who, waits in (("privacy@nord", [proposed.hex()]), ("biologist@nord", []), ("privacy@sud", [])):
        assert [one.id for one in looked(small_lab, who, migrating.signatures)] == waits, who
    assert looked(small_lab, "privacy@nord", exporting.leavings) == ()
    moving.govern(small_lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(form).hex()), SignMandate)
    assert denied(leave(small_lab, porter, proposed), there[0][0]) == ""
    (told,) = looked(small_lab, "director@nord", exporting.leavings)
    assert (told.id, forms.change(told.form.encode())) == (proposed.hex(), form)
    assert (told.people, told.listed, told.opened) == (("Director Nord", "Privacy Nord"), 2, 1)
    assert (told.begun_at is None, told.state) == (False, "in-force")
    assert looked(small_lab, "biologist@nord", exporting.leavings) == ()
    assert looked(small_lab, "director@sud", exporting.leavings) == ()
    moving.govern(small_lab, "director@nord", forms.EndMandate(proposed.hex()), SignMandate)
    second = departing.signed(small_lab, export_form(small_lab, to, purpose="encore"))
    latest, ended = looked(small_lab, "privacy@nord", exporting.leavings)
    assert (latest.id, latest.state, latest.begun_at, latest.opened) == (second.hex(), "in-force", None, 0)
    assert (ended.id, ended.state) == (proposed.hex(), "ended")
    assert looked(small_lab, "privacy@nord", lambda grant: exporting.leavings(grant, proposed)) == (ended,)
    small_lab.clock.pass_(timedelta(days=11))
    assert [one.state for one in looked(small_lab, "privacy@nord", exporting.leavings)] == ["over", "ended"]


def looked(lab: World, who: str, asks: Callable[[Grant[ReadMigration]], tuple[T, ...]]) -> tuple[T, ...]:
    """What somebody is told who looks at migrations."""
    actor = lab.sign_in(who)
    meant = door.intent(actor, lab.clock(), Purpose.HOPERAT)
    with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
        return asks(grant)


def test_one_person_alone_signs_nothing_whatever_their_roles(small_lab: World, to: Receiving, porter: Actor) -> None:
    patients(small_lab, 1)
    form = export_form(small_lab, to)
    for alone in ("director@nord", "privacy@nord"):
        proposed = moving.govern(small_lab, alone, form, SignMandate)
        approval = forms.Approve(proposed.hex(), forms.digest(form).hex())
        assert refusal(small_lab, alone, approval) == "second-person"
        assert refusal(small_lab, "administrator@nord", approval) == "forbidden"
        assert leave_is_refused(small_lab, porter, proposed)
    assert refusal(small_lab, "biologist@nord", form) == "forbidden"


def leave_is_refused(lab: World, porter: Actor, mandate: bytes) -> bool:
    """Whether nothing is begun under this mandate."""
    try:
        with leave(lab, porter, mandate).running():
            return False
    except Denial as denial:
        return denial.code == "mandate"


def test_what_does_not_hold_together_is_not_signed(small_lab: World, to: Receiving, porter: Actor) -> None:
    patients(small_lab, 2)
    loader = departing.exporter(small_lab, "mover", Role.LOADER)
    assert loader.org == NORD
    until = small_lab.clock() + timedelta(days=40)
    without_zone = until.replace(tzinfo=None)
    counted: list[str | int] = []
    wrong: list[tuple[str, dict[str, object]]] = [
        ("kinds", {"kinds": ("observation", "observation")}),
        ("kinds", {"kinds": ("quarantine",)}),
        ("kinds", {"kinds": ("everything",)}),
        ("scope", {"first_on": date(2027, 1, 1)}),
        ("scope", {"sites": ("nord", "nord")}),
        ("scope", {"last_on": date(9999, 12, 31)}),
        ("scope", {"first_on": date(1, 1, 1)}),
        ("count", {"sites": ("sud",)}),
        ("count", {"last_on": date(2026, 11, 2)}),
        ("count", {"allowed": 1}),
        ("term", {"until": until}),
        ("no-such-service", {"service": "nobody"}),
        ("role", {"service": "mover"}),
        ("receiver", {"receiver": "{}"}),
        ("receiver", {"receiver": departing.receiving(small_lab, until=small_lab.clock()).document}),
        ("receiver", {"receiver": departing.receiving(small_lab, staging="00").document}),
        ("receiver", {"receiver": departing.receiving(small_lab, until=without_zone).document}),
        ("receiver", {"receiver": to.document.replace("reprise", "surprise")}),
        ("sender", {"receiver": departing.receiving(small_lab, sender="ee" * 32).document}),
    ]
    for code, changed in wrong:
        form = export_form(small_lab, to, **changed)
        assert refusal(small_lab, "director@nord", form) == code, changed
        # Who signs is told the same before any factor is given; how many they are, as a number.
        told = asked(small_lab, "director@nord", form)
        if code == "count":
            counted.append(told)
        else:
            assert told == code, changed
    assert counted == [0, 0, 2]
    assert asked(small_lab, "privacy@nord", export_form(small_lab, to)) == 2
    assert asked(small_lab, "biologist@nord", export_form(small_lab, to)) == "not-yours"
    assert asked(small_lab, "director@nord", export_form(small_lab, to, purpose="d\u202epart")) == "form"
    assert "custody-broken" not in notices(small_lab)


def asked(lab: World, who: str, form: forms.SignExport) -> str | int:
    """How many patients would be listed, or the code of what custody has against it."""
    actor = lab.sign_in(who)
    meant = door.intent(actor, lab.clock(), Purpose.HOPERAT)
    try:
        with door.enter(actor, ReadMigration(acts.organization(actor.org)), meant) as grant:
            return exporting.in_scope(grant, form)
    except Denial as denial:
        return denial.code


def test_only_the_kinds_the_class_and_the_requisitions_that_it_names_are_opened(
    small_lab: World, to: Receiving, porter: Actor
) -> None:
    secretary, technician = person(small_lab, "secretary@nord"), person(small_lab, "technician@nord")
    patient, demography = secretary.register(JEANNE)
    work, requisition = secretary.order(patient)
    other, hidden = secretary.order(patient)
    small_lab.custodian.custodian.store.db.execute("UPDATE work SET site = 'annexe' WHERE id = ?", (other,))
    result = technician.result(patient, work, observation(technician.id(), work))
    sensitive = technician.result(patient, work, observation(technician.id(), work, harm=1))
    form = export_form(small_lab, to, kinds=("demography", "requisition", "observation"), harm="normal")
    under = leave(small_lab, porter, departing.signed(small_lab, form))
    with under.opening(patient) as grant:
        speaker = Speaker(small_lab, porter.line, under.actor.ticket, NORD)
        found = speaker.open(grant.token, demography, requisition, hidden, result, sensitive)
    assert [content.state for content in found.contents] == ["open", "open", "withheld", "open", "withheld"]
    named = ("demography", "observation", "requisition")
    assert ("ExportDossier", "Laboratoire du Sud: départ", named) in departing.who_opened(small_lab, patient)
    speaker = Speaker(small_lab, porter.line, under.actor.ticket, NORD)
    asked = speaker.act("ExportDossier", patient, "HOPERAT", other)
    (refused,) = speaker.enter(speakers.other(asked, mandate=under.mandate))
    assert isinstance(refused, Denied)
    assert "which requisitions leave" in refused.reason
    without = export_form(small_lab, to, kinds=("requisition",))
    under = leave(small_lab, porter, departing.signed(small_lab, without))
    with under.opening(patient) as grant:
        speaker = Speaker(small_lab, porter.line, under.actor.ticket, NORD)
        assert speaker.state(grant.token, demography) == "withheld"
        assert speaker.state(grant.token, result) == "withheld"


def test_it_rings_when_the_first_patient_leaves_and_counts_each_patient_once(
    small_lab: World, to: Receiving, porter: Actor
) -> None:
    ((first, _), (second, _)) = patients(small_lab, 2)
    mandate = departing.signed(small_lab, export_form(small_lab, to))
    under = leave(small_lab, porter, mandate)
    assert "export-begun" not in notices(small_lab)
    assert [denied(under, patient) for patient in (first, first, second, first)] == ["", "", "", ""]
    assert notices(small_lab).count("export-begun") == 1
    used = small_lab.custodian.custodian.store.db.execute("SELECT used FROM mandate WHERE id = ?", (mandate,))
    assert used.fetchone() == (2,)


def test_nothing_is_opened_after_its_end_or_once_it_was_ended(small_lab: World, to: Receiving, porter: Actor) -> None:
    ((patient, _),) = patients(small_lab, 1)
    ended = departing.signed(small_lab, export_form(small_lab, to))
    moving.govern(small_lab, "director@nord", forms.EndMandate(ended.hex()), SignMandate)
    assert denied(leave(small_lab, porter, ended), patient) == "mandate"
    until = small_lab.clock() + timedelta(days=2)
    lasting = departing.signed(small_lab, export_form(small_lab, to, until=until))
    assert denied(leave(small_lab, porter, lasting), patient) == ""
    small_lab.clock.jump(timedelta(days=3))
    assert denied(leave(small_lab, porter, lasting), patient) == "mandate"


def test_an_export_mandate_covers_nothing_else_and_no_other_mandate_covers_an_export(
    small_lab: World, to: Receiving, porter: Actor
) -> None:
    ((patient, _),) = patients(small_lab, 1)
    mandate = departing.signed(small_lab, export_form(small_lab, to))
    speaker = Speaker(small_lab, porter.line, leave(small_lab, porter, mandate).actor.ticket, NORD)
    for name in ("RegisterPatient", "LoadHistory", "OpenDossier"):
        act = speaker.act(name, patient, "TREAT", speaker.id() if name == "LoadHistory" else b"")
        changed = {field: getattr(act, field) for field in act.__struct_fields__} | {"mandate": mandate}
        assert speaker.denied(type(act)(**changed)) != ""
    bulk = forms.SignMandate("vrac", "porter", 10, small_lab.clock() + timedelta(days=5))
    proposed = moving.govern(small_lab, "director@nord", bulk, SignMandate)
    moving.govern(small_lab, "privacy@nord", forms.Approve(proposed.hex(), forms.digest(bulk).hex()), SignMandate)
    assert denied(leave(small_lab, porter, proposed), patient) == "mandate"


def test_what_leaves_is_every_kind_that_is_kept_of_a_patient() -> None:
    not_of_patients = {Kind.QUARANTINE, Kind.CATALOGUE, Kind.PAPER, Kind.CARD}
    assert PORTIONS["ExportDossier"].reads == frozenset(Kind) - not_of_patients
