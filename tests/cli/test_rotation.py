"""What doctor says of the weekly keys."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from aliquot.cli import rotation
from aliquot.cli.scratch import World
from aliquot.custody.answers import Epoch

MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
WELL = Epoch(number=9, oldest=7, began_at=MONDAY, looked_at=MONDAY, finished=True, now=MONDAY + timedelta(days=3))
MOVING = structs.replace(WELL, finished=False, now=MONDAY + timedelta(minutes=50))


def told(lab: World) -> dict[str, tuple[str, str]]:
    """State and words of each check."""
    return {check.name: (check.state, check.words) for check in rotation.epochs(lab.installation)}


def test_a_laboratory_at_work_renews_its_keys_and_doctor_says_when(small_lab: World) -> None:
    small_lab.custodian.tick()
    began = small_lab.clock()
    assert told(small_lab)["epoch file"][0] == "ok"
    assert told(small_lab)["weekly keys"] == (
        "ok",
        f"epoch 1, since {began:%Y-%m-%d}: every patient's key is in it",
    )
    small_lab.clock.pass_(timedelta(days=7))
    small_lab.custodian.tick()
    assert "patients' keys are being moved into it" in told(small_lab)["weekly keys"][1]
    small_lab.custodian.tick()
    assert f"epoch 2, since {began + timedelta(days=7):%Y-%m-%d}: every" in told(small_lab)["weekly keys"][1]


@pytest.mark.parametrize(
    ("epoch", "state", "words"),
    [
        (WELL, "ok", "every patient's key is in it"),
        (MOVING, "ok", "being moved"),
        (structs.replace(MOVING, now=MONDAY + timedelta(minutes=61)), "warning", "stood still since 2026-03-02 08:00"),
        (structs.replace(WELL, now=MONDAY + timedelta(days=8)), "ok", "every"),
        (structs.replace(WELL, now=MONDAY + timedelta(days=8, minutes=1)), "warning", "overdue"),
    ],
)
def test_an_epoch_that_is_late_or_stands_still_is_a_warning(epoch: Epoch, state: str, words: str) -> None:
    check = rotation.judged(epoch)
    assert check.state == state
    assert words in check.words
    assert bool(check.remedy) == (state == "warning")


@pytest.mark.parametrize(
    ("plant", "words"), [(lambda file: file.unlink(), "are not at"), (lambda file: file.chmod(0o640), "other users")]
)
@pytest.mark.parametrize("which", [0, 1])
def test_an_epoch_file_that_is_missing_or_open_is_a_fault(
    small_lab: World, plant: Callable[[Path], None], words: str, which: int
) -> None:
    plant(small_lab.installation.custody.epochs[which])
    state, said = told(small_lab)["epoch file"]
    assert state == "fault"
    assert words in said
    assert str(small_lab.installation.custody.epochs[which]) in said


def test_without_a_custodian_only_the_files_are_told_of(small_lab: World) -> None:
    small_lab.custodian.stop()
    assert set(told(small_lab)) == {"epoch file"}
    small_lab.custodian.start()
