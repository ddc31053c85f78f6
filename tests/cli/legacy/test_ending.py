"""The end of a move: both sides are read again, and what was staged is erased with a certificate."""

import pytest

from aliquot.access import acts
from aliquot.cli.exits import Exit
from aliquot.custody import forms
from aliquot.custody.steps import State, Step
from tests.cli.legacy.laboratory import CANARY, Laboratory
from tests.custody import moving
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
    form = forms.StepMigration(lab.mandate, step, evidence, rests)
    first, second = moving.PEOPLE[step]
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
    signed(loaded, Step.CUT_OVER, rests=str(found["digest"]))
    made = loaded.told("close", loaded.mandate)
    assert loaded.told("close", loaded.mandate) == made
    (pdf,) = loaded.folder.glob("certificate-*.pdf")
    assert str(made["certificate"]) in pdf.name
    assert not (loaded.folder / "progress.json").exists()
    signed(loaded, Step.CLOSE, str(made["certificate"]), str(found["digest"]))
    assert loaded.move.state() is State.CLOSED
    assert loaded.word("load", loaded.map, loaded.source).status != 0
