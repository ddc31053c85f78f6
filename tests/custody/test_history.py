"""History as the custodian writes it: gathered in a turn, durable with it, and never going back in time."""

import contextlib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.history import Leaf
from aliquot.ledger import entry, verify
from aliquot.ledger.entry import Entry, Step
from aliquot.terms.errors import Broken
from tests.custody.speaker import person
from tests.plan import NORD


def alone(lab: World) -> Custodian:
    """The laboratory's custodian without its server."""
    lab.custodian.stop()
    return scratch.custodian(lab.installation, Times(lab.clock, lab.clock.steady))


def entries(custodian: Custodian) -> list[Entry]:
    rows = custodian.store.db.execute("SELECT entry FROM leaf WHERE org = ? ORDER BY seq", (NORD,)).fetchall()
    return [entry.decode(raw) for (raw,) in rows]


def append(custodian: Custodian, lab: World) -> None:
    history = custodian.held.history
    with custodian.store.turn(lab.clock()) as turn:
        history.append(turn, NORD, Leaf("tested", Step.EVENT, "", ""))
        history.settle(turn)


def test_numbers_follow_and_time_never_goes_back(small_lab: World) -> None:
    custodian = alone(small_lab)
    for passed in (timedelta(hours=2), timedelta(hours=-1), timedelta()):
        small_lab.clock.jump(passed)
        append(custodian, small_lab)
    written = entries(custodian)
    assert [one.seq for one in written] == list(range(len(written)))
    assert [one.t for one in written] == sorted(one.t for one in written)
    custodian.close()
    small_lab.custodian.start()


def test_what_a_failed_turn_gathered_is_not_in_the_tree(small_lab: World) -> None:
    custodian = alone(small_lab)
    history, before = custodian.held.history, custodian.held.history.head(NORD)
    small_lab.clock.jump(timedelta(hours=1))
    with pytest.raises(msgspec.MsgspecError):
        _fail(custodian, small_lab)
    history.forget()
    assert history.head(NORD) == before
    small_lab.clock.jump(timedelta(hours=-1))
    append(custodian, small_lab)
    assert history.head(NORD).size == before.size + 1
    assert entries(custodian)[-1].t == small_lab.clock()
    custodian.close()
    small_lab.custodian.start()


def _fail(custodian: Custodian, lab: World) -> None:
    with custodian.store.turn(lab.clock()) as turn:
        custodian.held.history.append(turn, NORD, Leaf("tested", Step.EVENT, "", ""))
        custodian.held.history.settle(turn)
        raise msgspec.MsgspecError


def test_every_log_verifies_and_one_that_was_rewritten_does_not(small_lab: World, tmp_path: Path) -> None:
    person(small_lab, "secretary@nord").register()
    custodian = alone(small_lab)
    custodian.tick()
    assert verify.verify(small_lab.installation.custody.tiles).status == verify.HOLDS
    rewritten = custodian.store.db.execute(
        "UPDATE leaf SET entry = CAST(replace(CAST(entry AS TEXT), 'RegisterPatient', 'OpenIdentity') AS BLOB)"
        " WHERE instr(entry, 'RegisterPatient') > 0"
    )
    assert rewritten.rowcount > 0
    custodian.close()
    custodian = scratch.custodian(small_lab.installation, Times(small_lab.clock, small_lab.clock.steady))
    with contextlib.suppress(Broken):
        custodian.held.history.export(custodian.store.db, tmp_path / "tiles")
    assert verify.verify(tmp_path / "tiles").status != verify.HOLDS
    custodian.close()
    small_lab.custodian.start()


def test_an_entry_names_nobody(small_lab: World) -> None:
    patient, _ = person(small_lab, "secretary@nord").register()
    custodian = alone(small_lab)
    raw = b"".join(msgspec.json.encode(one) for one in entries(custodian))
    assert b"RegisterPatient" in raw
    for canary in (patient.hex().encode(), "Zélande".encode(), b"secretary", b"Secretary"):
        assert canary not in raw
    custodian.close()
    small_lab.custodian.start()
