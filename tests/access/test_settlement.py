"""Acts whose process was killed, on both engines: one outcome stands, and the records are what history says."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from aliquot.access import acts, door, governing, rows, settlement, statecheck
from aliquot.access.acts import OpenIdentity, ReviewNotice
from aliquot.access.door import Actor
from aliquot.access.settlement import Settled
from aliquot.custody.protocol import Unsettled, UnsettledActs
from aliquot.record.models import Act, Version
from aliquot.terms import ids, installation
from aliquot.terms.ids import Id
from aliquot.terms.kinds import Kind
from tests.access import dying
from tests.world import World


def killed(lab: World, actor: Actor, step: str) -> Id:
    """A patient whose registration was killed at this step, long enough ago to be settled."""
    _tell_others_the_database(lab)
    patient = ids.new(actor.org, lab.clock())
    status = dying.register(lab.home, lab.installation.custody.socket, actor.ticket, patient, step)
    assert status == -9
    lab.clock.pass_(timedelta(seconds=settlement.PATIENCE_S + 1))
    return patient


def settled(lab: World) -> list[str]:
    return [one.outcome for one in settlement.settle(lab.worker())]


@pytest.mark.parametrize(
    ("step", "outcomes", "versions"),
    [("prepared", ["lost"], 0), ("inserting", ["lost"], 0), ("committed", ["kept"], 2), ("ended", [], 2)],
)
def test_a_process_killed_at_any_step_leaves_one_outcome(
    lab: World, step: str, outcomes: list[str], versions: int
) -> None:
    killed(lab, lab.sign_in("secretary@nord"), step)
    assert settled(lab) == outcomes
    assert settled(lab) == []
    assert Version.objects.count() == versions
    assert list(statecheck.check(lab.work(), lab.clock())) == []


def test_what_settlement_found_kept_is_opened_and_complete(lab: World) -> None:
    secretary = lab.sign_in("secretary@nord")
    patient = killed(lab, secretary, "committed")
    assert settled(lab) == ["kept"]
    with door.enter(secretary, OpenIdentity(patient), door.intent(secretary, lab.clock(), "PATADMIN")) as grant:
        opened = grant.read(rows.of_subject(patient), whole=True)
    assert [record.kind for record in opened] == [Kind.DEMOGRAPHY, Kind.IDENTIFIERS]
    assert grant.missing == 0


def test_an_act_is_left_to_its_own_process_for_a_minute(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "committed")
    lab.clock.pass_(timedelta(seconds=-2))
    assert settled(lab) == []


def test_a_late_commit_of_a_lost_act_fails(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "prepared")
    (lost,) = settlement.settle(lab.worker())
    with pytest.raises(IntegrityError), transaction.atomic():
        Act(id=lost.act, outcome="kept", log_size=1, log_root=bytes(32)).save(force_insert=True)


def test_an_act_that_is_being_written_waits_for_the_next_time(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "prepared")
    (lost,) = _unsettled(lab)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO act (id, outcome, log_size, log_root) VALUES (%s, 'kept', 1, %s)", (lost, bytes(32))
            )
        if lab.engine == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA busy_timeout = 100")
        assert settled(lab) == []
        other.rollback()
    finally:
        other.close()
    assert settled(lab) == ["lost"]


@pytest.mark.parametrize("left", [0, 1])
def test_a_kept_act_that_lacks_rows_is_broken_and_rings_once(lab: World, left: int) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "committed")
    for version in Version.objects.all()[left:]:
        version.delete()
    (found,) = settlement.settle(lab.worker())
    assert found.outcome == "broken"
    assert list(settlement.settle(lab.worker())) == []
    officer = lab.sign_in("privacy@nord")
    desk = ReviewNotice(acts.organization(officer.org))
    with door.enter(officer, desk, door.intent(officer, lab.clock(), "HLEGAL")) as grant:
        assert [notice.kind for notice in governing.notices(grant).notices].count("act-broken") == 1


def test_a_kept_act_with_other_bytes_is_broken(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "committed")
    Version.objects.filter(kind=Kind.DEMOGRAPHY).update(sealed=b"something else")
    assert settled(lab) == ["broken"]


def test_rows_whose_act_was_taken_away_are_broken_and_not_lost(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "committed")
    (act,) = _unsettled(lab)
    with connection.cursor() as cursor:
        if lab.engine == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
        else:
            cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM act WHERE id = %s", (act,))
    assert settled(lab) == ["broken"]
    assert not Act.objects.filter(outcome="lost").exists()


def test_a_settlement_that_was_cut_short_before_its_end_is_finished(lab: World) -> None:
    killed(lab, lab.sign_in("secretary@nord"), "prepared")
    (act,) = _unsettled(lab)
    Act(id=act, outcome="lost", log_size=0, log_root=bytes(32)).save(force_insert=True)
    assert list(settlement.settle(lab.worker())) == [Settled(act, "lost")]


def _unsettled(lab: World) -> list[bytes]:
    line = lab.worker()
    return [one.act for one in line.ask(Unsettled(line.session().ticket, 0), UnsettledActs).acts]


def _tell_others_the_database(lab: World) -> None:
    """Another process finds the same record database in the installation's file."""
    if lab.engine == "sqlite":
        return
    file = lab.home / installation.FILE_NAME
    used = connection.settings_dict
    record = (
        f'engine = "postgresql"\nname = "{used["NAME"]}"\nhost = "{used["HOST"]}"\nport = 0\nuser = "{used["USER"]}"'
    )
    file.write_text(re.sub(r"engine = .*\nname = .*\nhost = .*\nport = .*\nuser = .*", record, file.read_text()))
