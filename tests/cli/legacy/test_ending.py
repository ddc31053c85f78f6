"""The end of a move: both sides are read again, and what was staged is erased with a certificate."""

import stat
from datetime import timedelta

import msgspec
import pytest

from aliquot.access import acts
from aliquot.cli.exits import Exit
from aliquot.custody import forms
from aliquot.custody.steps import State, Step
from aliquot.legacy import papers
from aliquot.legacy.wayback import WayBack
from tests.access.test_door import register
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.custody import moving
from tests.legacy import test_papers
from tests.legacy.old import result


@pytest.fixture
def loaded(lab: Laboratory) -> Laboratory:
    """Everything that comes is in."""
    lab.opened()
    assert lab.word("load", lab.map, lab.source).status == 0
    assert lab.word("finish", lab.mandate).status == 0
    return lab


def signed(lab: Laboratory, step: Step, evidence: str = "", rests: str = "") -> None:
    """Two people answer for a step."""
    cut = lab.move.cut() if step is Step.CUT_OVER else msgspec.UNSET
    form = forms.StepMigration(lab.mandate, step, evidence, rests, cut)
    first, second = moving.PEOPLE[step]
    if step is Step.RECONCILE:
        for who in (first, second):
            moving.compare(lab.lab, lab.move.mandate, who)
    proposed = moving.govern(lab.lab, first, form, acts.StepMigration)
    moving.govern(lab.lab, second, forms.Approve(proposed.hex(), forms.digest(form).hex()), acts.StepMigration)


def test_both_sides_agree_until_a_row_of_the_source_changes(loaded: Laboratory) -> None:
    told = loaded.told("reconcile", loaded.map, loaded.source)
    assert (told["agrees"], told["faults"], told["apart"]) == (True, {}, 0)
    loaded.old.results = [*loaded.old.results, result("7700181", "8800903", COM=f"{CANARY}NEU")]
    loaded.old.reading().close()
    said = loaded.word("reconcile", loaded.map, loaded.source)
    assert said.status == Exit.FOUND
    assert "missing: 1" in said.out
    assert "row 6  missing" in said.out
    assert "both sides do not agree" in said.out
    kept = (loaded.folder / "reconciliation.json").read_text()
    assert CANARY not in said.out + said.err + kept
    assert "141.7" not in kept


def test_a_move_that_two_people_closed_leaves_a_certificate_and_no_key(loaded: Laboratory) -> None:
    found = loaded.told("reconcile", loaded.map, loaded.source)
    account = loaded.move.in_force(Step.FINISH).hex()
    signed(loaded, Step.RECONCILE, str(found["digest"]), account)
    early = loaded.word("close", loaded.mandate)
    assert early.status == Exit.FOUND
    assert "cut over" in early.err
    assert loaded.told("back", loaded.mandate, loaded.source)["new"] == {}
    signed(loaded, Step.CUT_OVER, rests=str(found["digest"]))
    for ended in (("reconcile", loaded.map, loaded.source), ("show", loaded.mandate)):
        assert "the loader ended with the cut-over; use --login NAME" in loaded.word(*ended).err
    made = loaded.told("close", loaded.mandate)
    assert loaded.told("close", loaded.mandate) == made
    read = test_papers.newest(loaded.move, papers.CERTIFICATE, "privacy@nord")
    assert read is not None
    assert read.digest == made["certificate"]
    (pdf,) = loaded.folder.glob("certificate-*.pdf")
    assert str(made["certificate"]) in pdf.name
    assert not (loaded.folder / "progress.json").exists()
    signed(loaded, Step.CLOSE, str(made["certificate"]), str(found["digest"]))
    assert loaded.move.state() is State.CLOSED
    waiting = pdf.read_bytes()
    pdf.unlink()
    again = loaded.word("close", loaded.mandate)
    assert str(made["certificate"]) in again.out
    assert "sign this digest" not in again.out
    assert pdf.read_bytes() != waiting
    assert stat.S_IMODE(pdf.stat().st_mode) == 0o600
    assert loaded.word("load", loaded.map, loaded.source).status != 0


def test_the_way_back_is_open_only_while_the_old_system_has_what_was_loaded(loaded: Laboratory) -> None:
    early = loaded.word("back", loaded.mandate, loaded.source)
    assert "once both sides are reconciled" in early.err
    found = loaded.told("reconcile", loaded.map, loaded.source)
    signed(loaded, Step.RECONCILE, str(found["digest"]), loaded.move.in_force(Step.FINISH).hex())
    before = loaded.old.results
    loaded.old.results = [*before, result("7700181", "8800903", COM=f"{CANARY}NEU")]
    loaded.old.reading().close()
    late = loaded.word("back", loaded.mandate, loaded.source)
    assert late.status == Exit.FOUND
    assert "open the loading again" in late.out
    assert loaded.move.cutting().back == ""
    loaded.old.results = before
    loaded.old.reading().close()
    register(loaded.lab, loaded.lab.sign_in("secretary@nord"))
    loaded.lab.clock.pass_(timedelta(minutes=2))  # the work beside a move is counted once a minute
    told = loaded.told("back", loaded.mandate, loaded.source)
    assert told["new"] == {"RegisterPatient": 1}
    assert all(rows["loaded"] == rows["now"] > 0 for rows in told["tables"])  # type: ignore[attr-defined]  # of JSON
    kept = (loaded.folder / "way-back.json").read_bytes()
    assert loaded.move.cutting().back == msgspec.json.decode(kept, type=WayBack).digest


def test_an_aborted_move_has_a_certificate_of_what_was_destroyed(lab: Laboratory) -> None:
    assert lab.word("profile", lab.mandate, lab.source).status == 0
    assert "have not cut over yet" in lab.word("close", lab.mandate).err
    lab.sign("abort")
    made = lab.told("close", lab.mandate)
    assert made["erased"] == 1
    assert not (lab.folder / "profile.json").exists()
    assert len([*lab.folder.glob("certificate-*")]) == 2
    assert lab.told("close", lab.mandate) == made
