"""What an act may write: its own kinds and states, in its own patient and requisition, once."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aliquot.cli.scratch import World
from aliquot.custody.denial import CustodyGone, Denial
from aliquot.custody.protocol import Done, Prepare, Prepared, SignOut, Write, Writing
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.custody.speaker import EMPTY, Speaker, identity, leaves, observation, person
from tests.plan import NORD, SUD


@pytest.fixture
def secretary(small_lab: World) -> Speaker:
    return person(small_lab, "secretary@nord")


@pytest.fixture
def technician(small_lab: World) -> Speaker:
    return person(small_lab, "technician@nord")


@pytest.fixture
def bench(secretary: Speaker) -> tuple[Id, Id]:
    """A patient with open work."""
    patient, _ = secretary.register()
    return patient, secretary.order(patient)[0]


def refused(speaker: Speaker, grant: bytes, *writes: Write) -> str:
    """The code with which writes are refused; nothing of them stays."""
    before = leaves(speaker.lab, speaker.org)
    with pytest.raises(Denial) as denial:
        speaker.prepare(grant, *writes)
    assert leaves(speaker.lab, speaker.org) == before
    assert pending(speaker.lab) == 0
    return denial.value.code


def pending(lab: World) -> int:
    (number,) = lab.custodian.custodian.store.db.execute("SELECT count(*) FROM pending").fetchone()
    return int(number)


def typing(technician: Speaker, bench: tuple[Id, Id]) -> bytes:
    return technician.granted(technician.act("TypeResult", bench[0], "TREAT", bench[1])).grant


def changed(write: Write, **fields: Any) -> Write:  # Any: fields of several types
    return msgspec.structs.replace(write, **fields)


def test_what_was_prepared_has_one_leaf_and_waits(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    grant = secretary.granted(act).grant
    before = leaves(small_lab, NORD)
    secretary.prepare(grant, identity(secretary.id()), Write(Kind.NOTE, secretary.id(), 1, 1, "known", (), 0, EMPTY))
    assert leaves(small_lab, NORD) == before + 1
    assert pending(small_lab) == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": Kind.REPORT, "state": "final"}, "not-of-this-act"),
        ({"kind": 77}, "not-of-this-act"),
        ({"state": "released"}, "not-of-this-act"),
        ({"harm": 9}, "malformed"),
        ({"version": 0}, "conflict"),
        ({"version": 2}, "conflict"),
        ({"version": 2**63 - 1}, "conflict"),
        ({"version": 2**63}, "malformed"),
        ({"version": -1}, "malformed"),
        ({"schema": 2**16}, "malformed"),
        ({"parents": ()}, "malformed"),
        ({"parents": (b"short",)}, "malformed"),
        ({"tokens": (("nir", "1610475000001"),)}, "not-of-this-act"),
        ({"tokens": (("login", "somebody"),)}, "not-of-this-act"),
    ],
)
def test_a_write_outside_the_portion_is_refused(
    technician: Speaker, bench: tuple[Id, Id], fields: dict[str, Any], code: str
) -> None:
    write = changed(observation(technician.id(), bench[1]), **fields)
    assert refused(technician, typing(technician, bench), write) == code


def test_a_record_of_another_organization_is_not_written(technician: Speaker, bench: tuple[Id, Id]) -> None:
    write = observation(SUD + bytes(12), bench[1])
    assert refused(technician, typing(technician, bench), write) == "not-of-this-act"


def test_a_record_of_another_patient_or_requisition_is_not_written(
    secretary: Speaker, technician: Speaker, bench: tuple[Id, Id]
) -> None:
    another, _ = secretary.register()
    foreign, _ = secretary.order(another)
    own, _ = secretary.order(bench[0])
    known = technician.id()
    technician.result(another, foreign, observation(known, foreign))
    grant = typing(technician, bench)
    for write in (
        observation(technician.id(), foreign),
        observation(technician.id(), own),
        observation(known, bench[1], 2),
    ):
        assert refused(technician, grant, write) == "not-of-this-act"


def test_a_requisition_is_opened_only_under_its_own_id(secretary: Speaker, bench: tuple[Id, Id]) -> None:
    grant = secretary.granted(secretary.act("PlaceOrder", bench[0], "TREAT", secretary.id())).grant
    write = Write(Kind.REQUISITION, secretary.id(), 1, 1, "open", (), 0, EMPTY, site="nord")
    assert refused(secretary, grant, write) == "not-of-this-act"


def test_work_is_opened_only_at_a_site_where_the_person_works(secretary: Speaker, bench: tuple[Id, Id]) -> None:
    act = secretary.act("PlaceOrder", bench[0], "TREAT", secretary.id())
    grant = secretary.granted(act).grant
    for site in ("sud", ""):
        write = Write(Kind.REQUISITION, act.work, 1, 1, "open", (), 0, EMPTY, site=site)
        assert refused(secretary, grant, write) == "another-site"


def test_a_record_keeps_its_kind_and_does_not_become_less_sensitive(technician: Speaker, bench: tuple[Id, Id]) -> None:
    known = technician.id()
    technician.result(*bench, observation(known, bench[1], harm=1))
    second = observation(known, bench[1], 2)
    assert refused(technician, typing(technician, bench), second) == "not-of-this-act"
    grant = technician.granted(technician.act("ValidateTechnically", bench[0], "TREAT", bench[1])).grant
    comment = changed(second, kind=Kind.COMMENT, state="known", harm=1)
    assert refused(technician, grant, comment) == "not-of-this-act"


def test_one_resource_is_written_once_in_a_request(technician: Speaker, bench: tuple[Id, Id]) -> None:
    twice = observation(technician.id(), bench[1])
    assert refused(technician, typing(technician, bench), twice, twice) == "conflict"
    grants = [typing(technician, bench) for _ in range(2)]
    with pytest.raises(Denial) as denial:
        technician.line.ask(Prepare(tuple(Writing(grant, (twice,)) for grant in grants)), Prepared)
    assert denial.value.code == "conflict"


def test_an_act_saves_once_whatever_grants_it_has(technician: Speaker, bench: tuple[Id, Id]) -> None:
    act = technician.act("TypeResult", bench[0], "TREAT", bench[1])
    grants = [technician.granted(act).grant for _ in range(2)]
    writings = tuple(Writing(grant, (observation(technician.id(), bench[1]),)) for grant in (grants[0], grants[0]))
    for tried in (writings, (writings[0], Writing(grants[1], writings[1].writes))):
        with pytest.raises(Denial) as denial:
            technician.line.ask(Prepare(tried), Prepared)
        assert denial.value.code == "already-prepared"
    technician.prepare(grants[0], *writings[0].writes)
    with pytest.raises(Denial) as denial:
        technician.prepare(grants[1], *writings[1].writes)
    assert denial.value.code == "already-prepared"


def test_while_an_act_saves_a_resource_nobody_else_does(technician: Speaker, bench: tuple[Id, Id]) -> None:
    write = observation(technician.id(), bench[1])
    technician.prepare(typing(technician, bench), write)
    with pytest.raises(Denial) as denial:
        technician.prepare(typing(technician, bench), write)
    assert denial.value.code == "conflict"


def test_an_act_that_reads_writes_nothing(secretary: Speaker, bench: tuple[Id, Id]) -> None:
    grant = secretary.granted(secretary.act("OpenIdentity", bench[0], "PATADMIN")).grant
    assert refused(secretary, grant, identity(secretary.id())) == "not-of-this-act"
    assert refused(secretary, grant) == "malformed"


def test_an_identity_that_cannot_be_read_is_not_kept(secretary: Speaker) -> None:
    grant = secretary.granted(secretary.act("RegisterPatient", secretary.id(), "PATADMIN")).grant
    first, second = identity(secretary.id()), identity(secretary.id())
    assert refused(secretary, grant, changed(first, body=b"no json")) == "malformed"
    assert refused(secretary, grant, first, second) == "malformed"
    numbers = Write(Kind.IDENTIFIERS, secretary.id(), 1, 1, "known", (), 0, EMPTY, (("nir", "12"),))
    assert refused(secretary, grant, first, numbers) == "malformed"
    many = tuple(("file", f"P{n}") for n in range(17))
    assert refused(secretary, grant, first, changed(numbers, tokens=many)) == "not-of-this-act"


def test_a_token_made_while_saving_counts_as_looking_somebody_up(small_lab: World, secretary: Speaker) -> None:
    grant = secretary.granted(secretary.act("RegisterPatient", secretary.id(), "PATADMIN")).grant
    numbers = Write(Kind.IDENTIFIERS, secretary.id(), 1, 1, "known", (), 0, EMPTY, (("file", "P1"), ("extid", "X")))
    secretary.prepare(grant, numbers)
    (asked,) = small_lab.custodian.custodian.store.db.execute("SELECT count(*) FROM asked").fetchone()
    assert asked == 2


def test_a_grant_ends_after_a_minute_and_with_its_session(small_lab: World, secretary: Speaker) -> None:
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    grant = secretary.granted(act).grant
    small_lab.clock.pass_(timedelta(seconds=61))
    assert refused(secretary, grant, identity(secretary.id())) == "grant-over"
    grant = secretary.granted(act).grant
    secretary.line.ask(SignOut(secretary.ticket), Done)
    with pytest.raises(Denial) as denial:
        secretary.prepare(grant, identity(secretary.id()))
    assert denial.value.code == "signed-out"


def test_a_grant_does_not_survive_a_restart(small_lab: World, secretary: Speaker) -> None:
    grant = secretary.granted(secretary.act("RegisterPatient", secretary.id(), "PATADMIN")).grant
    small_lab.custodian.stop()
    small_lab.custodian.start()
    with pytest.raises(CustodyGone):
        secretary.prepare(grant, identity(secretary.id()))
    assert refused(secretary, grant, identity(secretary.id())) == "grant-over"
