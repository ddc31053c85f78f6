"""A dossier of the sample as two people see it: every old word beside what became of it."""

from datetime import date
from pathlib import Path

import pytest

from aliquot.access import door
from aliquot.access.acts import CompareDossier
from aliquot.cli.scratch import World
from aliquot.lab.content import Original
from aliquot.legacy import sampling
from aliquot.legacy.sampling import Beside
from aliquot.record import models
from aliquot.terms import ids
from aliquot.terms.errors import Broken
from aliquot.terms.kinds import Kind
from aliquot.terms.quantities import Quantity
from tests.custody.moving import Move, sampled
from tests.legacy import move as moves
from tests.legacy.move import Old
from tests.legacy.old import person, result


def loaded(lab: World, folder: Path) -> Move:
    folder.mkdir()
    rows = [result(), result(COD="GLY", UNI="g/l", VAL="0,95", COM="à jeun")]
    mover = moves.mover(lab)
    mover.load(Old(folder, [person()], rows))
    mover.migration.step("finish")
    return mover.migration


def look(move: Move) -> Beside:
    (one,) = sampled(move.lab, move.mandate)
    actor = move.lab.sign_in("director@nord")
    act = CompareDossier(ids.parse(one.patient), ids.parse(one.work))
    with door.enter(actor, act, door.intent(actor, move.lab.clock(), "HOPERAT")) as grant:
        return sampling.look(grant)


def test_each_old_word_stands_beside_what_became_of_it(lab: World, tmp_path: Path) -> None:
    beside = look(loaded(lab, tmp_path / "old"))
    sodium, glucose = beside.pairs
    assert isinstance(glucose.original, Original)
    assert (glucose.original.value, glucose.original.unit, glucose.original.comment) == ("0,95", "g/l", "à jeun")
    assert glucose.ours is not None
    assert isinstance(glucose.ours.value, Quantity)
    assert (glucose.ours.test, glucose.ours.value.ucum) == ("GLU", "g/L")
    assert sodium.ours is not None
    assert (sodium.original.test, sodium.ours.test, sodium.state) == ("NAT", "NA", "released")
    assert (beside.patient, beside.dossier) == ("17", "900")
    assert beside.first == beside.now
    assert beside.now is not None
    assert (beside.now.family.upper(), beside.now.born_on) == ("LEFÈVRE", date(1951, 11, 3))


@pytest.mark.parametrize("kind", [Kind.IMPORT, Kind.REQUISITION])
def test_a_dossier_that_is_not_whole_is_not_shown_as_one(small_lab: World, tmp_path: Path, kind: Kind) -> None:
    move = loaded(small_lab, tmp_path / "old")
    models.Version.objects.filter(kind=kind).delete()
    with pytest.raises(Broken):
        look(move)


def test_a_result_that_is_gone_leaves_its_words_alone(small_lab: World, tmp_path: Path) -> None:
    move = loaded(small_lab, tmp_path / "old")
    models.Version.objects.filter(kind=Kind.OBSERVATION).order_by("id").last().delete()  # type: ignore[union-attr]
    assert [pair.ours is None for pair in look(move).pairs] == [False, True]
