"""Saving: what surely rolled back is abandoned, what may have committed is left to settlement."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from aliquot.access import door, saving
from aliquot.access.acts import RegisterPatient
from aliquot.access.door import Actor, Intent
from aliquot.access.grant import Draft
from aliquot.access.routing import Routing, Statement
from aliquot.cli.scratch import World
from aliquot.custody.denial import Denial
from aliquot.record.models import Version
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.access.test_door import JEANNE

begun: list[Id] = []


def registering(lab: World, actor: Actor, routing: Callable[[CursorWrapper], None], known: Id | None = None) -> Id:
    """Begin to register a patient whose routing does something; gives the act."""
    patient, meant = ids.new(actor.org, lab.clock()), Intent("PATADMIN", ids.new(actor.org, lab.clock()))
    begun[:] = [meant.id]
    with door.enter(actor, RegisterPatient(patient), meant) as grant:
        grant.route(Routing(Statement("INSERT INTO subject (id) VALUES (%s)"), (patient,)))
        grant.route(Routing(lambda cursor, _: routing(cursor), None))
        grant.write(Draft(Kind.DEMOGRAPHY, known or ids.new(actor.org, lab.clock()), 1, "known", (), JEANNE))
    return meant.id


def state(lab: World) -> str:
    """What custody knows of the act that was begun last."""
    db = lab.custodian.custodian.store.db
    (found,) = db.execute("SELECT state FROM act WHERE id = ?", (begun[0],)).fetchone()
    return str(found)


def raising(error: BaseException) -> Callable[[CursorWrapper], None]:
    def routing(cursor: CursorWrapper) -> None:
        raise error

    return routing


def test_what_was_saved_is_kept(lab: World) -> None:
    registering(lab, lab.sign_in("secretary@nord"), lambda cursor: None)
    assert state(lab) == "kept"
    assert Version.objects.count() == 1


@pytest.mark.parametrize("error", [KeyError("a bug"), KeyboardInterrupt(), ZeroDivisionError()])
def test_a_failure_of_our_own_inside_the_transaction_is_abandoned(lab: World, error: BaseException) -> None:
    with pytest.raises(type(error)):
        registering(lab, lab.sign_in("secretary@nord"), raising(error))
    assert state(lab) == "abandoned"
    assert Version.objects.count() == 0


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("gone"), DatabaseError("gone")])
def test_a_failure_of_the_database_inside_the_transaction_is_abandoned(lab: World, error: Exception) -> None:
    with pytest.raises(Broken):
        registering(lab, lab.sign_in("secretary@nord"), raising(error))
    assert state(lab) == "abandoned"
    assert Version.objects.count() == 0


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("gone")])
def test_a_commit_that_was_not_confirmed_is_left_to_settlement(
    lab: World, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary = lab.sign_in("secretary@nord")

    def gone() -> None:
        raise error

    def breaking(cursor: CursorWrapper) -> None:
        monkeypatch.setattr(connection, "commit", gone)

    with pytest.raises(saving.Undecided):
        registering(lab, secretary, breaking)
    monkeypatch.undo()
    assert state(lab) == "prepared"


def test_a_commit_interrupted_by_a_signal_is_left_to_settlement(
    small_lab: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    secretary = small_lab.sign_in("secretary@nord")

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        registering(small_lab, secretary, lambda cursor: monkeypatch.setattr(connection, "commit", interrupted))
    monkeypatch.undo()
    assert state(small_lab) == "prepared"


def test_a_constraint_that_speaks_at_commit_is_a_definite_rollback(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    nobody = bytes(secretary.org) + bytes(12)
    statement = 'INSERT INTO version (resource, version, kind, subject, act, "schema", state, parents, sealed)'
    values = " SELECT %s, 1, 1, %s, id, 1, 'known', %s, %s FROM act"
    with pytest.raises((Broken, Denial)):
        registering(
            lab,
            secretary,
            lambda cursor: cursor.execute(statement + values, (ids.new(secretary.org, lab.clock()), nobody, b"", b"x")),
        )
    assert state(lab) == "abandoned"


def test_a_version_that_is_there_already_is_a_conflict(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    registering(lab, secretary, lambda cursor: None)
    planted = ids.new(secretary.org, lab.clock())
    Version.objects.update(resource=planted)
    with pytest.raises(Denial) as refused:
        registering(lab, secretary, lambda cursor: None, planted)
    assert refused.value.code == "conflict"
    assert state(lab) == "abandoned"


def test_nothing_is_entered_inside_a_transaction(small_lab: World) -> None:
    secretary = small_lab.sign_in("secretary@nord")
    with transaction.atomic(), pytest.raises(Broken, match="outside any transaction"):
        registering(small_lab, secretary, lambda cursor: None)
