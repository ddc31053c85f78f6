"""A full letterbox: portions are filed side by side, and nobody can tell it from what became of them."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from aliquot.access import settlement
from aliquot.custody.protocol import End, Enter, OpenLetters, Prepare, Request
from aliquot.intake import worker
from aliquot.intake.fates import Fate
from aliquot.lab.orders import Placed
from aliquot.terms.ids import Id
from aliquot.terms.quantities import Quantity
from tests.intake.test_worker import Bench, oru
from tests.intake.test_worker_trouble import cut, left
from tests.world import World

TUBES, RUNS = 3, 3
AGES = timedelta(minutes=2)


@pytest.fixture
def bench(lab: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench on each engine, where every letter is a portion of its own."""
    monkeypatch.setattr(worker, "PORTION", 1)
    made = Bench(lab)
    yield made
    made.slot.close()
    made.worker.close()


def post(bench: Bench) -> list[tuple[Id, Placed]]:
    """Tubes of which the sodium is measured again and again, one tube after the other."""
    ordered = [bench.order("NA") for _ in range(TUBES)]
    for number, (_, placed) in enumerate(ordered):
        for run in range(RUNS):
            said = ("NA2", str(140 + run), "mmol/L")
            bench.post(oru(bench, placed.tubes[0].need.accession, said, control=f"{run}-{number}"))
    return ordered


def assert_filed_in_order(bench: Bench, ordered: list[tuple[Id, Placed]]) -> None:
    """Each run was filed once, and the last one is in force."""
    for patient, placed in ordered:
        (found,) = bench.dossier(patient, placed).observations
        assert (found.version, found.content.value) == (RUNS, Quantity(Decimal(140 + RUNS - 1), "mmol/L"))
    assert left(bench) == 0


def test_messages_about_one_tube_are_filed_in_the_order_in_which_they_came(bench: Bench) -> None:
    ordered = post(bench)
    outcomes = bench.worker.letters()
    assert [outcome.fate for outcome in outcomes.values()] == [Fate.FILED] * TUBES * RUNS
    assert list(outcomes) == sorted(outcomes)
    assert_filed_in_order(bench, ordered)


def test_a_message_that_comes_twice_is_filed_once_and_kept_in_quarantine_once(bench: Bench) -> None:
    _, placed = bench.order("NA")
    for accession in (placed.tubes[0].need.accession, "999999999999"):
        said = oru(bench, accession, ("NA2", "141", "mmol/L"))
        bench.post(said)
        bench.post(said)
    fates = [outcome.fate for outcome in bench.worker.letters().values()]
    assert fates == [Fate.FILED, Fate.DUPLICATE, Fate.QUARANTINED, Fate.DUPLICATE]


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("request_", [OpenLetters, Enter, Prepare, End])
def test_a_worker_that_dies_with_both_lanes_at_work_neither_loses_nor_doubles(
    bench: Bench, request_: type[Request], *, heard: bool
) -> None:
    ordered = post(bench)
    cut(bench, request_, nth=3, heard=heard)
    for _ in range(3):
        bench.lab.clock.pass_(AGES)
        list(settlement.settle(bench.lab.worker()))
        bench.worker.letters()
    for patient, placed in ordered:
        (found,) = bench.dossier(patient, placed).observations
        assert found.version == RUNS
    assert left(bench) == 0


def test_nobody_learns_of_a_missing_letter_while_none_is_missing(bench: Bench) -> None:
    post(bench)
    bench.worker.letters()
    db = bench.lab.custodian.custodian.store.db
    assert db.execute("SELECT kind FROM notice").fetchall() == []
