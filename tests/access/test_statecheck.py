"""The state check finds what was done to the rows behind history's back, on both engines."""

import sqlite3
from datetime import date

import pytest

from aliquot.access import door, statecheck
from aliquot.access.acts import RegisterPatient
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Draft
from aliquot.access.routing import Routing, Statement
from aliquot.access.statecheck import Fault, Finding
from aliquot.record.models import Version
from aliquot.terms import ids
from aliquot.terms.identity import Demography, Sex
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from aliquot.terms.purposes import Purpose
from tests.access.test_settlement import killed
from tests.world import World


def registered(lab: World, actor: Actor) -> Id:
    """One patient with one record; gives the record's id."""
    patient, record = ids.new(actor.org, lab.clock()), ids.new(actor.org, lab.clock())
    meant = Intent(Purpose.PATADMIN, ids.new(actor.org, lab.clock()))
    with door.enter(actor, RegisterPatient(patient), meant) as grant:
        grant.route(Routing(Statement("INSERT INTO subject (id) VALUES (%s)"), (patient,)))
        person = Demography("Zélande", ("Jeanne",), date(1961, 4, 1), Sex.FEMALE)
        grant.write(Draft(Kind.DEMOGRAPHY, record, 1, "known", (), person))
    return record


def found(lab: World) -> list[Finding]:
    return list(statecheck.check(lab.work(), lab.clock()))


@pytest.fixture
def record(lab: World) -> Id:
    """One of three records of the laboratory."""
    secretary = lab.sign_in("secretary@nord")
    return [registered(lab, secretary) for _ in range(3)][1]


def test_nothing_is_found_where_nothing_was_done(lab: World, record: Id) -> None:
    assert found(lab) == []


def test_a_deleted_row_is_missing(lab: World, record: Id) -> None:
    Version.objects.filter(resource=record).delete()
    assert found(lab) == [Finding(Fault.MISSING, record.hex(), 1)]


def test_altered_bytes_are_found(lab: World, record: Id) -> None:
    Version.objects.filter(resource=record).update(sealed=b"something else")
    assert found(lab) == [Finding(Fault.ALTERED, record.hex(), 1)]


def test_a_row_that_history_does_not_know_is_found(lab: World, record: Id) -> None:
    planted = ids.new(ids.org_of(record), lab.clock())
    row = Version.objects.get(resource=record)
    row.pk, row.resource = None, planted
    row.save(force_insert=True)
    assert found(lab) == [Finding(Fault.UNKNOWN, planted.hex(), 1)]


def test_a_version_that_history_does_not_know_is_found(lab: World, record: Id) -> None:
    row = Version.objects.get(resource=record)
    row.pk, row.version = None, 2
    row.save(force_insert=True)
    assert found(lab) == [Finding(Fault.UNKNOWN, record.hex(), 2)]


def test_an_older_version_put_back_as_the_latest_is_found(lab: World, record: Id) -> None:
    _kept_again(lab, record)
    assert found(lab) == [Finding(Fault.ROLLED_BACK, record.hex(), 2)]


def test_a_missing_older_version_is_found(lab: World, record: Id) -> None:
    _kept_again(lab, record)
    Version.objects.filter(resource=record).update(version=2)
    assert found(lab) == [Finding(Fault.MISSING, record.hex(), 2)]


@pytest.mark.parametrize("step", ["prepared", "committed"])
def test_an_act_that_has_not_ended_may_be_there_or_not(lab: World, step: str) -> None:
    killed(lab, lab.sign_in("secretary@nord"), step)
    assert found(lab) == []


def test_the_other_laboratory_is_not_looked_at(lab: World, record: Id) -> None:
    Version.objects.filter(resource=record).delete()
    other = lab.installation.laboratories[1]
    assert list(statecheck.check(lab.work(ids.Org(bytes.fromhex(other.org))), lab.clock())) == []


def test_how_far_history_reached_is_remembered_with_each_act(lab: World) -> None:
    org = ids.Org(bytes.fromhex(lab.installation.laboratories[0].org))
    assert statecheck.highest(org) is None
    secretary = lab.sign_in("secretary@nord")
    registered(lab, secretary)
    first = statecheck.highest(org)
    registered(lab, secretary)
    second = statecheck.highest(org)
    assert first is not None
    assert second is not None
    assert second[0] > first[0]
    assert second[1] != first[1]


def _kept_again(lab: World, record: Id) -> None:
    """Custody's fold says that a second version was kept, as if the database had been restored from before it."""
    lab.hang_up()
    lab.custodian.stop()
    file = sqlite3.connect(lab.installation.custody.database)
    file.execute("UPDATE resource SET version = 2 WHERE id = ?", (bytes(record),))
    file.commit()
    file.close()
    lab.custodian.start()
