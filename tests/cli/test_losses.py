"""What doctor says of lost work."""

from datetime import UTC, datetime

from aliquot.cli import losses
from aliquot.custody.answers import Losses
from aliquot.terms.installation import Installation
from tests.custody.speaker import identity, person, worker
from tests.plan import NORD
from tests.world import World


def said(installation: Installation) -> list[tuple[str, str]]:
    return [(check.state, check.words) for check in losses.lost(installation)]


def test_lost_work_is_a_warning_until_it_is_acknowledged(small_lab: World) -> None:
    assert said(small_lab.installation) == [("ok", "no lost act waits to be acknowledged")]
    secretary = person(small_lab, "secretary@nord")
    act = secretary.act("RegisterPatient", secretary.id(), "PATADMIN")
    secretary.prepare(secretary.granted(act).grant, identity(secretary.id()))
    worker(small_lab, NORD).end(act.id, "lost")
    ((state, words),) = said(small_lab.installation)
    assert state == "warning"
    assert words.startswith("1 lost acts wait")


def test_without_a_custodian_nothing_is_said_twice(small_lab: World) -> None:
    small_lab.hang_up()
    small_lab.custodian.stop()
    assert said(small_lab.installation) == []
    small_lab.custodian.start()


def test_the_first_of_them_is_dated() -> None:
    check = losses.judged(Losses(3, datetime(2026, 3, 2, 8, 5, tzinfo=UTC)))
    assert check.words == "3 lost acts wait to be acknowledged, the first since 2026-03-02 08:05 UTC"
