"""History as the custodian writes it: gathered in a turn, durable with it, and never going back in time."""

import contextlib
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from aliquot.cli import scratch
from aliquot.cli.scratch import World
from aliquot.custody.custodian import Custodian, Times
from aliquot.custody.history import Leaf
from aliquot.ledger import checkpoint, entry, note, policy, tiles, verify
from aliquot.ledger.checkpoint import SignedCheckpoint
from aliquot.ledger.entry import Entry, Step
from aliquot.terms.errors import Broken
from aliquot.vault.errors import Unopenable
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


HOUR = timedelta(hours=1)


def cosigned(lab: World, org: str = NORD.hex()) -> SignedCheckpoint:
    """The checkpoint that an organization's log signed last with its second key, as it was exported."""
    return checkpoint.parse(tiles.text(lab.installation.custody.tiles / org / tiles.COSIGNED))


def second(lab: World, org: str = NORD.hex()) -> note.Key:
    """The second key of a log, as the exported policy names it."""
    trust = policy.parse(tiles.text(lab.installation.custody.tiles / org / tiles.POLICY))
    (key,) = [key for key in trust.logs if key.kind == note.ML_DSA_44_COSIGNATURE]
    return key


def test_a_log_signs_with_its_second_key_once_an_hour_and_not_between(small_lab: World) -> None:
    custodian = alone(small_lab)
    sizes = []
    for passed in (timedelta(), timedelta(minutes=30), timedelta(minutes=29), timedelta(minutes=1), timedelta(hours=2)):
        small_lab.clock.pass_(passed)
        append(custodian, small_lab)
        custodian.tick()
        signed = cosigned(small_lab)
        assert second(small_lab) in checkpoint.verify(signed, [second(small_lab)])
        sizes.append(signed.checkpoint.head.size)
    first = sizes[0]
    assert sizes == [first, first, first, first + 3, first + 4]
    assert verify.verify(small_lab.installation.custody.tiles).seconds[NORD.hex()] == verify.Second("holds", first + 4)
    custodian.close()
    small_lab.custodian.start()


def test_a_clean_stop_signs_all_that_is_durable_and_exports_it(small_lab: World) -> None:
    custodian = alone(small_lab)
    custodian.tick()
    append(custodian, small_lab)
    size = custodian.held.history.head(NORD).size
    custodian.close()
    folder = small_lab.installation.custody.tiles / NORD.hex()
    assert cosigned(small_lab).checkpoint.head.size == size
    assert tiles.text(folder / tiles.CHECKPOINT) == tiles.text(folder / tiles.COSIGNED)
    assert {one.ml_dsa_44 for one in verify.verify(folder.parent).seconds.values()} == {"holds"}
    small_lab.custodian.start()


def test_the_second_key_is_the_same_after_a_restart_and_lies_sealed(small_lab: World) -> None:
    custodian = alone(small_lab)
    custodian.tick()
    key = second(small_lab)
    (wrapped,) = custodian.store.db.execute("SELECT cosigning FROM log WHERE org = ?", (NORD,)).fetchone()
    seed = custodian.held.unlocked.unwrap_cosigning(NORD, wrapped)
    assert MLDSA44PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw() == key.public
    assert seed not in wrapped
    with pytest.raises(Unopenable):
        custodian.held.unlocked.unwrap_signing(NORD, wrapped)
    custodian.close()
    custodian = alone_again(small_lab)
    append(custodian, small_lab)
    custodian.tick()
    assert second(small_lab) == key
    custodian.close()
    small_lab.custodian.start()


def alone_again(lab: World) -> Custodian:
    return scratch.custodian(lab.installation, Times(lab.clock, lab.clock.steady))


def test_a_log_of_before_gets_its_second_key_at_the_next_start(small_lab: World) -> None:
    custodian = alone(small_lab)
    custodian.store.db.executescript("UPDATE log SET cosigning = NULL; DELETE FROM cosigned")
    custodian.store.close()
    custodian = alone_again(small_lab)
    custodian.tick()
    assert verify.verify(small_lab.installation.custody.tiles).seconds[NORD.hex()].ml_dsa_44 == "holds"
    custodian.close()
    small_lab.custodian.start()


def test_a_commit_is_signed_with_the_first_key_alone(small_lab: World) -> None:
    custodian = alone(small_lab)
    custodian.tick()
    before = custodian.store.db.execute("SELECT note FROM cosigned ORDER BY org").fetchall()
    small_lab.clock.pass_(2 * HOUR)
    append(custodian, small_lab)
    assert custodian.store.db.execute("SELECT note FROM cosigned ORDER BY org").fetchall() == before
    custodian.close()
    small_lab.custodian.start()


def pages(custodian: Custodian, lab: World) -> int:
    """How many pages a commit of one entry writes, at the least of nine: at times the table needs one more."""
    written: list[int] = []
    for _ in range(9):
        custodian.store.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        append(custodian, lab)
        _, most, _ = custodian.store.db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        written.append(most)
    return min(written)


def test_a_commit_writes_the_entry_and_the_head_and_not_the_second_signature(small_lab: World) -> None:
    custodian = alone(small_lab)
    append(custodian, small_lab)
    small_lab.clock.pass_(2 * HOUR)
    custodian.tick()
    assert custodian.store.db.execute("SELECT length(note) > 3000 FROM cosigned").fetchall() == [(1,)] * 3
    assert pages(custodian, small_lab) == 2
    custodian.close()
    small_lab.custodian.start()
