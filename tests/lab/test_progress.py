import pytest

from aliquot.lab import progress
from aliquot.lab.progress import Row
from aliquot.terms.kinds import Kind

TUBE, OTHER_TUBE = b"tube", b"other tube"


def rows(
    *observations: tuple[bytes, str, bytes],
    orders: tuple[bytes, ...] = (b"a",),
    tube: str = "accepted",
    work: str = "open",
) -> progress.Rows:
    """A requisition with orders on one tube, and results of (order, state, tube)."""
    found = {
        b"work": Row(Kind.REQUISITION, work, ()),
        TUBE: Row(Kind.SPECIMEN, tube, (b"work",)),
    }
    for order in orders:
        found[order] = Row(Kind.ORDER, "active", (b"work",))
    for position, (order, state, of) in enumerate(observations):
        found[b"result %d" % position] = Row(Kind.OBSERVATION, state, (b"work", order, of))
    return found


@pytest.mark.parametrize(
    ("latest", "expected"),
    [
        (rows(tube="expected"), "specimen"),
        (rows(), "results"),
        (rows((b"a", "measured", TUBE)), "technical"),
        (rows((b"a", "tech-validated", TUBE)), "medical"),
        (rows((b"a", "med-validated", TUBE)), "release"),
        (rows((b"a", "ready", TUBE)), "results"),
        # The least advanced of what is in hand, and what is in hand before what is to come.
        (rows((b"a", "med-validated", TUBE), (b"b", "measured", TUBE), orders=(b"a", b"b")), "technical"),
        (rows((b"a", "med-validated", TUBE), orders=(b"a", b"b")), "release"),
        (rows((b"a", "released", TUBE), orders=(b"a", b"b")), "results"),
        # All cancelled: the report that says so, unless another tube is on its way.
        (rows((b"a", "cancelled", TUBE)), "release"),
        (rows((b"a", "cancelled", OTHER_TUBE), tube="expected"), "specimen"),
        (rows((b"a", "released", TUBE), work="closed"), "nothing"),
    ],
)
def test_a_requisition_waits_for_its_least_advanced_step(latest: progress.Rows, expected: str) -> None:
    assert progress.awaits(latest) == expected


@pytest.mark.parametrize(
    ("states", "tests", "expected"),
    [
        ((), 1, "results"),
        (("measured",), 2, "validation"),
        (("tech-validated",), 2, "results"),
        (("tech-validated", "ready"), 2, "results"),
        (("tech-validated", "released"), 2, "nothing"),
    ],
)
def test_a_tube_waits_while_something_is_to_be_done_with_it(states: tuple[str, ...], tests: int, expected: str) -> None:
    latest = rows(*((b"a", state, TUBE) for state in states), (b"a", "measured", OTHER_TUBE))
    assert progress.tube_awaits(latest, TUBE, tests) == expected
